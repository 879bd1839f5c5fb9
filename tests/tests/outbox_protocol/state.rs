//! The database, the sessions and the stream as the model sees them, in as few bytes as possible.
//!
//! The search keeps each state that it has met, so everything is a number or a set of bits. A change has one row in a queue at
//! most, one number and one copy in the outbox: sets of changes are enough, and their order is the order of the numbers.

pub(crate) use pipeline_tests::model::Set;

/// The most changes in a scenario.
pub(crate) const CHANGES: usize = 5;
/// The most writers' transactions in a scenario.
pub(crate) const WRITERS: usize = 4;
/// Lanes, queue tables, outbox tables, captured tables and drains come in twos.
pub(crate) const PAIR: usize = 2;

/// The progress of a writer's transaction. A prepared transaction is an open one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Status {
    #[default]
    NotBegun,
    Open,
    Committed,
    Aborted,
}

/// A writer's transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Writer {
    pub(crate) status: Status,
    /// Given with the first statement; 0 for none.
    pub(crate) txid: u8,
    /// Its changes that hold their row's lock.
    pub(crate) locked: u8,
    /// Its changes that have their row in the queue.
    pub(crate) captured: u8,
    /// Its place in the order of the commits.
    pub(crate) commit_rank: u8,
}

/// The row of the table `collector`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Collector {
    /// The snapshot that has been copied, as the set of the transactions that are visible in it.
    pub(crate) done: Set,
    /// The snapshot of the tick that is being copied.
    pub(crate) upto: Option<Set>,
    /// The order key up to which the tick has been copied.
    pub(crate) after: u8,
    /// The last number given. The outbox cannot tell it: both tables can be empty.
    pub(crate) last: u8,
    /// The outbox table that is written to.
    pub(crate) current: u8,
}

/// The row of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    /// Every event of the lane up to this number is settled.
    pub(crate) pointer: u8,
    /// The settled events behind the pointer.
    pub(crate) settled: Set,
}

/// All that a database keeps. A writer's uncommitted rows are in here: who reads has to ask for the writer's status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Db {
    pub(crate) writers: [Writer; WRITERS],
    pub(crate) next_txid: u8,
    pub(crate) commits: u8,
    /// The end of the WAL: it grows with each capture.
    pub(crate) wal: u8,
    /// By change; 0 for none.
    pub(crate) order_key: [u8; CHANGES],
    /// The changes that have a row in a queue table.
    pub(crate) queued: Set,
    pub(crate) collector: Collector,
    /// The number of each change in the outbox; 0 for none. It outlives the row, for the checks.
    pub(crate) number: [u8; CHANGES],
    pub(crate) outbox: [Set; PAIR],
    pub(crate) lanes: [Lane; PAIR],
    pub(crate) held: Set,
    pub(crate) dead_letters: Set,
    /// The paused tables.
    pub(crate) paused: Set,
}

impl Db {
    /// The transactions that have ended: a snapshot as `txid_current_snapshot()` takes it.
    pub(crate) fn snapshot(&self) -> Set {
        let ended = |writer: &&Writer| matches!(writer.status, Status::Committed | Status::Aborted);
        self.writers
            .iter()
            .filter(ended)
            .map(|writer| usize::from(writer.txid))
            .collect()
    }

    /// The events in both tables of the outbox.
    pub(crate) fn events(&self) -> Set {
        self.outbox[0].or(self.outbox[1])
    }

    /// The changes in the order of their numbers.
    pub(crate) fn by_number(&self, changes: Set) -> Vec<usize> {
        let mut sorted: Vec<usize> = changes.items().collect();
        sorted.sort_by_key(|change| self.number[*change]);
        sorted
    }
}

/// The place of a drain's session between two statements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum At {
    #[default]
    Idle,
    /// Broken rules only: the statement has its snapshot, and not yet its lock.
    CollectorSeen,
    CollectorLocked,
    UptoKnown,
    Copied,
    /// The collector's row is locked, the queue table is not.
    QueueChosen,
    /// Broken rules only: the rows have been checked, and the queue table is not locked.
    QueueChecked,
    QueueLocked,
    /// In a writer's transaction only: the queue table stays locked until the writer ends.
    QueueTruncated,
    OutboxChosen,
    /// Broken rules only: the pointers have been read, and the outbox table is not locked.
    OutboxChecked,
    OutboxLocked,
    /// Broken rules only: the statement has its snapshot, and not yet its lock.
    LaneSeen,
    LaneLocked,
    /// The statement has its snapshot, and has not opened the tables.
    LaneSnapshot,
    LaneRead,
    Called,
}

/// A drain's session, with all that its open transaction has seen and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Drain {
    pub(crate) at: At,
    /// The queue table or the lane that the step is about.
    pub(crate) target: u8,
    /// The collector's row is locked, and stays so until the transaction ends.
    pub(crate) collects: bool,
    /// The collector's row is to be written.
    pub(crate) has_copied: bool,
    /// The collector's row as this transaction has read or written it.
    pub(crate) row: Collector,
    /// The changes that this transaction has copied into the outbox.
    pub(crate) copied: Set,
    /// The lane's row as this transaction has read it.
    pub(crate) lane: Lane,
    /// The lane's events in the statement's snapshot.
    pub(crate) seen: Set,
    /// The last number in the same snapshot.
    pub(crate) top: u8,
    /// The lane's held events in the same snapshot. Empty once the events to send have been chosen.
    pub(crate) held: Set,
    /// The paused tables in the same snapshot. Empty once the events to send have been chosen.
    pub(crate) paused: Set,
    /// The events to send.
    pub(crate) batch: Set,
    /// The events to hold.
    pub(crate) hold: Set,
    pub(crate) accepted: Set,
    pub(crate) refused: Set,
}

/// The snapshot of a writer with REPEATABLE READ: of its first statement, for all later ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct OldSnapshot {
    pub(crate) ended: Set,
    pub(crate) row: Collector,
}

/// Everything: the database, what of it is on disk, the sessions, and the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) db: Db,
    /// The database as a crash of the server would leave it. Kept only where the scenario has such crashes.
    pub(crate) on_disk: Db,
    pub(crate) drains: [Drain; PAIR],
    /// Kept only where the scenario has a writer with REPEATABLE READ that drains.
    pub(crate) old_snapshot: OldSnapshot,
    /// The changes in the stream.
    pub(crate) streamed: Set,
    /// The number under which the relay was last given a change; 0 for never.
    pub(crate) sent_as: [u8; CHANGES],
    /// The events of a call that nobody waits for any more, and that the relay may still write.
    pub(crate) late: Set,
    pub(crate) pauses_left: u8,
    pub(crate) crashes_left: u8,
    /// Broken rule only: the number that the next call gives.
    pub(crate) next_call_number: u8,
}
