//! The decisions of `#[stream(…)]`, one enum each.

/// When the call is made, and so what a lost call costs: `delivery = "…"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// In the statement, without waiting for the relay (`Event`).
    Async,
    /// In the statement, waiting for the relay's answer (`RequestResponse`); a call that fails makes the write fail.
    Sync,
    /// At the end of COMMIT, without waiting for the relay (`Event`): the transaction's events in as few calls as the
    /// limits allow. What fails stays in the outbox.
    Commit,
    /// After COMMIT, by `aurora_trigger.drain()`, which waits for the relay's answer (`RequestResponse`): the write puts
    /// its events into the outbox, and makes no call.
    Outbox,
}

impl Delivery {
    /// What a failed call does to the write, where the author says nothing of it.
    pub(super) const fn on_failure(self) -> OnFailure {
        match self {
            Self::Async => OnFailure::Warn,
            Self::Sync => OnFailure::Abort,
            Self::Commit | Self::Outbox => OnFailure::Outbox,
        }
    }
}

/// What a failed call does to the write: `on_failure = "…"`, for [`Delivery::Async`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnFailure {
    /// The write goes on, a WARNING says what was not sent.
    Warn,
    /// The write fails with the call's error.
    Abort,
    /// The write goes on, and its events are in the outbox, which `aurora_trigger.drain()` sends.
    Outbox,
}

/// How triggers see the writes: `level = "…"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Once per statement, over its transition tables.
    Statement,
    /// Once per row: also sees writes straight into a partition, at one call per row.
    Row,
}

/// Which statements are captured: `ops = "insert, update, delete, truncate"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operations {
    /// INSERT, COPY, and the inserting side of `ON CONFLICT` and MERGE.
    pub insert: bool,
    /// UPDATE, and the updating side of `ON CONFLICT` and MERGE.
    pub update: bool,
    /// DELETE.
    pub delete: bool,
    /// TRUNCATE.
    pub truncate: bool,
}

/// What becomes of an UPDATE that left the streamed image as it was: `unchanged = "…"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unchanged {
    /// It is left out.
    Skip,
    /// It is sent.
    Emit,
}

/// What becomes of an event that is too big for its way: `oversize = "…"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Oversize {
    /// Its key is sent, with `"oversized":true`.
    KeyOnly,
    /// It is kept whole in `aurora_trigger.dead_letter`.
    DeadLetter,
}

/// What is sent in place of a column's value: `mask = "…"`, `mask_sql = "…"`. NULL stays NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mask {
    /// The text `***`.
    Redact,
    /// `***` and the last four characters; a value of four characters or fewer is redacted whole.
    LastFour,
    /// HMAC-SHA-256 (RFC 2104) of the value's text in UTF-8, as 64 hexadecimal digits in lower case. The key is the
    /// database's: `aurora_trigger.set_mask_key(key bytea)`. Equal values have equal hashes, which nobody can guess
    /// back without the key.
    Sha256,
    /// What this SQL makes of the value, which it knows as `value`, a text. The text `***` where that is NULL or fails.
    Sql(&'static str),
}
