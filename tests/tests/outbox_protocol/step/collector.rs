//! The collector: under one lock, it copies the rows of one snapshot after the other from the queues into the outbox.

use super::{Action, Taken, drain_rows, drain_snapshot, reads_old_snapshot, writer};
use crate::invariant::{self, Violation};
use crate::rules::Rule;
use crate::scenario::Scenario;
use crate::state::{At, Collector, Db, Set, State};

pub(super) fn steps(scenario: &Scenario, state: &State, drain: usize, taken: &mut Vec<Taken>) {
    let session = state.drains[drain];
    let free = is_free(scenario, state, drain);
    let mut next = *state;
    let step = &mut next.drains[drain];
    match session.at {
        At::Idle if scenario.duties[drain].collects && sees_first(scenario) => {
            step.at = At::CollectorSeen;
            step.row = state.db.collector;
            step.seen = state.db.snapshot();
            taken.push((Action::SeeCollector { drain }, Ok(next)));
        }
        At::Idle if scenario.duties[drain].collects && free => {
            // PostgreSQL refuses to lock a row that has changed since the transaction's snapshot.
            if reads_old_snapshot(scenario, drain) && state.old_snapshot.row != state.db.collector {
                taken.push((
                    Action::LockCollector { drain },
                    Ok(writer::rolled_back(scenario, *state, 0)),
                ));
                return;
            }
            step.at = At::CollectorLocked;
            step.collects = true;
            taken.push((Action::LockCollector { drain }, Ok(next)));
        }
        At::CollectorSeen if free => {
            step.at = At::CollectorLocked;
            step.collects = true;
            taken.push((Action::LockCollector { drain }, Ok(next)));
        }
        At::CollectorLocked => {
            step.at = At::UptoKnown;
            if !scenario.breaks(Rule::CollectorReadWithLock) {
                step.row = state.db.collector;
            }
            let mut snapshot = drain_snapshot(scenario, state, drain);
            if scenario.breaks(Rule::UptoTakenWithLock) {
                snapshot = session.seen;
            }
            let own = scenario.breaks(Rule::OwnIsCommitted)
                || scenario.breaks(Rule::OwnLeftOutOfCopyOnly);
            if scenario.is_inside(drain) && own {
                snapshot = snapshot.with(usize::from(state.db.writers[0].txid));
            }
            step.row.upto.get_or_insert(snapshot);
            taken.push((Action::FixUpto { drain }, Ok(next)));
        }
        At::UptoKnown => {
            let (row, copied) = copy(scenario, state, drain);
            step.at = At::Copied;
            step.row = row;
            step.copied = copied;
            step.has_copied = true;
            taken.push((Action::Copy { drain }, Ok(next)));
        }
        _ => {}
    }
}

fn sees_first(scenario: &Scenario) -> bool {
    scenario.breaks(Rule::CollectorReadWithLock) || scenario.breaks(Rule::UptoTakenWithLock)
}

/// No other drain has the collector's row.
pub(super) fn is_free(scenario: &Scenario, state: &State, drain: usize) -> bool {
    scenario.breaks(Rule::CollectorNotLocked) || !state.drains[1 - drain].collects
}

/// The collector's row and the copied changes after one step.
fn copy(scenario: &Scenario, state: &State, drain: usize) -> (Collector, Set) {
    let db = &state.db;
    let mut row = state.drains[drain].row;
    let mut visible = drain_rows(scenario, state, drain);
    if scenario.breaks(Rule::OwnLeftOutOfCopyOnly) && scenario.is_inside(drain) {
        visible = visible.minus(scenario.of_writer(0).collect());
    }
    let left = of_tick(scenario, db, row, visible);
    let step = first_rows(scenario, db, &left);
    if let Some(last) = step.last() {
        row.after = db.order_key[*last];
    }
    if step.len() == left.len() {
        row.done = row.upto.expect("upto is known before the copy");
        if scenario.breaks(Rule::DoneIsNewer) {
            row.done = drain_snapshot(scenario, state, drain);
        }
        row.upto = None;
        if !scenario.breaks(Rule::MembershipByOrderKey) {
            row.after = 0;
        }
    }
    if scenario.breaks(Rule::LastNumberFromOutbox) {
        row.last = db
            .events()
            .items()
            .map(|change| db.number[change])
            .max()
            .unwrap_or(0);
    }
    let [current, other] =
        [row.current, 1 - row.current].map(|table| db.outbox[usize::from(table)]);
    if scenario.outbox_rotates && !current.is_empty() && other.is_empty() {
        row.current = 1 - row.current;
    }
    (row, step.into_iter().collect())
}

