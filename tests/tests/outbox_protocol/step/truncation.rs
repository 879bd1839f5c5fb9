//! Truncation of a queue or of the table of batches: nobody may be at it, and nobody may need a row of it.

use super::{Action, Taken, batches, collector, has_written, queue};
use crate::invariant::{self, Violation};
use crate::rules::Rule;
use crate::scenario::Scenario;
use crate::state::{At, Db, Drain, State};

pub(super) fn steps(scenario: &Scenario, state: &State, drain: usize, taken: &mut Vec<Taken>) {
    let session = state.drains[drain];
    let table = usize::from(session.table);
    let mut next = *state;
    match session.at {
        At::Idle | At::Between => {
            for table in 0..=batches::TABLE {
                choose(scenario, state, drain, table, taken);
            }
        }
        At::TableChosen if checks_before_lock(scenario, table) => {
            next.drains[drain] = if passes(scenario, state, drain, table) {
                Drain {
                    at: At::TableChecked,
                    ..session
                }
            } else {
                given_up(session)
            };
            taken.push((Action::CheckTable { drain }, Ok(next)));
        }
        // TRUNCATE waits for open writers.
        At::TableChecked
            if scenario.breaks(Rule::QueueNotLocked)
                && queue::is_written(scenario, state, table, drain) => {}
        At::TableChecked if scenario.breaks(Rule::QueueNotLocked) => {
            next.drains[drain] = truncated(session);
            taken.push((Action::TruncateTable { drain }, Ok(next)));
        }
        At::TableChosen | At::TableChecked => {
            next.drains[drain] = locked(scenario, state, drain, table);
            taken.push((Action::LockTable { drain }, Ok(next)));
        }
        At::TableLocked => {
            let passes =
                checks_before_lock(scenario, table) || passes(scenario, state, drain, table);
            next.drains[drain] = if passes {
                truncated(session)
            } else {
                given_up(session)
            };
            taken.push((Action::TruncateTable { drain }, Ok(next)));
        }
        _ => {}
    }
}

/// Takes the collector's lock: without it another drain could collect what the check looks for.
fn choose(scenario: &Scenario, state: &State, drain: usize, table: usize, taken: &mut Vec<Taken>) {
    let duties = scenario.duties[drain];
    let is_duty = if table == batches::TABLE {
        duties.truncates_batches
    } else {
        duties.truncates_queues
    };
    // A transaction that has written events would keep the lock, and writes more.
    let may = !has_written(scenario, state, drain) || scenario.breaks(Rule::WriterTruncates);
    let waits =
        locks_collector_first(scenario, table) && !collector::is_free(scenario, state, drain);
    let session = state.drains[drain];
    // In the order of their numbers.
    let is_next = (table..=batches::TABLE).all(|later| !session.truncated.has(later));
    if !is_duty || !may || waits || !is_next {
        return;
    }
    let mut next = *state;
    let step = &mut next.drains[drain];
    step.at = At::TableChosen;
    step.table = u8::try_from(table).expect("there are few tables");
    step.locks_collector |= locks_collector_first(scenario, table);
    taken.push((Action::ChooseTable { drain, table }, Ok(next)));
}

fn locks_collector_first(scenario: &Scenario, table: usize) -> bool {
    let checks_first = table == batches::TABLE && scenario.breaks(Rule::BatchesCheckedBeforeLocks);
    !checks_first && !scenario.breaks(Rule::TruncationWithoutCollectorLock)
}

fn checks_before_lock(scenario: &Scenario, table: usize) -> bool {
    let rules = if table == batches::TABLE {
        [
            Rule::BatchesCheckedBeforeTableLock,
            Rule::BatchesCheckedBeforeLocks,
        ]
    } else {
        [Rule::QueueNotLocked, Rule::QueueCheckedBeforeLock]
    };
    rules.into_iter().any(|rule| scenario.breaks(rule))
}

/// No row of the table is needed, as a new statement sees it.
fn passes(scenario: &Scenario, state: &State, drain: usize, table: usize) -> bool {
    if table == batches::TABLE {
        batches::are_empty(state, drain)
    } else {
        queue::is_collected(scenario, state, table, drain)
    }
}

/// The session behind LOCK TABLE with NOWAIT.
fn locked(scenario: &Scenario, state: &State, drain: usize, table: usize) -> Drain {
    let session = state.drains[drain];
    let other = state.drains[1 - drain];
    let is_used = if table == batches::TABLE {
        other.uses_batches() || other.locks_table(table)
    } else {
        queue::is_written(scenario, state, table, drain) || other.locks_table(table)
    };
    let locks_collector =
        session.locks_collector || scenario.breaks(Rule::BatchesCheckedBeforeLocks);
    let waits = locks_collector && !collector::is_free(scenario, state, drain);
    if is_used || waits {
        return given_up(session);
    }
    Drain {
        at: At::TableLocked,
        locks_collector,
        ..session
    }
}

fn truncated(session: Drain) -> Drain {
    Drain {
        at: At::Between,
        table: 0,
        truncated: session.truncated.with(usize::from(session.table)),
        ..session
    }
}

/// The savepoint takes the table's lock back. A transaction that has done nothing else ends.
fn given_up(session: Drain) -> Drain {
    let has_done = session.has_called || session.has_collected || !session.truncated.is_empty();
    if has_done {
        Drain {
            at: At::Between,
            table: 0,
            ..session
        }
    } else {
        Drain::default()
    }
}

pub(super) fn apply(scenario: &Scenario, state: &mut State, drain: usize) -> Result<(), Violation> {
    let tables = state.drains[drain].truncated;
    for table in tables.items().filter(|table| *table != batches::TABLE) {
        let rows = queue::rows(scenario, &state.db, table);
        invariant::queue_truncated(scenario, state, rows)?;
        state.db.queued = state.db.queued.minus(rows);
    }
    if tables.has(batches::TABLE) {
        invariant::batches_truncated(state)?;
        state.db.batch_is_used = false;
    }
    Ok(())
}

/// A drain that finds nobody at the table will truncate it.
pub(super) fn has_work(scenario: &Scenario, db: &Db, table: usize) -> bool {
    if table == batches::TABLE {
        return db.batch_is_used && db.batched().is_empty();
    }
    let rows = queue::rows(scenario, db, table);
    let is_collected = |change| db.collector.done.has(scenario.txid(db, change));
    !rows.is_empty() && rows.items().all(is_collected)
}
