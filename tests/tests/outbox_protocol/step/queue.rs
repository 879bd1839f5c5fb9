//! The queue tables: what of them a drain sees, and when nobody needs a row of them.

use crate::rules::Rule;
use crate::scenario::Scenario;
use crate::state::{Db, PAIR, Set, State, Status};

/// The rows that a new statement of a drain sees: the committed ones and its own.
pub(super) fn visible_rows(scenario: &Scenario, state: &State, drain: usize) -> Set {
    let own = |change: usize| scenario.is_inside(drain) && scenario.changes[change].writer == 0;
    let committed = scenario.visible_rows(&state.db);
    state
        .db
        .queued
        .only(|change| committed.has(change) || own(change))
}

pub(super) fn rows(scenario: &Scenario, db: &Db, queue: usize) -> Set {
    db.queued.only(|change| scenario.queue(db, change) == queue)
}

/// Another transaction than the drain's has a lock on the queue that an insert takes.
pub(super) fn is_written(scenario: &Scenario, state: &State, queue: usize, drain: usize) -> bool {
    rows(scenario, &state.db, queue).items().any(|change| {
        let own = scenario.is_inside(drain) && scenario.changes[change].writer == 0;
        !own && scenario.status(&state.db, change) == Status::Open
    })
}

/// Every row of the queue that a new statement sees has been collected, by the collector's row.
pub(super) fn is_collected(scenario: &Scenario, state: &State, queue: usize, drain: usize) -> bool {
    let session = state.drains[drain];
    let row = if session.has_collected {
        session.row
    } else {
        state.db.collector
    };
    let collected = match row.upto {
        Some(upto) if scenario.breaks(Rule::QueueCheckedByUpto) => upto,
        _ => row.done,
    };
    visible_rows(scenario, state, drain)
        .and(rows(scenario, &state.db, queue))
        .items()
        .all(|change| collected.has(scenario.txid(&state.db, change)))
}

/// A drain holds the queue's ACCESS EXCLUSIVE lock, and an insert of the writer waits.
pub(super) fn is_locked(scenario: &Scenario, state: &State, queue: usize, writer: usize) -> bool {
    (0..PAIR).any(|drain| {
        let own = scenario.is_inside(drain) && writer == 0;
        !own && state.drains[drain].locks_table(queue)
    })
}
