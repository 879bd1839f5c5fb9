//! The two traits that the derive macros write.

use serde::de::DeserializeOwned;

use crate::describe::TableDesc;
use crate::error::{DecodeError, ImageError};
use crate::wire::Record;

/// A struct that is a table's row. Derived: `#[derive(StreamTrigger)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no streamed table",
    note = "put `#[derive(serde::Deserialize, aurora_trigger_gen::StreamTrigger)]` and `#[stream(table = \"schema.table\", delivery = \"…\")]` on the struct"
)]
pub trait StreamTrigger: DeserializeOwned {
    /// The table, its columns, and how its changes are captured.
    const TABLE: TableDesc;
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
    /// Text that is no record; a table that no variant names, unless one takes the others; an image that is missing,
    /// does not decode, or holds a value that its type would alter.
    fn decode(record: &[u8]) -> Result<Self, DecodeError> {
        let record = Record::parse(record).map_err(|error| DecodeError::NotARecord {
            reason: error.to_string(),
        })?;
        Self::from_record(&record)
    }
}
