//! A lane's call: under the lane's lock, the next events go to the relay, and what it answers is settled.

use super::{Action, Taken, collector, outbox};
use crate::invariant::{self, Violation};
use crate::rules::Rule;
use crate::scenario::Scenario;
use crate::state::{At, Db, Drain, Lane, PAIR, Set, State};

pub(super) fn steps(scenario: &Scenario, state: &State, drain: usize, taken: &mut Vec<Taken>) {
    let session = state.drains[drain];
    let lane = usize::from(session.target);
    let may_begin = session.at == At::Idle || session.at == At::Copied && scenario.is_inside(drain);
    if may_begin && scenario.duties[drain].sends {
        // A lane without work is left out: its call would change nothing.
        let own = |lane: usize| {
            let copied = state.drains[drain].copied;
            scenario.breaks(Rule::LaneReadsOwnCopies)
                && copied.items().any(|change| scenario.lane(change) == lane)
        };
        for lane in (0..PAIR).filter(|lane| has_work(scenario, &state.db, *lane) || own(*lane)) {
            begin(scenario, state, drain, lane, taken);
        }
    }
    let mut next = *state;
    match session.at {
        At::LaneSeen if is_free(scenario, state, drain, lane) => {
            if scenario.breaks(Rule::LaneEventsReadWithLock) {
                // FOR UPDATE returns the newest version of the row that it locks, and of no other row.
                next.drains[drain].lane = state.db.lanes[lane];
            }
            choose_events(scenario, &mut next, drain);
            next.drains[drain].at = At::LaneRead;
            taken.push((Action::LockLane { drain, lane }, Ok(next)));
        }
        At::LaneLocked if scenario.scan_apart => {
            take_snapshot(scenario, &mut next, drain);
            next.drains[drain].at = At::LaneSnapshot;
            taken.push((Action::SnapshotLane { drain }, Ok(next)));
        }
        At::LaneLocked if !outbox::is_locked(state) => {
            take_snapshot(scenario, &mut next, drain);
            choose_events(scenario, &mut next, drain);
            next.drains[drain].at = At::LaneRead;
            taken.push((Action::ReadLane { drain }, Ok(next)));
        }
        At::LaneSnapshot if !outbox::is_locked(state) => {
            // TRUNCATE does not wait for older snapshots: they see an empty table.
            next.drains[drain].seen = session.seen.and(state.db.events());
            choose_events(scenario, &mut next, drain);
            next.drains[drain].at = At::LaneRead;
            taken.push((Action::ReadLane { drain }, Ok(next)));
        }
        At::LaneRead => call(scenario, state, drain, taken),
        _ => {}
    }
}

fn begin(scenario: &Scenario, state: &State, drain: usize, lane: usize, taken: &mut Vec<Taken>) {
    let mut next = *state;
    next.drains[drain].target = u8::try_from(lane).expect("there are two lanes");
    if scenario.breaks(Rule::LaneReadWithLock) || scenario.breaks(Rule::LaneEventsReadWithLock) {
        take_snapshot(scenario, &mut next, drain);
        next.drains[drain].at = At::LaneSeen;
        taken.push((Action::SeeLane { drain, lane }, Ok(next)));
    } else if is_free(scenario, state, drain, lane) {
        next.drains[drain].at = At::LaneLocked;
        taken.push((Action::LockLane { drain, lane }, Ok(next)));
    }
}

/// No other drain has the lane's row.
fn is_free(scenario: &Scenario, state: &State, drain: usize, lane: usize) -> bool {
    let other = state.drains[1 - drain];
    let locks = matches!(
        other.at,
        At::LaneLocked | At::LaneSnapshot | At::LaneRead | At::Called
    );
    !(locks && usize::from(other.target) == lane) || scenario.breaks(Rule::LaneNotLocked)
}

