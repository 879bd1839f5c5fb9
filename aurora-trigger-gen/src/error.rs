//! Why a record could not be read.

use std::error::Error;
use std::fmt;

use crate::wire::Record;

/// Why a record of the stream could not be read.
///
/// Its text can hold values of the row: log it only where these may be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// It is not JSON, or no change event.
    NotARecord {
        /// What was expected and where.
        reason: String,
    },
    /// No variant of the enum is for this table.
    UnknownTable {
        /// The schema of the table.
        schema: String,
        /// The table.
        table: String,
    },
    /// An image does not fit the struct.
    Image {
        /// The schema of the table.
        schema: String,
        /// The table.
        table: String,
        /// The event's identity.
        id: String,
        /// `before`, `after` or `key`.
        image: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl DecodeError {
    /// The error for a record of a table that no variant names.
    #[must_use]
    pub fn unknown_table(record: &Record<'_>) -> Self {
        Self::UnknownTable {
            schema: record.source.schema.to_string(),
            table: record.source.table.to_string(),
        }
    }

    pub(crate) fn image(record: &Record<'_>, image: &'static str, reason: String) -> Self {
        Self::Image {
            schema: record.source.schema.to_string(),
            table: record.source.table.to_string(),
            id: record.id.to_string(),
            image,
            reason,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARecord { reason } => write!(f, "this is no change event: {reason}"),
            Self::UnknownTable { schema, table } => write!(
                f,
                "this consumer knows no table {schema}.{table}: add a variant for it, or take what is unknown with \
                 `#[stream(other)] Other(UnknownChange)`"
            ),
            Self::Image {
                schema,
                table,
                id,
                image,
                reason,
            } => write!(
                f,
                "the {image} of event {id} of {schema}.{table} does not fit its struct: {reason}"
            ),
        }
    }
}

impl Error for DecodeError {}
