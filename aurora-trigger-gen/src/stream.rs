//! The two traits that the derive macros write.

use serde::de::DeserializeOwned;

use crate::describe::TableDesc;
use crate::error::{DecodeError, ImageError};
use crate::row_key::KeyMembers;
use crate::wire::{CONNECTOR, Record};

/// A struct that is a table's row. Derived: `#[derive(StreamTrigger)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no streamed table",
    note = "put `#[derive(serde::Deserialize, aurora_trigger_gen::StreamTrigger)]` and `#[stream(table = \"schema.table\", delivery = \"…\")]` on the struct"
)]
pub trait StreamTrigger: DeserializeOwned {
    /// The table, its columns, and how its changes are captured.
    const TABLE: TableDesc;

    /// Reads the key of a record, and keeps nothing of it. A table without key columns takes any key.
    ///
    /// # Errors
    ///
    /// A key column that is missing, or has a value of another type.
    #[doc(hidden)]
    fn check_key(key: &KeyMembers<'_>) -> Result<(), ImageError> {
        let _ = key;
        Ok(())
    }
}

/// A row of a table with key columns. Derived with [`StreamTrigger`], from the fields with `#[stream(key)]`.
#[diagnostic::on_unimplemented(
    message = "the table of `{Self}` has no key columns",
    note = "mark the fields of the key with `#[stream(key)]`"
)]
pub trait Keyed {
    /// The type of the field where the key has one column, and the tuple of the fields' types where it has several.
    type Key;

    /// The row's key.
    fn key(&self) -> Self::Key;

    /// Reads the key of a record.
    ///
    /// # Errors
    ///
    /// A key column that is missing, or has a value of another type.
    #[doc(hidden)]
    fn read_key(key: &KeyMembers<'_>) -> Result<Self::Key, ImageError>;
}

/// A change of one table: [`Change<T>`](crate::Change). It lets `#[derive(ChangeStream)]` ask a variant's type for its
/// table instead of guessing from its tokens.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no change of a table",
    note = "a variant of a `ChangeStream` holds a `Change<T>`, where `T` derives `StreamTrigger`"
)]
pub trait TableChange: Sized {
    /// The table.
    const TABLE: &'static TableDesc;

    /// Reads the change out of a record of this table.
    ///
    /// # Errors
    ///
    /// An image that is missing, does not decode, or holds a value that its type would alter.
    fn from_record(record: &Record<'_>) -> Result<Self, DecodeError>;

    /// Checks one image as [`from_record`](Self::from_record) does, and keeps nothing of it.
    ///
    /// # Errors
    ///
    /// An image that does not decode, or holds a value that its type would alter.
    fn check_image(image: &str) -> Result<(), ImageError>;
}

/// The check of an image of one table: [`TableChange::check_image`].
pub type ImageCheck = fn(&str) -> Result<(), ImageError>;

/// An enum over the tables of one stream. Derived: `#[derive(ChangeStream)]`.
///
/// `emit-sql` renders these tables, the relay routes by them, and a consumer's `match` over the enum is exhaustive: a
/// new table is a compile error in every consumer that has not handled it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no stream of tables",
    note = "put `#[derive(aurora_trigger_gen::ChangeStream)]` on the enum that lists the tables: `enum Shop {{ Order(Change<Order>), … }}`"
)]
pub trait ChangeStream: Sized {
    /// The tables, in the order of the variants.
    const TABLES: &'static [&'static TableDesc];

    /// For each of [`TABLES`](Self::TABLES) the check of its images, in the same order.
    const CHECKS: &'static [ImageCheck];

    /// Reads a record that was parsed.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode), but for text that is no record.
    fn from_record(record: &Record<'_>) -> Result<Self, DecodeError>;

    /// Reads one record of the stream: the way in for a consumer.
    ///
    /// # Errors
    ///
    /// Bytes of another program; an event in a form that this version does not read; a table that no variant names, unless one takes the others; an image that is missing,
    /// does not decode, or holds a value that its type would alter.
    fn decode(record: &[u8]) -> Result<Self, DecodeError> {
        Self::from_record(&parse(record)?)
    }
}

/// Reads a record of aurora-trigger, of any table.
pub(crate) fn parse(bytes: &[u8]) -> Result<Record<'_>, DecodeError> {
    match Record::parse(bytes) {
        Ok(record) if record.source.connector == CONNECTOR => Ok(record),
        Ok(record) => Err(DecodeError::Foreign {
            reason: format!("its connector is {:?}", record.source.connector),
        }),
        Err(error) => Err(DecodeError::not_a_record(bytes, &error)),
    }
}
