//! Truncation of a queue table: nobody may be writing into it, and each of its rows must have been copied.

use super::{Action, Taken, collector, drain_snapshot, rows_in};
use crate::invariant::{self, Violation};
use crate::rules::Rule;
use crate::scenario::Scenario;
use crate::state::{At, Db, Drain, PAIR, Set, State, Status};

pub(super) fn steps(scenario: &Scenario, state: &State, drain: usize, taken: &mut Vec<Taken>) {
    let session = state.drains[drain];
    let queue = usize::from(session.target);
    let mut next = *state;
    match session.at {
        At::Idle if scenario.duties[drain].truncates_queues && may_truncate(scenario, drain) => {
            let takes_lock = !scenario.breaks(Rule::TruncationWithoutCollectorLock);
            if takes_lock && !collector::is_free(scenario, state, drain) {
                return;
            }
            for queue in 0..PAIR {
                let mut next = *state;
                let target = u8::try_from(queue).expect("there are two queues");
                next.drains[drain] = Drain {
                    at: At::QueueChosen,
                    target,
                    collects: takes_lock,
                    ..Drain::default()
                };
                taken.push((Action::ChooseQueue { drain, queue }, Ok(next)));
            }
        }
        At::QueueChosen if scenario.breaks(Rule::QueueNotLocked) => {
            let passes = is_copied(
                scenario,
                state,
                drain,
                drain_snapshot(scenario, state, drain),
            );
            next.drains[drain] = if passes {
                Drain {
                    at: At::QueueChecked,
                    ..session
                }
            } else {
                Drain::default()
            };
            taken.push((Action::CheckQueue { drain }, Ok(next)));
        }
        // TRUNCATE waits for open writers.
        At::QueueChecked
            if scenario.breaks(Rule::QueueNotLocked)
                && is_written(scenario, state, queue, drain) => {}
        At::QueueChecked if scenario.breaks(Rule::QueueNotLocked) => {
            taken.push((
                Action::TruncateQueue { drain },
                truncated(scenario, *state, drain),
            ));
        }
        At::QueueChosen if scenario.breaks(Rule::QueueCheckedBeforeLock) => {
            next.drains[drain].at = At::QueueChecked;
            next.drains[drain].seen = drain_snapshot(scenario, state, drain);
            taken.push((Action::CheckQueue { drain }, Ok(next)));
        }
        At::QueueChosen | At::QueueChecked => {
            let session = Drain {
                at: At::QueueLocked,
                ..session
            };
            next.drains[drain] = if is_written(scenario, state, queue, drain) {
                Drain::default()
            } else {
                session
            };
            taken.push((Action::LockQueue { drain }, Ok(next)));
        }
        At::QueueLocked => {
            let early = scenario.breaks(Rule::QueueCheckedBeforeLock);
            let snapshot = if early {
                session.seen
            } else {
                drain_snapshot(scenario, state, drain)
            };
            let passes = is_copied(scenario, state, drain, snapshot);
            let result = if passes && scenario.is_inside(drain) {
                next.drains[drain].at = At::QueueTruncated;
                Ok(next)
            } else if passes {
                truncated(scenario, *state, drain)
            } else {
                next.drains[drain] = Drain::default();
                Ok(next)
            };
            taken.push((Action::TruncateQueue { drain }, result));
        }
        _ => {}
    }
}

/// A drain that runs inside of a writer's transaction must not: its lock would stay, and its snapshot may be an old one.
fn may_truncate(scenario: &Scenario, drain: usize) -> bool {
    !scenario.is_inside(drain) || scenario.breaks(Rule::WriterTruncates)
}

/// Another transaction than the drain's has a lock on the queue that an insert takes.
fn is_written(scenario: &Scenario, state: &State, queue: usize, drain: usize) -> bool {
    let db = &state.db;
    db.queued.items().any(|change| {
        let own = scenario.is_inside(drain) && scenario.changes[change].writer == 0;
        !own && scenario.status(db, change) == Status::Open && scenario.queue(db, change) == queue
    })
}

/// Every row of the queue in the snapshot has been copied, by the collector's row.
fn is_copied(scenario: &Scenario, state: &State, drain: usize, snapshot: Set) -> bool {
    let db = &state.db;
    let queue = usize::from(state.drains[drain].target);
    let rows =
        rows_in(scenario, db, drain, snapshot).only(|change| scenario.queue(db, change) == queue);
    rows.items()
        .all(|change| db.collector.done.has(scenario.txid(db, change)))
}

fn truncated(scenario: &Scenario, mut state: State, drain: usize) -> Result<State, Violation> {
    state.drains[drain].at = At::QueueTruncated;
    super::commit_drain(scenario, state, drain)
}

pub(super) fn apply(scenario: &Scenario, state: &mut State, drain: usize) -> Result<(), Violation> {
    let session = state.drains[drain];
    if session.at != At::QueueTruncated {
        return Ok(());
    }
    let db = &state.db;
    let rows = db
        .queued
        .only(|change| scenario.queue(db, change) == usize::from(session.target));
    invariant::queue_truncated(scenario, state, rows)?;
    state.db.queued = state.db.queued.minus(rows);
    Ok(())
}

/// A drain holds the queue's ACCESS EXCLUSIVE lock, and an insert of the writer waits.
pub(super) fn is_locked(scenario: &Scenario, state: &State, queue: usize, writer: usize) -> bool {
    (0..PAIR).any(|drain| {
        let session = state.drains[drain];
        let own = scenario.is_inside(drain) && writer == 0;
        let locked = matches!(session.at, At::QueueLocked | At::QueueTruncated);
        !own && locked && usize::from(session.target) == queue
    })
}

pub(super) fn has_work(scenario: &Scenario, db: &Db, queue: usize) -> bool {
    let rows = db.queued.only(|change| scenario.queue(db, change) == queue);
    !rows.is_empty()
        && rows
            .items()
            .all(|change| db.collector.done.has(scenario.txid(db, change)))
}
