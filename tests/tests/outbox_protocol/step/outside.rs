//! The rest of the world: operators pause and resume, the relay is late, the server crashes.

use super::{Action, Taken, flush, writer};
use crate::invariant;
use crate::scenario::Scenario;
use crate::state::{Drain, PAIR, Set, State, Status, WRITERS};

pub(super) fn steps(scenario: &Scenario, state: &State, taken: &mut Vec<Taken>) {
    for table in 0..PAIR {
        pause(scenario, state, table, taken);
    }
    late(scenario, state, taken);
    if scenario.server_crashes > 0 {
        let mut next = *state;
        flush(scenario, &mut next);
        taken.push((Action::FlushWal, Ok(next)));
    }
    if state.crashes_left > 0 {
        taken.push((Action::CrashServer, Ok(crashed(scenario, *state))));
    }
}

fn pause(scenario: &Scenario, state: &State, table: usize, taken: &mut Vec<Taken>) {
    let exists = scenario
        .all_changes()
        .items()
        .any(|change| scenario.table(change) == table);
    let mut next = *state;
    if state.db.paused.has(table) {
        next.db.paused = state.db.paused.only(|paused| paused != table);
        taken.push((Action::Resume { table }, Ok(next)));
    } else if exists && state.pauses_left > 0 {
        next.db.paused = state.db.paused.with(table);
        next.pauses_left -= 1;
        taken.push((Action::Pause { table }, Ok(next)));
    }
}

/// A call that was given up writes one event after the other, in order for each key, and may end before the last one.
fn late(scenario: &Scenario, state: &State, taken: &mut Vec<Taken>) {
    if state.late.is_empty() {
        return;
    }
    let order = |change: usize| scenario.commit_order(&state.db, change);
    for change in state.late.items() {
        let first = state.late.items().all(|other| {
            scenario.key(other) != scenario.key(change) || order(other) >= order(change)
        });
        // The relay writes nothing behind an event that it refuses. Where a refusal can change, it may write the event.
        let refuses = scenario.refusable.has(change) && !scenario.refusal_changes;
        if first && !refuses {
            let mut next = *state;
            next.late = state.late.only(|other| other != change);
            let result = invariant::written(scenario, &mut next, change).map(|()| next);
            taken.push((Action::WriteLate { change }, result));
        }
    }
    taken.push((
        Action::EndLate,
        Ok(State {
            late: Set::EMPTY,
            ..*state
        }),
    ));
}

/// Sessions end, open transactions are undone, prepared ones stay, and so does all that is on disk.
fn crashed(scenario: &Scenario, mut state: State) -> State {
    let begun: Vec<usize> = (0..WRITERS)
        .filter(|writer| state.db.writers[*writer].status != Status::NotBegun)
        .collect();
    state.db = state.on_disk;
    for writer in begun {
        let status = state.db.writers[writer].status;
        let survives =
            status == Status::Committed || status == Status::Open && scenario.prepared.has(writer);
        if !survives {
            writer::abort(scenario, &mut state.db, writer);
        }
    }
    state.on_disk = state.db;
    state.drains = [Drain::default(); PAIR];
    state.crashes_left -= 1;
    state
}
