//! The collector: under one lock, it puts the rows of one snapshot after the other from the queues into batches.

use super::{Action, Taken, batches, has_written, queue};
use crate::invariant::{self, Violation};
use crate::rules::Rule;
use crate::scenario::Scenario;
use crate::state::{At, Collector, Db, Drain, Set, State};

pub(super) fn steps(scenario: &Scenario, state: &State, drain: usize, taken: &mut Vec<Taken>) {
    let session = state.drains[drain];
    let free = is_free(scenario, state, drain);
    let begins = matches!(session.at, At::Idle | At::Between) && may_begin(scenario, state, drain);
    let mut next = *state;
    let step = &mut next.drains[drain];
    match session.at {
        At::Idle | At::Between if begins && sees_first(scenario) => {
            step.at = At::CollectorSeen;
            step.row = state.db.collector;
            step.snapshot = state.db.snapshot();
            taken.push((Action::SeeCollector { drain }, Ok(next)));
        }
        At::Idle | At::Between if begins && free => {
            lock(step, state.db.collector);
            taken.push((Action::LockCollector { drain }, Ok(next)));
        }
        At::CollectorSeen if free => {
            // FOR UPDATE returns the newest version of the row that it locks.
            let row = if scenario.breaks(Rule::CollectorReadBeforeLock) {
                session.row
            } else {
                state.db.collector
            };
            lock(step, row);
            taken.push((Action::LockCollector { drain }, Ok(next)));
        }
        At::CollectorLocked => {
            step.at = At::UptoKnown;
            let snapshot = snapshot(scenario, state, drain);
            if scenario.breaks(Rule::UptoTakenAnew) {
                step.row.upto = None;
            }
            if step.row.upto.is_none() {
                let goal = step.row.goal.unwrap_or(snapshot);
                let visible = queue::visible_rows(scenario, state, drain);
                let left = left_of(scenario, &state.db, step.row, goal, visible);
                step.row.upto = Some(goal.minus(left));
                step.row.goal = Some(goal).filter(|_| !left.is_empty());
            }
            taken.push((Action::FixUpto { drain }, Ok(next)));
        }
        At::UptoKnown if !batches::are_locked(state, drain) => {
            let (row, collected) = collect(scenario, state, drain);
            step.at = At::Between;
            step.row = row;
            step.collected = collected;
            step.has_collected = true;
            taken.push((Action::Collect { drain }, Ok(next)));
        }
        _ => {}
    }
}

/// A transaction that has written events does not collect: it would keep the lock.
fn may_begin(scenario: &Scenario, state: &State, drain: usize) -> bool {
    let session = state.drains[drain];
    scenario.duties[drain].collects
        && !session.has_collected
        && session.truncated.is_empty()
        && (!has_written(scenario, state, drain) || scenario.breaks(Rule::WriterCollects))
}

fn sees_first(scenario: &Scenario) -> bool {
    scenario.breaks(Rule::CollectorReadBeforeLock) || scenario.breaks(Rule::UptoTakenWithLock)
}

/// No other drain has the collector's row.
pub(super) fn is_free(scenario: &Scenario, state: &State, drain: usize) -> bool {
    scenario.breaks(Rule::CollectorNotLocked) || !state.drains[1 - drain].locks_collector
}

fn lock(session: &mut Drain, row: Collector) {
    session.at = At::CollectorLocked;
    session.locks_collector = true;
    session.row = row;
}

/// A snapshot to collect by. The transaction that collects is open in it: inside of a writer it may still write events.
fn snapshot(scenario: &Scenario, state: &State, drain: usize) -> Set {
    if scenario.breaks(Rule::UptoTakenWithLock) {
        state.drains[drain].snapshot
    } else if scenario.is_inside(drain) && scenario.breaks(Rule::OwnIsCommitted) {
        let own = usize::from(state.db.writers[0].txid);
        state.db.snapshot().with(own)
    } else {
        state.db.snapshot()
    }
}

/// The transactions between `done` and the goal that are left to later collections. By the last order keys: where two have
/// changed one key, all keys of the first are before the second's change of it.
fn left_of(scenario: &Scenario, db: &Db, row: Collector, goal: Set, visible: Set) -> Set {
    let waits = |txid: &usize| goal.has(*txid) && !row.done.has(*txid);
    let txids: Set = visible
        .items()
        .map(|change| scenario.txid(db, change))
        .filter(waits)
        .collect();
    let mut taken: Vec<usize> = txids.items().collect();
    taken.sort_by_key(|txid| {
        let of_txid = visible.only(|change| scenario.txid(db, change) == *txid);
        let keys = of_txid.items().map(|change| db.order_key[change]);
        if scenario.breaks(Rule::TakenByTxid) {
            None
        } else if scenario.breaks(Rule::TakenByFirstOrderKey) {
            keys.min()
        } else {
            keys.max()
        }
    });
    taken.truncate(scenario.step_writers);
    txids.minus(taken.into_iter().collect())
}

