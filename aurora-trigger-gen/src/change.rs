//! A change as a consumer gets it.

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use crate::describe::TableDesc;
use crate::error::{DecodeError, ImageError};
use crate::row_key::Key;
use crate::stream::{Keyed, StreamTrigger, TableChange};
use crate::wire::{Operation, Record, Sequence};
use crate::{check, checked_row};

/// A change of a row, or a TRUNCATE, of the table that `T` describes.
///
/// The fields hold everything; the methods answer the usual questions. To test a consumer, build a change with
/// [`new`](Self::new):
///
/// ```
/// # #[cfg(feature = "derive")]
/// # fn main() {
/// use aurora_trigger_gen::wire::{Operation, Sequence};
/// use aurora_trigger_gen::{Change, ChangeEvent, Effect, Source, StreamTrigger};
/// # use serde::Deserialize;
///
/// #[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
/// #[stream(table = "sales.customers", delivery = "async")]
/// struct Customer {
///     #[stream(key)]
///     id: i64,
///     name: String,
/// }
///
/// let ada = Customer { id: 42, name: "Ada".to_owned() };
/// let source = Source::new("shop", &Customer::TABLE, Sequence { epoch: 1, seq: 1042 });
/// let change = Change::new(source, ChangeEvent::deleted(ada.clone()));
/// assert_eq!(change.operation(), Operation::Delete);
/// assert_eq!(change.key(), Some(42));
/// assert_eq!(change.before(), Some(&ada));
/// assert_eq!(change.after(), None);
/// assert_eq!(change.effect(), Effect::Delete(42));
/// # }
/// # #[cfg(not(feature = "derive"))]
/// # fn main() {}
/// ```
///
/// `Serialize` writes an object with `op`, `before`, `after`, `oversized_key`, where there are any, and `source`. It is
/// for logs and tests: the records of the stream have another form.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<T> {
    /// Where and when the change happened.
    pub source: Source,
    /// What happened to the row.
    pub event: ChangeEvent<T>,
}

/// What happened to a row. Images are whole.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeEvent<T> {
    /// The row was inserted, or entered the subset that `when` keeps.
    Created(Box<T>),
    /// The row was updated, and has the same key as before.
    Updated {
        /// The row before.
        before: Box<T>,
        /// The row after.
        after: Box<T>,
    },
    /// The row was deleted, or left the subset that `when` keeps. The image is the row before.
    Deleted(Box<T>),
    /// The row was read by a backfill.
    Read(Box<T>),
    /// The table was truncated: delete the rows whose last change has a smaller sequence.
    Truncated,
    /// The change was too large to be sent: fetch the row by its key.
    Oversized {
        /// What happened to the row.
        operation: Operation,
        /// The row's key.
        key: Key<T>,
    },
}

/// What a copy of a table has to do with a change: [`Change::effect`].
#[derive(Debug, Clone, PartialEq)]
pub enum Effect<'a, T: Keyed> {
    /// Insert the row, or replace the row with the same key.
    Upsert(&'a T),
    /// Delete the row with this key.
    Delete(T::Key),
    /// Delete the rows whose last change has a smaller sequence than this one.
    Truncate,
    /// Fetch the row with this key from the database and store it. If the row is gone, delete it.
    Fetch(T::Key),
}

/// Where and when a change happened, and its place in the order of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The database.
    pub db: String,
    /// The schema of the table.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The change's identity, the same in each copy of the change.
    pub id: String,
    /// The change's place in order: a change with a smaller sequence than the last one of the row is older.
    pub sequence: Sequence,
    /// The transaction's number.
    pub tx_id: u64,
    /// When the change was captured: microseconds since 1970 in UTC, by the database's clock.
    pub ts_us: i64,
    /// The contract by which the images were written.
    pub fingerprint: String,
}

impl Source {
    /// The source of a change of this table, for a test of a consumer. `id` is made of the sequence; `tx_id` and `ts_us`
    /// are 0.
    #[must_use]
    pub fn new(db: &str, table: &TableDesc, sequence: Sequence) -> Self {
        Self {
            db: db.to_owned(),
            schema: table.schema().to_owned(),
            table: table.table().to_owned(),
            id: format!("{}-{}", sequence.epoch, sequence.seq),
            sequence,
            tx_id: 0,
            ts_us: 0,
            fingerprint: table.fingerprint(),
        }
    }

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

impl<T> ChangeEvent<T> {
    /// [`Created`](Self::Created).
    #[must_use]
    pub fn created(after: T) -> Self {
        Self::Created(Box::new(after))
    }

    /// [`Updated`](Self::Updated).
    #[must_use]
    pub fn updated(before: T, after: T) -> Self {
        Self::Updated {
            before: Box::new(before),
            after: Box::new(after),
        }
    }

