//! How a table's events leave its trigger, and how much of them goes at a time.

use std::fmt;

use crate::describe::{Delivery, OnFailure, TableDesc};

/// A call in a statement is filled up to here. Lambda bills the first 256 KB of an asynchronous call as one request and
/// each further 64 KB as another, so this is the cheapest size, with room for the envelope.
pub(super) const CHUNK_BYTES: usize = 240_000;
/// What an asynchronous call takes: 1 MB, less room for the envelope.
pub(super) const ASYNC_BYTES: usize = 996_000;
/// What a call takes that waits: 6 MB, less room for the envelope.
pub(super) const SYNC_BYTES: usize = 5_990_000;
/// A drain's call that failed is followed by one of half its size, down to here.
pub(super) const LEAST_DRAIN_BYTES: usize = 64_000;
/// So many events a call of a drain takes at most: beyond them the relay would not be done in its two seconds.
pub(super) const CALL_EVENTS: usize = 10_000;

/// So many events a collection takes in one step, about: some seconds of work.
pub(super) const STEP_EVENTS: usize = 100_000;
/// A step that fails is followed by one of half its size, down to here.
pub(super) const LEAST_STEP_EVENTS: usize = 100;

/// Where a trigger hands its events to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// To a call; the write fails if it does.
    Call,
    /// To a call; one that fails is a warning.
    CallOrWarn,
    /// To a call; what it does not take is kept in the outbox.
    CallOrKeep,
    /// To the table's own queue, as typed values. A drain makes events of them.
    Queue,
    /// To the outbox, and from there to calls when the transaction commits.
    OutboxAtCommit,
}

impl Way {
    pub(super) fn of(table: &TableDesc) -> Self {
        match (table.delivery(), table.on_failure()) {
            (Delivery::Outbox, _) => Self::Queue,
            (Delivery::Commit, _) => Self::OutboxAtCommit,
            (Delivery::Sync, _) | (Delivery::Async, OnFailure::Abort) => Self::Call,
            (Delivery::Async, OnFailure::Warn) => Self::CallOrWarn,
            (Delivery::Async, OnFailure::Outbox) => Self::CallOrKeep,
        }
    }

    /// Whether the trigger makes the calls itself.
    pub(super) fn calls(self) -> bool {
        matches!(self, Self::Call | Self::CallOrWarn | Self::CallOrKeep)
    }

    /// Whether a failed call lets the write go on.
    pub(super) fn counts_failures(self) -> bool {
        matches!(self, Self::CallOrWarn | Self::CallOrKeep)
    }

    /// Whether the write goes on whatever happens to its events.
    pub(super) fn warns(self) -> bool {
        self == Self::CallOrWarn
    }

    /// Whether an error that an altered table causes is told in other words. That takes an EXCEPTION block, a
    /// subtransaction, which costs nothing beside a call, but must not be around a write of the outbox.
    pub(super) fn explains_misfits(self) -> bool {
        matches!(self, Self::Call | Self::CallOrWarn)
    }

    /// Whether an event can stand in the outbox.
    pub(super) fn has_outbox(self) -> bool {
        !matches!(self, Self::Call | Self::CallOrWarn)
    }

    /// True if the trigger itself writes its events into a table of ours.
    pub(super) fn stores_events(self) -> bool {
        matches!(self, Self::Queue | Self::OutboxAtCommit)
    }

    /// True if an event gets its number where it is written. What waits for a drain gets it there.
    pub(super) fn numbers_events(self) -> bool {
        self.calls() || self.sends_at_commit()
    }

    /// True if the table has a queue of its own.
    pub(super) fn has_queue(self) -> bool {
        self == Self::Queue
    }

    /// A write goes on though its table no longer fits the struct.
    pub(super) fn keeps_misfits(self) -> bool {
        self.has_outbox()
    }

    pub(super) fn sends_at_commit(self) -> bool {
        self == Self::OutboxAtCommit
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call | Self::CallOrWarn | Self::CallOrKeep => write!(
                f,
                "handed to the relay in calls of at most {} KB",
                CHUNK_BYTES / 1000
            ),
            Self::Queue => f.write_str("put into its queue for aurora_trigger.drain()"),
            Self::OutboxAtCommit => {
                f.write_str("put into the outbox, and sent at the end of COMMIT")
            }
        }
    }
}
