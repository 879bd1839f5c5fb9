use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{BatchSource, Event, Operation};
use crate::describe::TableDesc;

/// One change as it stands in the stream: the envelope of Debezium's JSON converter without schemas, our own fields
/// (`key`, `id`, `fingerprint`, `oversized`) additional.
///
/// Reading it borrows: the images stay where they are.
#[derive(Debug, Deserialize, Serialize)]
pub struct Record<'a> {
    /// The row before, as PostgreSQL wrote it.
    #[serde(borrow)]
    pub before: Option<&'a RawValue>,
    /// The row after, as PostgreSQL wrote it.
    #[serde(borrow)]
    pub after: Option<&'a RawValue>,
    /// Where the change comes from.
    #[serde(borrow)]
    pub source: RecordSource<'a>,
    /// What happened.
    #[serde(rename = "op")]
    pub operation: Operation,
    /// When the relay wrote the record: milliseconds since 1970 in UTC.
    pub ts_ms: i64,
    /// The row's key: an object of the key columns, or of those that a table without a key is spread by. Not there in
    /// a TRUNCATE.
    #[serde(borrow, default)]
    pub key: Option<&'a RawValue>,
    /// The change's identity, the same on every try.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The contract by which the images were written.
    #[serde(borrow)]
    pub fingerprint: Cow<'a, str>,
    /// Whether the event was too big and is reduced to its key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub oversized: bool,
}

/// The `connector` of each record: by this, a consumer tells change events of aurora-trigger from other records.
pub const CONNECTOR: &str = "aurora-trigger";

/// Where a change comes from: Debezium's source block.
#[derive(Debug, Deserialize, Serialize)]
pub struct RecordSource<'a> {
    /// The version of the relay.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// [`CONNECTOR`].
    #[serde(borrow)]
    pub connector: Cow<'a, str>,
    /// The logical name of the source: the database.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// When the change was captured: milliseconds since 1970 in UTC.
    pub ts_ms: i64,
    /// The same in microseconds.
    pub ts_us: i64,
    /// Whether the row was read by a backfill: the text `true` or `false`, as Debezium has it.
    #[serde(borrow)]
    pub snapshot: Cow<'a, str>,
    /// The database.
    #[serde(borrow)]
    pub db: Cow<'a, str>,
    /// The schema of the table.
    #[serde(borrow)]
    pub schema: Cow<'a, str>,
    /// The table.
    #[serde(borrow)]
    pub table: Cow<'a, str>,
    /// The transaction's number.
    #[serde(rename = "txId")]
    pub tx_id: u64,
    /// The change's place in the order of the database's changes.
    pub sequence: Sequence,
}

/// A change's place in order, first by epoch, then by number. In JSON the text of an array of two texts, as Debezium
/// has it: `"[\"1795350000123\",\"1042\"]"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence {
    /// The epoch: a new one begins with an installation, and with `aurora_trigger.new_epoch()` after a restore, on a
    /// clone, after a promotion, and when another server takes over.
    ///
    /// It is the time at which it began, in milliseconds since 1970, or one more than the epoch before. So an epoch never
    /// comes again, not even after a removal and a new installation. Older installations counted from 1.
    pub epoch: i64,
    /// The number, from one sequence per database: the event's own, or that of the event with which it exchanged places.
    pub seq: u64,
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[\"{}\",\"{}\"]", self.epoch, self.seq)
    }
}

impl Serialize for Sequence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sequence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Sequence;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"the text of an array of epoch and number: ["1","1042"]"#)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Sequence, E> {
                let parse = || {
                    let [epoch, seq]: [Cow<'_, str>; 2] = serde_json::from_str(text).ok()?;
                    Some(Sequence {
                        epoch: epoch.parse().ok()?,
                        seq: seq.parse().ok()?,
                    })
                };
                parse().ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl<'a> Record<'a> {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// Text that is not JSON, or not of this form. Unknown fields are passed over, so that a newer relay can add some.
    pub fn parse(text: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(text)
    }

    /// The record of an event: `key` an object of its key columns, `ts_ms` the time now.
    #[must_use]
    pub fn new(
        source: &'a BatchSource<'a>,
        event: &'a Event<'a>,
        key: Option<&'a RawValue>,
        ts_ms: i64,
    ) -> Self {
        Self {
            before: event.before,
            after: event.after,
            source: RecordSource {
                version: Cow::Borrowed(env!("CARGO_PKG_VERSION")),
                connector: Cow::Borrowed(CONNECTOR),
                name: Cow::Borrowed(&source.db),
                ts_ms: source.ts_us.div_euclid(1000),
                ts_us: source.ts_us,
                snapshot: Cow::Borrowed(if source.snapshot { "true" } else { "false" }),
                db: Cow::Borrowed(&source.db),
                schema: Cow::Borrowed(&source.schema),
                table: Cow::Borrowed(&source.table),
                tx_id: source.tx_id,
                sequence: Sequence {
                    epoch: source.epoch,
                    seq: event.place(),
                },
            },
            operation: event.operation,
            ts_ms,
            key,
            id: Cow::Owned(format!("{}-{}", source.capture, event.seq)),
            fingerprint: Cow::Borrowed(&source.fingerprint),
            oversized: event.oversized,
        }
    }

    /// Whether the change is one of this table.
    #[must_use]
    pub fn is_of(&self, table: &TableDesc) -> bool {
        self.source.schema == table.schema() && self.source.table == table.table()
    }
}
