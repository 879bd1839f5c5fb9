//! A change as a consumer gets it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::check;
use crate::describe::TableDesc;
use crate::error::{DecodeError, ImageError};
use crate::stream::{StreamTrigger, TableChange};
use crate::wire::{Operation, Record, Sequence};

/// One change of a row of the table that `T` describes.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<T> {
    /// Where and when it happened.
    pub source: Source,
    /// What happened.
    pub event: ChangeEvent<T>,
}

/// What happened to a row. Images are whole.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeEvent<T> {
    /// The row came into being, or entered the subset that `when` keeps.
    Created(Box<T>),
    /// The row changed and kept its key.
    Updated {
        /// The row before.
        before: Box<T>,
        /// The row after.
        after: Box<T>,
    },
    /// The row is gone, or left the subset that `when` keeps; this is what it was.
    Deleted(Box<T>),
    /// The row was read by a backfill.
    Read(Box<T>),
    /// All rows that came before are gone.
    Truncated,
    /// The change was too big for its way: this row, fetch it.
    Oversized {
        /// What happened to it.
        operation: Operation,
        /// Which row it was.
        key: Key,
    },
}

/// Where and when a change happened, and its place in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The database.
    pub db: String,
    /// The schema of the table.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The change's identity, the same on every try: drop what you have seen.
    pub id: String,
    /// The change's place in order: drop what is not newer than what you have for the key.
    pub sequence: Sequence,
    /// The transaction's number.
    pub tx_id: u64,
    /// When the change was captured: microseconds since 1970 in UTC, by the database's clock.
    pub ts_us: i64,
    /// The contract by which the images were written.
    pub fingerprint: String,
}

impl Source {
    fn from_record(record: &Record<'_>) -> Self {
        let source = &record.source;
        Self {
            db: source.db.to_string(),
            schema: source.schema.to_string(),
            table: source.table.to_string(),
            id: record.id.to_string(),
            sequence: source.sequence,
            tx_id: source.tx_id,
            ts_us: source.ts_us,
            fingerprint: record.fingerprint.to_string(),
        }
    }
}

/// The key of a row, by the JSON names of its columns.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Key(BTreeMap<String, Value>);

impl Key {
    /// A part of the key, as the struct's field has it.
    ///
    /// # Errors
    ///
    /// A name that is not in the key, or a value that is not a `V`. An `f32` is rounded twice, first to an `f64`.
    ///
    /// ```
    /// use aurora_trigger_gen::Key;
    ///
    /// let key: Key = serde_json::from_str(r#"{"id":42}"#)?;
    /// assert_eq!(key.get::<i64>("id")?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get<V: DeserializeOwned>(&self, name: &str) -> serde_json::Result<V> {
        V::deserialize(self.0.get(name).unwrap_or(&Value::Null))
    }

    /// The parts of the key, by their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<T> Change<T> {
    /// The row before the change, where there was one and the event holds it.
    pub fn before(&self) -> Option<&T> {
        match &self.event {
            ChangeEvent::Updated { before, .. } | ChangeEvent::Deleted(before) => Some(before),
            _ => None,
        }
    }

    /// The row after the change, where there is one and the event holds it.
    pub fn after(&self) -> Option<&T> {
        match &self.event {
            ChangeEvent::Created(after)
            | ChangeEvent::Updated { after, .. }
            | ChangeEvent::Read(after) => Some(after),
            _ => None,
        }
    }
}

impl<T: StreamTrigger> TableChange for Change<T> {
    const TABLE: &'static TableDesc = &T::TABLE;

    fn from_record(record: &Record<'_>) -> Result<Self, DecodeError> {
        let before = || image::<T>(record, "before");
        let after = || image::<T>(record, "after");
        let event = if record.oversized {
            ChangeEvent::Oversized {
                operation: record.operation,
                key: key::<T>(record)?,
            }
        } else {
            match record.operation {
                Operation::Create => ChangeEvent::Created(after()?),
                Operation::Update => ChangeEvent::Updated {
                    before: before()?,
                    after: after()?,
                },
                Operation::Delete => ChangeEvent::Deleted(before()?),
                Operation::Read => ChangeEvent::Read(after()?),
                Operation::Truncate => ChangeEvent::Truncated,
            }
        };
        Ok(Self {
            source: Source::from_record(record),
            event,
        })
    }

    fn check_image(image: &str) -> Result<(), ImageError> {
        decode::<T>(image).map(drop)
    }
}

fn image<T: StreamTrigger>(
    record: &Record<'_>,
    which: &'static str,
) -> Result<Box<T>, DecodeError> {
    let raw = if which == "before" {
        record.before
    } else {
        record.after
    };
    raw.ok_or_else(ImageError::missing)
        .and_then(|raw| decode(raw.get()))
        .map(Box::new)
        .map_err(|error| DecodeError::image(record, which, error))
}

fn decode<T: StreamTrigger>(raw: &str) -> Result<T, ImageError> {
    check::image(&T::TABLE, raw)?;
    read(&T::TABLE, raw)
}

fn read<T: DeserializeOwned>(table: &TableDesc, raw: &str) -> Result<T, ImageError> {
    serde_json::from_str(raw).map_err(|error| {
        // Once more, since to keep the path takes longer.
        let mut json = serde_json::Deserializer::from_str(raw);
        match serde_path_to_error::deserialize::<_, T>(&mut json) {
            Err(error) => ImageError::in_table(table, error),
            Ok(_) => error.into(),
        }
    })
}

fn key<T: StreamTrigger>(record: &Record<'_>) -> Result<Key, DecodeError> {
    record
        .key
        .ok_or_else(ImageError::missing)
        .and_then(|raw| {
            // `Key::get` knows nothing of the columns.
            check::image(&T::TABLE, raw.get())?;
            read(&T::TABLE, raw.get())
        })
        .map_err(|error| DecodeError::image(record, "key", error))
}

/// A change of a table that the stream's enum does not name: what `#[stream(other)]` takes.
///
/// It is for the time between two deployments, when the database already streams a table that this consumer does not
/// know yet.
#[derive(Debug, Clone, PartialEq)]
pub struct UnknownChange {
    /// Where and when it happened.
    pub source: Source,
    /// What happened.
    pub operation: Operation,
    /// The row before, in JSON.
    pub before: Option<String>,
    /// The row after, in JSON.
    pub after: Option<String>,
}

impl UnknownChange {
    /// What is known of the change.
    #[must_use]
    pub fn from_record(record: &Record<'_>) -> Self {
        Self {
            source: Source::from_record(record),
            operation: record.operation,
            before: record.before.map(|image| image.get().to_owned()),
            after: record.after.map(|image| image.get().to_owned()),
        }
    }
}