/// The collector's row and the collected changes after one step.
fn collect(scenario: &Scenario, state: &State, drain: usize) -> (Collector, Set) {
    let db = &state.db;
    let mut row = state.drains[drain].row;
    let visible = queue::visible_rows(scenario, state, drain);
    let left = of_window(scenario, db, row, visible);
    let keys: Set = left.items().map(|change| scenario.key(change)).collect();
    let of_step: Set = keys.items().take(scenario.step_keys).collect();
    let collected = left.only(|change| of_step.has(scenario.key(change)));
    if keys.minus(of_step).is_empty() {
        row.done = row.upto.expect("upto is known before the collection");
        if scenario.breaks(Rule::DoneIsNewer) {
            row.done = db.snapshot();
        }
        row.upto = None;
        row.next_key = 0;
    } else {
        let last = of_step.items().last().expect("a step takes keys");
        row.next_key = u8::try_from(last + 1).expect("there are few keys");
    }
    (row, collected)
}

/// The rows of the window between `done` and `upto` whose keys the collection has not reached.
fn of_window(scenario: &Scenario, db: &Db, row: Collector, visible: Set) -> Set {
    let upto = row.upto.expect("upto is known before the collection");
    let last_collected = (0..scenario.changes.len())
        .filter(|change| db.number[*change] != 0)
        .map(|change| db.order_key[change])
        .max();
    visible.only(|change| {
        let txid = scenario.txid(db, change);
        let is_new = if scenario.breaks(Rule::MembershipByOrderKey) {
            Some(db.order_key[change]) > last_collected
        } else {
            !row.done.has(txid)
        };
        upto.has(txid) && is_new && scenario.key(change) >= usize::from(row.next_key)
    })
}

/// The number that an event of a drain's collection gets, and the place of its batch.
pub(super) struct Numbered {
    pub(super) change: usize,
    pub(super) number: u8,
    pub(super) place: u8,
}

/// What a drain has collected, and the last number that the sequence has given.
pub(super) fn numbers(scenario: &Scenario, state: &State, drain: usize) -> (Vec<Numbered>, u8) {
    let db = &state.db;
    let mut sorted: Vec<usize> = state.drains[drain].collected.items().collect();
    sorted.sort_by_key(|&change| {
        let first = if scenario.breaks(Rule::OrderByTxid) {
            scenario.txid(db, change)
        } else if scenario.breaks(Rule::QueuesApart) {
            scenario.queue(db, change)
        } else {
            0
        };
        (first, db.order_key[change])
    });
    let mut last = if scenario.breaks(Rule::NumbersLookedUp) {
        let batched = db.batched().items().map(|change| db.number[change]);
        batched.max().unwrap_or(0)
    } else {
        db.sequence
    };
    let mut numbered: Vec<Numbered> = Vec::new();
    for change in sorted {
        last += 1;
        let place = batches::open_place(scenario, &numbered, change).unwrap_or(last);
        numbered.push(Numbered {
            change,
            number: last,
            place,
        });
    }
    (numbered, last)
}

pub(super) fn apply(scenario: &Scenario, state: &mut State, drain: usize) -> Result<(), Violation> {
    let session = state.drains[drain];
    if !session.has_collected {
        return Ok(());
    }
    let (numbered, last) = numbers(scenario, state, drain);
    state.db.collector = session.row;
    state.db.sequence = last;
    for event in numbered {
        if state.db.number[event.change] != 0 {
            return Err(Violation::TwoNumbers);
        }
        state.db.number[event.change] = event.number;
        state.db.place[event.change] = event.place;
        state.db.batch_is_used = true;
        invariant::numbered(scenario, state, event.change)?;
    }
    Ok(())
}

pub(super) fn has_work(scenario: &Scenario, db: &Db) -> bool {
    let row = db.collector;
    let upto = row.upto.or(row.goal).or(Some(db.snapshot()));
    let rows = scenario.visible_rows(db);
    row.upto.is_some() || !of_window(scenario, db, Collector { upto, ..row }, rows).is_empty()
}
