//! The database, the sessions and the stream as the model sees them, in as few bytes as possible.
//!
//! The search keeps each state that it has met, so everything is a number or a set of bits. A change has one row in a queue at
//! most, and one number: sets of changes are enough, and a batch is the set of the changes with its place.

pub(crate) use pipeline_tests::model::Set;

/// The most changes in a scenario.
pub(crate) const CHANGES: usize = 5;
/// The most writers' transactions in a scenario.
pub(crate) const WRITERS: usize = 4;
/// The most keys in a scenario.
pub(crate) const KEYS: usize = 3;
/// Lanes, queue tables, captured tables and drains come in twos.
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
    /// The snapshot that has been collected, as the set of the transactions that are visible in it.
    pub(crate) done: Set,
    /// The snapshot of a collection that has more steps to go.
    pub(crate) upto: Option<Set>,
    /// The snapshot that collections with some of its transactions each lead to.
    pub(crate) goal: Option<Set>,
    /// The first key that this collection has not reached.
    pub(crate) next_key: u8,
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
    /// The last number that the sequence gave.
    pub(crate) sequence: u8,
    /// The number of each change; 0 for none. It outlives the event's batch, for the checks.
    pub(crate) number: [u8; CHANGES],
    /// The place of the batch that each change is in; 0 for none.
    pub(crate) place: [u8; CHANGES],
    /// The table of batches has taken rows since its last TRUNCATE.
    pub(crate) batch_is_used: bool,
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

    /// The events in batches.
    pub(crate) fn batched(&self) -> Set {
        (0..CHANGES)
            .filter(|change| self.place[*change] != 0)
            .collect()
    }
}

/// The place of a drain's session between two statements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum At {
    /// It has no transaction.
    #[default]
    Idle,
    /// One of the parts of its transaction has ended: it commits, or begins the next part.
    Between,
    /// Broken rules only: the statement has its snapshot, and not yet its lock.
    LaneSeen,
    LaneLocked,
    /// The statement has its snapshot, and has not opened the table of batches.
    LaneSnapshot,
    LaneRead,
    /// Broken rules only: the statement has its snapshot, and not yet its lock.
    CollectorSeen,
    CollectorLocked,
    UptoKnown,
    /// The table is to be truncated, and is not locked.
    TableChosen,
    /// Broken rules only: the rows have been checked, and the table is not locked.
    TableChecked,
    TableLocked,
}

/// A drain's session, with all that its open transaction has seen and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Drain {
    pub(crate) at: At,
    /// The lane whose row is locked, until the transaction ends.
    pub(crate) lane: Option<u8>,
    /// The events in the lane's batches of the tables that are not paused, as a statement's snapshot shows them.
    pub(crate) seen: Set,
    /// The events to send.
    pub(crate) chosen: Set,
    /// The call has ended.
    pub(crate) has_called: bool,
    pub(crate) accepted: Set,
    pub(crate) refused: Set,
    /// The collector's row is locked, until the transaction ends.
    pub(crate) locks_collector: bool,
    /// The collector's row is to be written.
    pub(crate) has_collected: bool,
    /// The collector's row as this transaction has read or written it.
    pub(crate) row: Collector,
    /// Broken rules only: the snapshot of the statement that locks the collector's row.
    pub(crate) snapshot: Set,
    /// The changes that this transaction has collected.
    pub(crate) collected: Set,
    /// The table that is to be truncated.
    pub(crate) table: u8,
    /// The tables that are truncated. They stay locked until the transaction ends.
    pub(crate) truncated: Set,
}

impl Drain {
    /// The transaction has read or written the table of batches, whose lock it keeps until it ends.
    pub(crate) fn uses_batches(&self) -> bool {
        self.at == At::LaneRead || self.has_called || self.has_collected
    }

    /// The transaction has a lock on the table that nobody shares.
    pub(crate) fn locks_table(&self, table: usize) -> bool {
        self.truncated.has(table) || self.at == At::TableLocked && usize::from(self.table) == table
    }
}

/// Everything: the database, what of it is on disk, the sessions, and the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) db: Db,
    /// The database as a crash of the server would leave it. Kept only where the scenario has such crashes.
    pub(crate) on_disk: Db,
    pub(crate) drains: [Drain; PAIR],
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
