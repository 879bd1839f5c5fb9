//! The transitions: one atomic step of one session, the relay, an operator or a fault each.

mod batches;
mod collector;
mod lane;
mod outside;
mod queue;
mod truncation;
mod writer;

use crate::invariant::{self, Violation};
use crate::rules::Rule;
use crate::scenario::{Scenario, WriterDrains};
use crate::state::{At, Drain, Set, State, Status};

/// A step, as a trace names it. Writers, drains, tables, lanes and changes are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A writer takes the lock of its next change's row.
    LockRow {
        writer: usize,
    },
    /// A writer's trigger inserts the queue row of its next change.
    Capture {
        writer: usize,
        order_key: u8,
    },
    Commit {
        writer: usize,
    },
    Rollback {
        writer: usize,
    },

    /// A statement takes its snapshot. Correct drains take the lock and the snapshot in two statements.
    SeeLane {
        drain: usize,
        lane: usize,
    },
    LockLane {
        drain: usize,
        lane: usize,
    },
    SnapshotLane {
        drain: usize,
    },
    ReadLane {
        drain: usize,
    },
    /// The relay's answer; the events that are in neither set are open.
    Call {
        drain: usize,
        accepted: Set,
        refused: Set,
    },
    /// The drain gives up or ends while the relay still works.
    AbandonCall {
        drain: usize,
    },

    SeeCollector {
        drain: usize,
    },
    LockCollector {
        drain: usize,
    },
    FixUpto {
        drain: usize,
    },
    Collect {
        drain: usize,
    },

    /// The drain will truncate a queue, or the table of batches.
    ChooseTable {
        drain: usize,
        table: usize,
    },
    CheckTable {
        drain: usize,
    },
    LockTable {
        drain: usize,
    },
    /// Checks the rows, and truncates the table if no transaction needs them.
    TruncateTable {
        drain: usize,
    },

    CommitDrain {
        drain: usize,
    },
    CrashDrain {
        drain: usize,
    },

    WriteLate {
        change: usize,
    },
    EndLate,
    Pause {
        table: usize,
    },
    Resume {
        table: usize,
    },
    FlushWal,
    CrashServer,
}

/// A step that can be taken, and the state that it leads to.
pub(crate) type Taken = (Action, Result<State, Violation>);

/// All steps that can be taken.
pub(crate) fn steps(scenario: &Scenario, state: &State) -> Vec<Taken> {
    let mut taken = Vec::new();
    writer::steps(scenario, state, &mut taken);
    for drain in 0..state.drains.len() {
        if scenario.is_inside(drain) && !at_drain_call(scenario, state) {
            continue;
        }
        let begun = writer::begun(scenario, state, drain);
        lane::steps(scenario, &begun, drain, &mut taken);
        collector::steps(scenario, &begun, drain, &mut taken);
        truncation::steps(scenario, &begun, drain, &mut taken);
        end(scenario, state, drain, &mut taken);
    }
    outside::steps(scenario, state, &mut taken);
    for (_, next) in &mut taken {
        if let Ok(state) = next
            && let Err(violation) = invariant::always(scenario, state)
        {
            *next = Err(violation);
        }
    }
    taken
}

/// Writer 0 is between two statements: it may call a drain.
fn at_drain_call(scenario: &Scenario, state: &State) -> bool {
    let writer = state.db.writers[0];
    let may_be_first = scenario.writer_drains == Some(WriterDrains::AtAnyTime);
    match writer.status {
        Status::NotBegun => may_be_first,
        Status::Open => writer.captured == writer.locked && (may_be_first || writer.captured > 0),
        Status::Committed | Status::Aborted => false,
    }
}

/// The drain's transaction has written events.
fn has_written(scenario: &Scenario, state: &State, drain: usize) -> bool {
    scenario.is_inside(drain) && state.db.writers[0].captured > 0
}

/// Commits and crashes of a drain's own transaction.
fn end(scenario: &Scenario, state: &State, drain: usize, taken: &mut Vec<Taken>) {
    let session = state.drains[drain];
    if scenario.is_inside(drain) || session.at == At::Idle {
        return;
    }
    if session.at == At::Between {
        taken.push((
            Action::CommitDrain { drain },
            commit_drain(scenario, *state, drain),
        ));
    }
    if scenario.drain_crashes {
        let mut next = *state;
        if scenario.breaks(Rule::LaneReadsOwnBatches) {
            // A sequence does not go back. Elsewhere nobody has seen the numbers, and the model gives them again.
            next.db.sequence = collector::numbers(scenario, state, drain).1;
        }
        next.drains[drain] = Drain::default();
        taken.push((Action::CrashDrain { drain }, Ok(next)));
    }
}

/// Makes what a drain has written visible, by its own COMMIT or by that of the writer that it runs in.
fn commit_drain(scenario: &Scenario, mut state: State, drain: usize) -> Result<State, Violation> {
    let was_idle = state.drains[drain].at == At::Idle;
    collector::apply(scenario, &mut state, drain)?;
    lane::apply(scenario, &mut state, drain);
    truncation::apply(scenario, &mut state, drain)?;
    state.drains[drain] = Drain::default();
    if !was_idle && !scenario.breaks(Rule::DrainCommitsAsync) {
        flush(scenario, &mut state);
    }
    Ok(state)
}

/// All that has been committed is on disk, and the rows of open transactions too.
fn flush(scenario: &Scenario, state: &mut State) {
    if scenario.server_crashes > 0 {
        state.on_disk = state.db;
    }
}

/// The priority of a step in a run without faults; `None` if such a run does not take it.
///
/// Drains finish what they have begun, pauses end, open transactions commit, then drains do what is left to do. Transactions
/// that have not begun never do.
pub(crate) fn calm_rank(scenario: &Scenario, state: &State, action: Action) -> Option<u8> {
    let db = &state.db;
    let outside = |drain| !scenario.is_inside(drain);
    match action {
        Action::SnapshotLane { .. }
        | Action::ReadLane { .. }
        | Action::Call { .. }
        | Action::FixUpto { .. }
        | Action::Collect { .. }
        | Action::CheckTable { .. }
        | Action::LockTable { .. }
        | Action::TruncateTable { .. }
        | Action::CommitDrain { .. } => Some(0),
        Action::LockCollector { drain } if state.drains[drain].at == At::CollectorSeen => Some(0),
        Action::LockLane { drain, .. } if state.drains[drain].at == At::LaneSeen => Some(0),
        Action::EndLate => Some(1),
        Action::Resume { .. } => Some(2),
        Action::LockRow { writer } | Action::Capture { writer, .. } => {
            (db.writers[writer].status == Status::Open).then_some(3)
        }
        Action::Commit { .. } => Some(4),
        Action::SeeCollector { drain } | Action::LockCollector { drain } => {
            (outside(drain) && collector::has_work(scenario, db)).then_some(5)
        }
        Action::SeeLane { drain, .. } | Action::LockLane { drain, .. } => {
            outside(drain).then_some(6)
        }
        Action::ChooseTable { drain, table } => {
            (outside(drain) && truncation::has_work(scenario, db, table)).then_some(7)
        }
        Action::Rollback { .. }
        | Action::AbandonCall { .. }
        | Action::CrashDrain { .. }
        | Action::WriteLate { .. }
        | Action::Pause { .. }
        | Action::FlushWal
        | Action::CrashServer => None,
    }
}
