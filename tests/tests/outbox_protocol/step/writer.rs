//! Writers: a change takes its row's lock, its trigger inserts the queue row, and both stay invisible until COMMIT.

use super::{Action, Taken, commit_drain, queue};
use crate::rules::Rule;
use crate::scenario::{OrderKeys, Scenario};
use crate::state::{At, Db, Drain, State, Status, WRITERS};

pub(super) fn steps(scenario: &Scenario, state: &State, taken: &mut Vec<Taken>) {
    for writer in 0..WRITERS {
        let of_writer: Vec<usize> = scenario.of_writer(writer).collect();
        let row = state.db.writers[writer];
        let ended = matches!(row.status, Status::Committed | Status::Aborted);
        if of_writer.is_empty() || ended {
            continue;
        }
        // A drain that runs inside has to return first. It may fail at any point, and its writer with it.
        let inside = scenario.writer_drains.is_some() && writer == 0;
        let returned = !inside || matches!(state.drains[0].at, At::Idle | At::Between);
        if returned {
            if row.locked > row.captured {
                capture(
                    scenario,
                    state,
                    writer,
                    of_writer[usize::from(row.captured)],
                    taken,
                );
            } else if let Some(&change) = of_writer.get(usize::from(row.captured)) {
                lock_row(scenario, state, writer, change, taken);
            }
            if usize::from(row.captured) == of_writer.len() {
                taken.push((
                    Action::Commit { writer },
                    commit(scenario, *state, writer, inside),
                ));
            }
        }
        if row.status == Status::Open && scenario.rollbacks {
            taken.push((
                Action::Rollback { writer },
                Ok(rolled_back(scenario, *state, writer)),
            ));
        }
    }
}

/// No other open transaction has changed the row.
fn row_is_free(scenario: &Scenario, db: &Db, writer: usize, key: usize) -> bool {
    let early = scenario.breaks(Rule::OrderKeyBeforeRowLock);
    (0..WRITERS)
        .filter(|other| *other != writer && db.writers[*other].status == Status::Open)
        .all(|other| {
            let holder = db.writers[other];
            let locks = if early {
                holder.captured
            } else {
                holder.locked
            };
            scenario
                .of_writer(other)
                .take(usize::from(locks))
                .all(|change| scenario.key(change) != key)
        })
}

/// The state in which a drain takes its first step: inside of a writer's transaction, that has begun.
pub(super) fn begun(scenario: &Scenario, state: &State, drain: usize) -> State {
    let mut begun = *state;
    if scenario.is_inside(drain) {
        begin(&mut begun.db, 0);
    }
    begun
}

fn begin(db: &mut Db, writer: usize) {
    if db.writers[writer].status == Status::NotBegun {
        db.writers[writer].status = Status::Open;
        db.writers[writer].txid = db.next_txid;
        db.next_txid += 1;
    }
}

fn lock_row(
    scenario: &Scenario,
    state: &State,
    writer: usize,
    change: usize,
    taken: &mut Vec<Taken>,
) {
    let early = scenario.breaks(Rule::OrderKeyBeforeRowLock);
    if !early && !row_is_free(scenario, &state.db, writer, scenario.key(change)) {
        return;
    }
    let mut next = *state;
    begin(&mut next.db, writer);
    next.db.writers[writer].locked += 1;
    if early {
        next.db.wal += 1;
        next.db.order_key[change] = next.db.wal;
    }
    if scenario.capture_apart || early {
        taken.push((Action::LockRow { writer }, Ok(next)));
    } else {
        capture(scenario, &next, writer, change, taken);
    }
}

fn capture(
    scenario: &Scenario,
    state: &State,
    writer: usize,
    change: usize,
    taken: &mut Vec<Taken>,
) {
    let db = &state.db;
    if !row_is_free(scenario, db, writer, scenario.key(change)) {
        return;
    }
    if queue::is_locked(scenario, state, scenario.queue(db, change), writer) {
        return;
    }
    for order_key in order_keys(scenario, db, change) {
        let mut next = *state;
        next.db.writers[writer].captured += 1;
        next.db.order_key[change] = order_key;
        next.db.wal = next.db.wal.max(order_key);
        next.db.queued = next.db.queued.with(change);
        taken.push((Action::Capture { writer, order_key }, Ok(next)));
    }
}

/// The order keys that a capture may read.
fn order_keys(scenario: &Scenario, db: &Db, change: usize) -> Vec<u8> {
    if scenario.breaks(Rule::OrderKeyBeforeRowLock) {
        return vec![db.order_key[change]];
    }
    match scenario.order_keys {
        OrderKeys::Wal => vec![db.wal + 1],
        OrderKeys::Clock => vec![2, 1],
    }
}

fn commit(
    scenario: &Scenario,
    state: State,
    writer: usize,
    inside: bool,
) -> Result<State, crate::invariant::Violation> {
    let mut next = state;
    next.db.commits += 1;
    next.db.writers[writer].status = Status::Committed;
    next.db.writers[writer].commit_rank = next.db.commits;
    if inside {
        next = commit_drain(scenario, next, 0)?;
    }
    Ok(next)
}

/// The same for a crash of the writer's session.
pub(super) fn rolled_back(scenario: &Scenario, mut state: State, writer: usize) -> State {
    abort(scenario, &mut state.db, writer);
    if writer == 0 && scenario.writer_drains.is_some() {
        state.drains[0] = Drain::default();
    }
    state
}

pub(super) fn abort(scenario: &Scenario, db: &mut Db, writer: usize) {
    db.writers[writer].status = Status::Aborted;
    db.queued = db.queued.minus(scenario.of_writer(writer).collect());
}