/// The rows of the tick that have not been copied, in order.
fn of_tick(scenario: &Scenario, db: &Db, row: Collector, visible: Set) -> Vec<usize> {
    let upto = row.upto.expect("upto is known before the copy");
    let by_txid = |change: usize| {
        let txid = scenario.txid(db, change);
        upto.has(txid) && (scenario.breaks(Rule::MembershipByOrderKey) || !row.done.has(txid))
    };
    let mut rows: Vec<usize> = visible
        .items()
        .filter(|change| by_txid(*change) && db.order_key[*change] > row.after)
        .collect();
    rows.sort_by_key(|&change| {
        let first = if scenario.breaks(Rule::OrderByTxid) {
            scenario.txid(db, change)
        } else if scenario.breaks(Rule::QueuesApart) {
            scenario.queue(db, change)
        } else {
            0
        };
        (first, db.order_key[change])
    });
    rows
}

/// The rows of one step: N, and those that share the order key of the last one.
fn first_rows(scenario: &Scenario, db: &Db, left: &[usize]) -> Vec<usize> {
    let mut length = scenario.step_limit.min(left.len());
    let tied = |length: usize| db.order_key[left[length]] == db.order_key[left[length - 1]];
    while !scenario.breaks(Rule::TiesCut) && length < left.len() && tied(length) {
        length += 1;
    }
    left[..length].to_vec()
}

/// The numbers of what a drain has copied, and the last one.
pub(super) fn numbers(scenario: &Scenario, state: &State, drain: usize) -> (Vec<(usize, u8)>, u8) {
    let session = state.drains[drain];
    let mut last = session.row.last;
    let mut sorted: Vec<usize> = session.copied.items().collect();
    sorted.sort_by_key(|&change| {
        let txid = if scenario.breaks(Rule::OrderByTxid) {
            scenario.txid(&state.db, change)
        } else {
            0
        };
        let queue = if scenario.breaks(Rule::QueuesApart) {
            scenario.queue(&state.db, change)
        } else {
            0
        };
        (txid, queue, state.db.order_key[change])
    });
    let numbered = sorted.into_iter().map(|change| {
        last = (last + 1).max(state.db.order_key[change]);
        (change, last)
    });
    let numbered = numbered.collect();
    (numbered, last)
}

pub(super) fn apply(scenario: &Scenario, state: &mut State, drain: usize) -> Result<(), Violation> {
    let session = state.drains[drain];
    if !session.has_copied {
        return Ok(());
    }
    let (numbered, last) = numbers(scenario, state, drain);
    state.db.collector = session.row;
    state.db.collector.last = last;
    for (change, number) in numbered {
        if state.db.number[change] != 0 {
            return Err(Violation::TwoNumbers);
        }
        state.db.number[change] = number;
        invariant::numbered(scenario, state, change)?;
        let table = &mut state.db.outbox[usize::from(session.row.current)];
        *table = table.with(change);
    }
    Ok(())
}

pub(super) fn has_work(scenario: &Scenario, db: &Db) -> bool {
    let row = db.collector;
    let upto = Some(row.upto.unwrap_or(db.snapshot()));
    row.upto.is_some()
        || !of_tick(
            scenario,
            db,
            Collector { upto, ..row },
            scenario.visible_rows(db),
        )
        .is_empty()
}
