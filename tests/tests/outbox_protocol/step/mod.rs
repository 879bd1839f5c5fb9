//! The transitions: one atomic step of one session, the relay, an operator or a fault each.

mod collector;
mod lane;
mod outbox;
mod outside;
mod queue;
mod writer;

use crate::invariant::{self, Violation};
use crate::rules::Rule;
use crate::scenario::Scenario;
use crate::state::{At, Db, Drain, Set, State, Status};

/// A step, as a trace names it. Writers, drains, keys and changes are numbers.
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
    SeeCollector {
        drain: usize,
    },
    LockCollector {
        drain: usize,
    },
    FixUpto {
        drain: usize,
    },
    Copy {
        drain: usize,
    },

    ChooseQueue {
        drain: usize,
        queue: usize,
    },
    CheckQueue {
        drain: usize,
    },
    LockQueue {
        drain: usize,
    },
    /// Checks the rows, truncates the table if all of them are copied, and commits.
    TruncateQueue {
        drain: usize,
    },

    ChooseOutbox {
        drain: usize,
    },
    ReadPointers {
        drain: usize,
    },
    LockOutbox {
        drain: usize,
    },
    /// Checks the pointers, truncates the table if all its events are settled, and commits.
    TruncateOutbox {
        drain: usize,
    },

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
        if scenario.is_inside(drain) && !at_drain_call(state) {
            continue;
        }
        collector::steps(scenario, state, drain, &mut taken);
        queue::steps(scenario, state, drain, &mut taken);
        outbox::steps(scenario, state, drain, &mut taken);
        lane::steps(scenario, state, drain, &mut taken);
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

/// Writer 0 is open, and has written: it may call a drain.
fn at_drain_call(state: &State) -> bool {
    state.db.writers[0].status == Status::Open
        && state.db.writers[0].captured == state.db.writers[0].locked
}

/// Commits and crashes of a drain's own transaction.
fn end(scenario: &Scenario, state: &State, drain: usize, taken: &mut Vec<Taken>) {
    let at = state.drains[drain].at;
    if scenario.is_inside(drain) || at == At::Idle {
        return;
    }
    if matches!(at, At::Copied | At::Called) {
        taken.push((
            Action::CommitDrain { drain },
            commit_drain(scenario, *state, drain),
        ));
    }
    if scenario.drain_crashes {
        let mut next = *state;
        next.drains[drain] = Drain::default();
        taken.push((Action::CrashDrain { drain }, Ok(next)));
    }
}

/// Makes what a drain has written visible, by its own COMMIT or by that of the writer that it runs in.
fn commit_drain(scenario: &Scenario, mut state: State, drain: usize) -> Result<State, Violation> {
    let session = state.drains[drain];
    let flushes = session.has_copied && !scenario.breaks(Rule::CollectorCommitsAsync);
    collector::apply(scenario, &mut state, drain)?;
    queue::apply(scenario, &mut state, drain)?;
    lane::apply(scenario, &mut state, drain)?;
    state.drains[drain] = Drain::default();
    if flushes {
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
        Action::FixUpto { .. }
        | Action::Copy { .. }
        | Action::CheckQueue { .. }
        | Action::LockQueue { .. }
        | Action::TruncateQueue { .. }
        | Action::ReadPointers { .. }
        | Action::LockOutbox { .. }
        | Action::TruncateOutbox { .. }
        | Action::SnapshotLane { .. }
        | Action::ReadLane { .. }
        | Action::Call { .. }
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
        Action::SeeLane { drain, lane } | Action::LockLane { drain, lane } => {
            (outside(drain) && lane::has_work(scenario, db, lane)).then_some(6)
        }
        Action::ChooseQueue { drain, queue } => {
            (outside(drain) && queue::has_work(scenario, db, queue)).then_some(7)
        }
        Action::ChooseOutbox { drain } => {
            (outside(drain) && outbox::has_work(scenario, db)).then_some(8)
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

/// The transactions that a new statement of a drain sees as committed. In a writer's transaction with REPEATABLE READ: those of
/// its first statement.
fn drain_snapshot(scenario: &Scenario, state: &State, drain: usize) -> Set {
    if reads_old_snapshot(scenario, drain) {
        state.old_snapshot.ended
    } else {
        state.db.snapshot()
    }
}

fn reads_old_snapshot(scenario: &Scenario, drain: usize) -> bool {
    scenario.is_inside(drain)
        && scenario.writer_drains == Some(crate::scenario::Isolation::RepeatableRead)
}

/// The queue rows that a new statement of a drain sees: the committed ones and its own.
fn drain_rows(scenario: &Scenario, state: &State, drain: usize) -> Set {
    rows_in(
        scenario,
        &state.db,
        drain,
        drain_snapshot(scenario, state, drain),
    )
}

fn rows_in(scenario: &Scenario, db: &Db, drain: usize, snapshot: Set) -> Set {
    let own = |change: usize| scenario.is_inside(drain) && scenario.changes[change].writer == 0;
    db.queued
        .only(|change| snapshot.has(scenario.txid(db, change)) || own(change))
}
