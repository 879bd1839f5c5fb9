//! The rules of the protocol, one by one: a test breaks a rule, and the search has to find what goes wrong.

/// A rule that a scenario breaks. Each name says what is done in place of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    // Writers.
    /// The order key is read before the row's lock is held, as a BEFORE INSERT trigger would do.
    OrderKeyBeforeRowLock,

    // Collector.
    /// Two drains may collect at once.
    CollectorNotLocked,
    /// The collector's row is read by the snapshot of the statement that locks it.
    CollectorReadWithLock,
    /// `upto` is the snapshot of the statement that locks the collector's row.
    UptoTakenWithLock,
    /// `done` becomes the snapshot of the moment, not the one that was copied by.
    DoneIsNewer,
    /// The transaction that collects is counted as committed.
    OwnIsCommitted,
    /// The transaction that collects counts as committed in `upto`, and the copy alone leaves its rows out.
    OwnLeftOutOfCopyOnly,
    /// A row belongs to a tick when its order key is beyond the last one copied.
    MembershipByOrderKey,
    /// A tick is copied in the order of the transactions' numbers.
    OrderByTxid,
    /// One queue table is copied after the other.
    QueuesApart,
    /// A step copies N rows and no more, though the next row has the same order key.
    TiesCut,
    /// The last number is looked up in the outbox, not kept in the collector's row.
    LastNumberFromOutbox,
    /// The collector commits with `synchronous_commit = off`.
    CollectorCommitsAsync,

    // Truncation of a queue.
    /// The rows are checked, then TRUNCATE takes its own lock.
    QueueNotLocked,
    /// The rows are checked with a snapshot from before the lock.
    QueueCheckedBeforeLock,
    /// A queue is truncated without the collector's lock.
    TruncationWithoutCollectorLock,
    /// A drain inside of a writer's transaction truncates.
    WriterTruncates,

    // Lanes.
    /// Two drains may send one lane at once.
    LaneNotLocked,
    /// The lane's row and events are read by the snapshot of the statement that locks it.
    LaneReadWithLock,
    /// The lane's row is read behind the lock, its events, held events and pauses by the snapshot of the statement that locks it.
    LaneEventsReadWithLock,
    /// A lane's call sends what its own transaction has copied.
    LaneReadsOwnCopies,
    /// An event's number is given at the call.
    NumberAtCall,
    /// The pointer moves to the last settled event, over the open ones.
    PointerOverOpen,
    /// The pointer moves over settled events of its own lane only.
    PointerOverOwnEventsOnly,
    /// The pointer moves to the last number as a newer snapshot has it than the one that the events were read by.
    PointerByNewerSnapshot,
    /// The relay writes an event behind a refused one of the same key in one call.
    WrittenBehindRefused,

    // Pause.
    /// Later events are sent while older ones of their table are held.
    HeldOvertaken,

    // Rotation of the outbox.
    /// The pointers are read before the outbox table is locked.
    PointersBeforeLock,
    /// The outbox is truncated when its last events are settled, whatever lies before.
    OutboxBySettled,
}