    /// [`Deleted`](Self::Deleted).
    #[must_use]
    pub fn deleted(before: T) -> Self {
        Self::Deleted(Box::new(before))
    }

    /// [`Read`](Self::Read).
    #[must_use]
    pub fn read(row: T) -> Self {
        Self::Read(Box::new(row))
    }
}

impl<T> Change<T> {
    /// A change of its parts, for a test of a consumer.
    #[must_use]
    pub fn new(source: Source, event: ChangeEvent<T>) -> Self {
        Self { source, event }
    }

    /// What happened to the row.
    pub fn operation(&self) -> Operation {
        match &self.event {
            ChangeEvent::Created(_) => Operation::Create,
            ChangeEvent::Updated { .. } => Operation::Update,
            ChangeEvent::Deleted(_) => Operation::Delete,
            ChangeEvent::Read(_) => Operation::Read,
            ChangeEvent::Truncated => Operation::Truncate,
            ChangeEvent::Oversized { operation, .. } => *operation,
        }
    }

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

    /// The same as [`after`](Self::after), by value.
    pub fn into_after(self) -> Option<T> {
        match self.event {
            ChangeEvent::Created(after)
            | ChangeEvent::Updated { after, .. }
            | ChangeEvent::Read(after) => Some(*after),
            _ => None,
        }
    }
}

impl<T: Keyed> Change<T> {
    /// The row's key; `None` for a TRUNCATE.
    pub fn key(&self) -> Option<T::Key> {
        match &self.event {
            ChangeEvent::Created(row)
            | ChangeEvent::Updated { after: row, .. }
            | ChangeEvent::Deleted(row)
            | ChangeEvent::Read(row) => Some(row.key()),
            ChangeEvent::Oversized { key, .. } => Some(key.typed()),
            ChangeEvent::Truncated => None,
        }
    }

    /// What a copy of the table has to do with the change.
    pub fn effect(&self) -> Effect<'_, T> {
        match &self.event {
            ChangeEvent::Created(row)
            | ChangeEvent::Updated { after: row, .. }
            | ChangeEvent::Read(row) => Effect::Upsert(row),
            ChangeEvent::Deleted(row) => Effect::Delete(row.key()),
            ChangeEvent::Truncated => Effect::Truncate,
            ChangeEvent::Oversized {
                operation: Operation::Delete,
                key,
            } => Effect::Delete(key.typed()),
            ChangeEvent::Oversized { key, .. } => Effect::Fetch(key.typed()),
        }
    }
}

impl<T: Serialize> Serialize for Change<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields<'a, T> {
            op: Operation,
            #[serde(skip_serializing_if = "Option::is_none")]
            before: Option<&'a T>,
            #[serde(skip_serializing_if = "Option::is_none")]
            after: Option<&'a T>,
            #[serde(skip_serializing_if = "Option::is_none")]
            oversized_key: Option<&'a Key<T>>,
            source: &'a Source,
        }

        let oversized_key = match &self.event {
            ChangeEvent::Oversized { key, .. } => Some(key),
            _ => None,
        };
        Fields {
            op: self.operation(),
            before: self.before(),
            after: self.after(),
            oversized_key,
            source: &self.source,
        }
        .serialize(serializer)
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
    let table = &T::TABLE;
    // Known while compiling: a table without such columns has no code for them.
    if const { check::has_check(&T::TABLE) } {
        if let Some(row) = checked_row::decode(table, raw) {
            return row;
        }
        check::image(table, raw)?;
    }
    read(table, raw)
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

fn key<T: StreamTrigger>(record: &Record<'_>) -> Result<Key<T>, DecodeError> {
    record
        .key
        .ok_or_else(ImageError::missing)
        .and_then(Key::parse)
        .map_err(|error| DecodeError::image(record, "key", error))
}

/// A change of a table that the stream's enum does not name: the type of the variant `#[stream(other)]`.
///
/// It is for the time between two deployments, when the database streams a table that this consumer does not know yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownChange {
    /// Where and when the change happened.
    pub source: Source,
    /// What happened to the row.
    pub operation: Operation,
    /// The row's key, in JSON: an object of the key columns. `None` for a TRUNCATE.
    pub key: Option<String>,
    /// Whether the change was too large to be sent, and has no images for that reason.
    pub oversized: bool,
    /// The row before, in JSON.
    pub before: Option<String>,
    /// The row after, in JSON.
    pub after: Option<String>,
}

impl UnknownChange {
    /// The change of a record.
    #[must_use]
    pub fn from_record(record: &Record<'_>) -> Self {
        Self {
            source: Source::from_record(record),
            operation: record.operation,
            key: record.key.map(|key| key.get().to_owned()),
            oversized: record.oversized,
            before: record.before.map(|image| image.get().to_owned()),
            after: record.after.map(|image| image.get().to_owned()),
        }
    }
}
