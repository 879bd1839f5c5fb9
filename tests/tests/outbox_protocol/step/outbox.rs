//! Rotation of the outbox: the table that is not written to is truncated when every lane is past it.

use super::{Action, Taken, collector};
use crate::invariant::{self, Violation};
use crate::rules::Rule;
use crate::scenario::Scenario;
use crate::state::{At, Db, Drain, State};

pub(super) fn steps(scenario: &Scenario, state: &State, drain: usize, taken: &mut Vec<Taken>) {
    let session = state.drains[drain];
    let mut next = *state;
    match session.at {
        At::Idle
            if scenario.duties[drain].truncates_outbox
                && collector::is_free(scenario, state, drain) =>
        {
            next.drains[drain] = Drain {
                at: At::OutboxChosen,
                collects: true,
                ..Drain::default()
            };
            taken.push((Action::ChooseOutbox { drain }, Ok(next)));
        }
        At::OutboxChosen if scenario.breaks(Rule::PointersBeforeLock) => {
            let session = Drain {
                at: At::OutboxChecked,
                ..session
            };
            next.drains[drain] = if is_passed(scenario, &state.db) {
                session
            } else {
                Drain::default()
            };
            taken.push((Action::ReadPointers { drain }, Ok(next)));
        }
        At::OutboxChosen | At::OutboxChecked => {
            let read = matches!(state.drains[1 - drain].at, At::LaneRead | At::Called);
            let at = if session.at == At::OutboxChecked {
                At::OutboxChecked
            } else {
                At::OutboxLocked
            };
            next.drains[drain] = if read {
                Drain::default()
            } else {
                Drain { at, ..session }
            };
            let result = if read || at == At::OutboxLocked {
                Ok(next)
            } else {
                truncated(next, drain)
            };
            taken.push((Action::LockOutbox { drain }, result));
        }
        At::OutboxLocked => {
            let result = if is_passed(scenario, &state.db) {
                truncated(next, drain)
            } else {
                next.drains[drain] = Drain::default();
                Ok(next)
            };
            taken.push((Action::TruncateOutbox { drain }, result));
        }
        _ => {}
    }
}

/// Every lane's pointer is at or behind the last event of the table that is not written to.
fn is_passed(scenario: &Scenario, db: &Db) -> bool {
    let events = db.outbox[usize::from(1 - db.collector.current)];
    let last = events
        .items()
        .map(|change| db.number[change])
        .max()
        .unwrap_or(0);
    if scenario.breaks(Rule::OutboxBySettled) {
        let settled = |change| db.lanes[scenario.lane(change)].settled.has(change);
        let passed = |change| db.lanes[scenario.lane(change)].pointer >= db.number[change];
        return events
            .items()
            .filter(|change| db.number[*change] == last)
            .all(|change| settled(change) || passed(change));
    }
    (0..db.lanes.len())
        .filter(|lane| scenario.lane.contains(lane))
        .all(|lane| db.lanes[lane].pointer >= last)
}

fn truncated(mut state: State, drain: usize) -> Result<State, Violation> {
    let table = usize::from(1 - state.db.collector.current);
    invariant::outbox_truncated(&state, state.db.outbox[table])?;
    state.db.outbox[table] = crate::state::Set::EMPTY;
    state.drains[drain] = Drain::default();
    Ok(state)
}

/// A drain holds the ACCESS EXCLUSIVE lock, and a lane's scan waits.
pub(super) fn is_locked(state: &State) -> bool {
    state
        .drains
        .iter()
        .any(|session| session.at == At::OutboxLocked)
}

pub(super) fn has_work(scenario: &Scenario, db: &Db) -> bool {
    !db.outbox[usize::from(1 - db.collector.current)].is_empty() && is_passed(scenario, db)
}
