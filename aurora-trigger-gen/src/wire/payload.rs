use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Operation;

/// What one call of the database holds: changes of one or more tables.
///
/// Reading it borrows: the images stay where they are.
///
/// ```
/// use aurora_trigger_gen::wire::{Operation, Payload};
///
/// let text = r#"{"aurora_trigger":1,"invocation":"Event","batches":[{
///     "source":{"db":"shop","schema":"sales","table":"orders","fingerprint":"9f3a6c1e","epoch":1,
///               "txId":7451,"ts_us":1795350000123456,"capture":"5d1c","snapshot":false},
///     "events":[{"seq":1042,"op":"c","before":null,"after":{"id":42}}]}]}"#;
/// let payload = Payload::parse(text.as_bytes())?;
/// let event = &payload.batches[0].events[0];
/// assert_eq!(event.operation, Operation::Create);
/// assert_eq!(event.after.map(|image| image.get()), Some(r#"{"id":42}"#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Deserialize, Serialize)]
pub struct Payload<'a> {
    /// The version of the format: [`FORMAT_VERSION`](super::FORMAT_VERSION).
    #[serde(rename = "aurora_trigger")]
    pub version: u32,
    /// Whether somebody waits for an answer.
    pub invocation: Invocation,
    /// Whether all is to be checked and answered, and nothing written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Whether the caller takes a part for an answer: a call that can't write all before its time is up is answered with
    /// the numbers of the events that are left open, in place of failing. Without effect where nobody waits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// How many dead letters the database keeps, counted to a thousand. Only a drain tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<u64>,
    /// The changes, in the order in which they were captured.
    #[serde(borrow)]
    pub batches: Vec<Batch<'a>>,
}

impl<'a> Payload<'a> {
    /// Reads a payload.
    ///
    /// # Errors
    ///
    /// Text that is not JSON, or not of this form: a missing, duplicate or mistyped field. Unknown fields are passed
    /// over, so that a newer database can add some.
    pub fn parse(text: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(text)
    }
}

/// How the database made the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum Invocation {
    /// Nobody waits: Lambda queues the payload.
    Event,
    /// The write waits for the answer.
    RequestResponse,
}

/// Changes of one table, captured by one statement.
#[derive(Debug, Deserialize, Serialize)]
pub struct Batch<'a> {
    /// Where they come from.
    #[serde(borrow)]
    pub source: BatchSource<'a>,
    /// The changes.
    pub events: Vec<Event<'a>>,
}

/// Where the changes of a batch come from.
#[derive(Debug, Deserialize, Serialize)]
pub struct BatchSource<'a> {
    /// The database.
    #[serde(borrow)]
    pub db: Cow<'a, str>,
    /// The schema of the table.
    #[serde(borrow)]
    pub schema: Cow<'a, str>,
    /// The table.
    #[serde(borrow)]
    pub table: Cow<'a, str>,
    /// The contract by which the images were written.
    #[serde(borrow)]
    pub fingerprint: Cow<'a, str>,
    /// The epoch, by which numbers that come again after a restore are told apart: see
    /// [`Sequence`](super::Sequence).
    pub epoch: i64,
    /// The transaction's number.
    #[serde(rename = "txId")]
    pub tx_id: u64,
    /// When the changes were captured: microseconds since 1970 in UTC, by the database's clock.
    pub ts_us: i64,
    /// A random number of this capture, which makes the events' ids unique.
    #[serde(borrow)]
    pub capture: Cow<'a, str>,
    /// Whether these are rows read by a backfill.
    pub snapshot: bool,
}

/// One change.
#[derive(Debug, Deserialize, Serialize)]
pub struct Event<'a> {
    /// Its number, and its place in the order of the database's changes, unless `position` says another.
    pub seq: u64,
    /// Its place in the order, where that is not its `seq`: the database restored the chain of a row's changes in a
    /// transaction, and exchanged their places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// What happened.
    #[serde(rename = "op")]
    pub operation: Operation,
    /// The row before, as PostgreSQL wrote it.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub before: Option<&'a RawValue>,
    /// The row after, as PostgreSQL wrote it.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub after: Option<&'a RawValue>,
    /// Its key, in place of the images, of an event that is too big.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub key: Option<&'a RawValue>,
    /// Whether the event was too big and is reduced to its key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub oversized: bool,
}

impl Event<'_> {
    /// Its place in the order of the database's changes.
    #[must_use]
    pub fn place(&self) -> u64 {
        self.position.unwrap_or(self.seq)
    }
}
