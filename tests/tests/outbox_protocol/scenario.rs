//! A scenario: a handful of transactions and what may happen to them, small enough for every order of events to be tried.

use crate::rules::Rule;
use crate::state::{CHANGES, Db, KEYS, Set, State, Status, WRITERS};

/// One change: the writer's transaction that makes it, and the key of the changed row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) writer: usize,
    pub(crate) key: usize,
}

/// The source of a capture's order key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderKeys {
    /// The end of the WAL.
    Wal,
    /// A clock that may say anything. The order of events is not checked then.
    Clock,
}

/// The duties of a drain in the scenario.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Duties {
    pub(crate) collects: bool,
    pub(crate) sends: bool,
    pub(crate) truncates_queues: bool,
    pub(crate) truncates_batches: bool,
}

/// When a writer drains in its own transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriterDrains {
    /// It may drain first, and write then.
    AtAnyTime,
    AfterItsFirstChange,
}

#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// At most `CHANGES`; the changes of one writer are made in this order.
    pub(crate) changes: Vec<Change>,
    /// By key.
    pub(crate) lane: [usize; KEYS],
    /// By key.
    pub(crate) table: [usize; KEYS],
    pub(crate) duties: [Duties; 2],
    /// Drain 0 runs inside of the transaction of writer 0.
    pub(crate) writer_drains: Option<WriterDrains>,
    /// A transaction may call a second drain, and so send behind its own collection.
    pub(crate) drains_twice: bool,
    /// `s` of `Q[(txid >> s) & 1]`.
    pub(crate) queue_shift: u8,
    /// The transactions that a collection takes.
    pub(crate) step_writers: usize,
    /// The keys that a step of a collection takes.
    pub(crate) step_keys: usize,
    /// The events of a batch.
    pub(crate) batch_limit: usize,
    /// The events of a call, unless its first batch has more.
    pub(crate) call_limit: usize,
    pub(crate) order_keys: OrderKeys,
    /// A row's lock and its capture are two steps.
    pub(crate) capture_apart: bool,
    pub(crate) rollbacks: bool,
    pub(crate) drain_crashes: bool,
    /// Crashes of the server. Writers then commit with `synchronous_commit = off`.
    pub(crate) server_crashes: u8,
    /// The writers that are prepared when the server crashes, and so outlive it.
    pub(crate) prepared: Set,
    /// The snapshot of a lane's read and its scan are two steps.
    pub(crate) scan_apart: bool,
    /// The relay may leave events open.
    pub(crate) opens: bool,
    /// Events that the relay refuses.
    pub(crate) refusable: Set,
    /// The relay may also accept them.
    pub(crate) refusal_changes: bool,
    /// A call may go on after its drain has given it up.
    pub(crate) late_calls: bool,
    pub(crate) pauses: u8,
    pub(crate) broken: Option<Rule>,
}

/// A drain that collects.
pub(crate) const COLLECTS: Duties = Duties {
    collects: true,
    sends: false,
    truncates_queues: false,
    truncates_batches: false,
};
/// A drain that collects, and truncates queues.
pub(crate) const COLLECTS_AND_TRUNCATES: Duties = Duties {
    truncates_queues: true,
    ..COLLECTS
};
/// A drain that sends.
pub(crate) const SENDS: Duties = Duties {
    collects: false,
    sends: true,
    ..COLLECTS
};
/// A drain that sends and collects.
pub(crate) const DRAINS: Duties = Duties {
    sends: true,
    ..COLLECTS
};
/// A drain that sends and collects, and truncates the table of batches.
pub(crate) const DRAINS_AND_TRUNCATES_BATCHES: Duties = Duties {
    truncates_batches: true,
    ..DRAINS
};
/// A drain that does everything.
pub(crate) const ALL_DUTIES: Duties = Duties {
    truncates_queues: true,
    ..DRAINS_AND_TRUNCATES_BATCHES
};

impl Scenario {
    /// The changes as (writer, key), one drain that sends and collects, and no fault.
    pub(crate) fn new(changes: &[(usize, usize)]) -> Self {
        assert!(
            changes.len() <= CHANGES,
            "a scenario has {CHANGES} changes at most"
        );
        assert!(
            changes.iter().all(|change| change.0 < WRITERS),
            "a scenario has {WRITERS} writers at most"
        );
        Self {
            changes: changes
                .iter()
                .map(|&(writer, key)| Change { writer, key })
                .collect(),
            lane: [0, 1, 0],
            table: [0, 0, 1],
            duties: [Duties::default(), DRAINS],
            writer_drains: None,
            drains_twice: false,
            queue_shift: 0,
            step_writers: WRITERS,
            step_keys: KEYS,
            batch_limit: 2,
            call_limit: 2,
            order_keys: OrderKeys::Wal,
            capture_apart: false,
            rollbacks: false,
            drain_crashes: false,
            server_crashes: 0,
            prepared: Set::EMPTY,
            scan_apart: false,
            opens: false,
            refusable: Set::EMPTY,
            refusal_changes: false,
            late_calls: false,
            pauses: 0,
            broken: None,
        }
    }

    pub(crate) fn breaking(mut self, rule: Rule) -> Self {
        self.broken = Some(rule);
        self
    }

    pub(crate) fn breaks(&self, rule: Rule) -> bool {
        self.broken == Some(rule)
    }

    pub(crate) fn start(&self) -> State {
        let db = Db {
            next_txid: 1,
            ..Db::default()
        };
        let on_disk = if self.server_crashes > 0 {
            db
        } else {
            Db::default()
        };
        State {
            db,
            on_disk,
            pauses_left: self.pauses,
            crashes_left: self.server_crashes,
            ..State::default()
        }
    }

    pub(crate) fn key(&self, change: usize) -> usize {
        self.changes[change].key
    }

    pub(crate) fn lane(&self, change: usize) -> usize {
        self.lane[self.key(change)]
    }

    pub(crate) fn table(&self, change: usize) -> usize {
        self.table[self.key(change)]
    }

    pub(crate) fn all_changes(&self) -> Set {
        (0..self.changes.len()).collect()
    }

    /// The changes of a writer, in order.
    pub(crate) fn of_writer(&self, writer: usize) -> impl Iterator<Item = usize> {
        (0..self.changes.len()).filter(move |change| self.changes[*change].writer == writer)
    }

    pub(crate) fn status(&self, db: &Db, change: usize) -> Status {
        db.writers[self.changes[change].writer].status
    }

    pub(crate) fn txid(&self, db: &Db, change: usize) -> usize {
        usize::from(db.writers[self.changes[change].writer].txid)
    }

    /// The queue table of a change.
    pub(crate) fn queue(&self, db: &Db, change: usize) -> usize {
        self.txid(db, change) >> self.queue_shift & 1
    }

    /// The committed rows of the queues: those that a new statement sees.
    pub(crate) fn visible_rows(&self, db: &Db) -> Set {
        db.queued
            .only(|change| self.status(db, change) == Status::Committed)
    }

    /// The place of a committed change among those of its key.
    pub(crate) fn commit_order(&self, db: &Db, change: usize) -> (u8, usize) {
        (db.writers[self.changes[change].writer].commit_rank, change)
    }

    /// The drain runs inside of a writer's transaction.
    pub(crate) fn is_inside(&self, drain: usize) -> bool {
        drain == 0 && self.writer_drains.is_some()
    }
}
