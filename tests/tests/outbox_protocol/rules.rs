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
    /// The collector's row is read before it is locked.
    CollectorReadBeforeLock,
    /// `upto` is the snapshot of the statement that locks the collector's row.
    UptoTakenWithLock,
    /// Each step of a collection takes a new `upto`.
    UptoTakenAnew,
    /// The transactions of a window are taken in the order of their numbers.
    TakenByTxid,
    /// The transactions of a window are taken in the order of their first order keys.
    TakenByFirstOrderKey,
    /// `done` becomes the snapshot of the moment, not the one that was collected by.
    DoneIsNewer,
    /// The transaction that collects counts as committed in `upto`.
    OwnIsCommitted,
    /// A drain collects in a transaction that has written events.
    WriterCollects,
    /// A row belongs to a window when its order key is beyond the last one collected.
    MembershipByOrderKey,
    /// A window is put in the order of the transactions' numbers.
    OrderByTxid,
    /// One queue table is collected after the other.
    QueuesApart,
    /// The numbers go on from the highest one in the table of batches, not from the sequence.
    NumbersLookedUp,
    /// A drain commits with `synchronous_commit = off`.
    DrainCommitsAsync,

    // Truncation.
    /// The rows of a queue are checked, then TRUNCATE takes its own lock.
    QueueNotLocked,
    /// The rows of a queue are checked with a snapshot from before its lock, as under REPEATABLE READ.
    QueueCheckedBeforeLock,
    /// The rows of a queue count as collected when `upto` shows them.
    QueueCheckedByUpto,
    /// The table of batches is checked behind the collector's lock, but before its own.
    BatchesCheckedBeforeTableLock,
    /// The table of batches is checked before either lock.
    BatchesCheckedBeforeLocks,
    /// A table is truncated without the collector's lock.
    TruncationWithoutCollectorLock,
    /// A drain truncates in a transaction that has written events.
    WriterTruncates,

    // Lanes.
    /// Two drains may send one lane at once.
    LaneNotLocked,
    /// The batches are chosen by the snapshot of the statement that locks the lane's row.
    LaneReadWithLock,
    /// A call sends events that its own transaction has collected.
    LaneReadsOwnBatches,
    /// An event's number is given at the call.
    NumberAtCall,
    /// A batch is deleted though events of it are open.
    OpenDeleted,
    /// Open events go into a new batch, with a place behind all others.
    OpenMovedBehind,
    /// All batches of the lane are deleted up to the last place that was sent.
    DeletedUpToPlace,
    /// A lane sends the batches of paused tables.
    PauseIgnored,
    /// The relay writes an event behind a refused one of the same key in one call.
    WrittenBehindRefused,
}