/// The statement's snapshot: the lane's row, its events, and the last number that any event had by then.
fn take_snapshot(scenario: &Scenario, state: &mut State, drain: usize) {
    let db = &state.db;
    let session = &mut state.drains[drain];
    let mut events = db.events();
    if scenario.breaks(Rule::LaneReadsOwnCopies) {
        events = events.or(session.copied);
    }
    session.lane = db.lanes[usize::from(session.target)];
    session.seen = events.only(|change| scenario.lane(change) == usize::from(session.target));
    session.top = db.collector.last;
    session.held = db
        .held
        .only(|change| scenario.lane(change) == usize::from(session.target));
    session.paused = db.paused;
}

/// The events to send, and the events to hold.
fn choose_events(scenario: &Scenario, state: &mut State, drain: usize) {
    let number = own_numbers(scenario, state, drain);
    let session = state.drains[drain];
    let sorted = |events: Set| {
        let mut sorted: Vec<usize> = events.items().collect();
        sorted.sort_by_key(|change| number[*change]);
        sorted
    };
    let resumed = session
        .held
        .only(|change| !session.paused.has(scenario.table(change)));
    let from_held: Set = sorted(resumed)
        .into_iter()
        .take(scenario.call_limit)
        .collect();
    let still_held = session.held.minus(from_held);
    let unsettled =
        |change: usize| number[change] > session.lane.pointer && !session.lane.settled.has(change);
    let events: Set = sorted(session.seen.only(unsettled))
        .into_iter()
        .take(scenario.call_limit)
        .collect();
    let hold = events.only(|change| {
        let table = scenario.table(change);
        let waits = still_held
            .items()
            .any(|other| scenario.table(other) == table);
        session.paused.has(table) || waits && !scenario.breaks(Rule::HeldOvertaken)
    });
    let step = &mut state.drains[drain];
    step.hold = hold;
    step.batch = from_held.or(events.minus(hold));
    step.held = Set::EMPTY;
    step.paused = Set::EMPTY;
}

/// The numbers as the drain's transaction sees them: those of its own copies are not committed.
fn own_numbers(scenario: &Scenario, state: &State, drain: usize) -> [u8; crate::state::CHANGES] {
    let mut number = state.db.number;
    if scenario.breaks(Rule::LaneReadsOwnCopies) {
        for (change, own) in collector::numbers(scenario, state, drain).0 {
            number[change] = own;
        }
    }
    number
}

/// Gives the events to the relay, which answers in each way that it may.
fn call(scenario: &Scenario, state: &State, drain: usize, taken: &mut Vec<Taken>) {
    let session = state.drains[drain];
    let mut number = own_numbers(scenario, state, drain);
    let mut sorted: Vec<usize> = session.batch.items().collect();
    sorted.sort_by_key(|change| number[*change]);
    let mut given = *state;
    for &change in &sorted {
        if scenario.breaks(Rule::NumberAtCall) {
            given.next_call_number += 1;
            number[change] = given.next_call_number;
        }
        if let Err(violation) = invariant::sent(scenario, &mut given, change, number[change]) {
            let nothing = Action::Call {
                drain,
                accepted: Set::EMPTY,
                refused: Set::EMPTY,
            };
            taken.push((nothing, Err(violation)));
            return;
        }
    }
    for (accepted, refused) in answers(scenario, &sorted) {
        let mut next = given;
        let step = &mut next.drains[drain];
        step.at = At::Called;
        step.accepted = accepted;
        step.refused = refused;
        let mut written = sorted.iter().filter(|change| accepted.has(**change));
        let result = written
            .try_for_each(|change| invariant::written(scenario, &mut next, *change))
            .map(|()| next);
        taken.push((
            Action::Call {
                drain,
                accepted,
                refused,
            },
            result,
        ));
    }
    if scenario.late_calls
        && state.late.is_empty()
        && !session.batch.is_empty()
        && !scenario.is_inside(drain)
    {
        let mut next = given;
        next.late = session.batch;
        next.drains[drain] = Drain::default();
        taken.push((Action::AbandonCall { drain }, Ok(next)));
    }
}

/// All answers that the relay may give, as accepted and refused events. The first one settles the most.
///
/// No answer is an answer and a crash of the drain.
fn answers(scenario: &Scenario, sorted: &[usize]) -> Vec<(Set, Set)> {
    let mut answers = vec![(Set::EMPTY, Set::EMPTY)];
    for (place, &change) in sorted.iter().enumerate() {
        let before: Set = sorted[..place]
            .iter()
            .copied()
            .filter(|other| scenario.key(*other) == scenario.key(change))
            .collect();
        let mut longer = Vec::new();
        for (accepted, refused) in answers {
            let passes = if scenario.breaks(Rule::WrittenBehindRefused) {
                accepted.or(refused)
            } else {
                accepted
            };
            let refusable = scenario.refusable.has(change);
            if before.minus(passes).is_empty() {
                if !refusable || scenario.refusal_changes {
                    longer.push((accepted.with(change), refused));
                }
                if refusable {
                    longer.push((accepted, refused.with(change)));
                }
                if scenario.opens {
                    longer.push((accepted, refused));
                }
            } else {
                longer.push((accepted, refused));
            }
        }
        answers = longer;
    }
    answers
}

pub(super) fn apply(scenario: &Scenario, state: &mut State, drain: usize) -> Result<(), Violation> {
    let session = state.drains[drain];
    if session.at != At::Called {
        return Ok(());
    }
    let db = &mut state.db;
    let sent = session.accepted.or(session.refused);
    let settled = session.lane.settled.or(sent).or(session.hold);
    let pointer = moved_pointer(scenario, db, &session, settled);
    let row = &mut db.lanes[usize::from(session.target)];
    if pointer < row.pointer {
        return Err(Violation::PointerBack);
    }
    let number = db.number;
    *row = Lane {
        pointer,
        settled: settled.only(|change| number[change] > pointer),
    };
    db.held = db.held.or(session.hold).minus(sent);
    db.dead_letters = db.dead_letters.or(session.refused);
    Ok(())
}

fn moved_pointer(scenario: &Scenario, db: &Db, session: &Drain, settled: Set) -> u8 {
    let behind = db.by_number(
        session
            .seen
            .only(|change| db.number[change] > session.lane.pointer),
    );
    let first_open = behind.iter().find(|change| !settled.has(**change));
    let settled_before = behind
        .iter()
        .take_while(|change| settled.has(**change))
        .last();
    let own = settled_before.map_or(session.lane.pointer, |change| db.number[*change]);
    if scenario.breaks(Rule::PointerOverOwnEventsOnly) {
        return own;
    }
    if scenario.breaks(Rule::PointerOverOpen) {
        let last = behind.iter().rfind(|change| settled.has(**change));
        return last.map_or(session.lane.pointer, |change| db.number[*change]);
    }
    let top = if scenario.breaks(Rule::PointerByNewerSnapshot) {
        db.collector.last
    } else {
        session.top
    };
    if first_open.is_some() {
        own
    } else {
        own.max(top)
    }
}

pub(super) fn has_work(scenario: &Scenario, db: &Db, lane: usize) -> bool {
    let row = db.lanes[lane];
    let in_lane = |change: usize| scenario.lane(change) == lane;
    let unsettled = |change: usize| {
        in_lane(change) && db.number[change] > row.pointer && !row.settled.has(change)
    };
    let resumed = |change: usize| in_lane(change) && !db.paused.has(scenario.table(change));
    let trails =
        row.pointer < db.collector.last && !scenario.breaks(Rule::PointerOverOwnEventsOnly);
    let exists = scenario.all_changes().items().any(in_lane);
    let trails = trails && scenario.outbox_rotates && (exists || scenario.lane.contains(&lane));
    trails || db.events().items().any(unsettled) || db.held.items().any(resumed)
}
