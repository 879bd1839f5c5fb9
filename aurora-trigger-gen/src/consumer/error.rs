use std::error::Error;
use std::fmt;

use crate::error::DecodeError;
use crate::wire::AggregateError;

/// Why the next change of a record can't be delivered.
///
/// The text is fit for a log: it names table and event, and holds no value of a row. The text of `Debug` can hold values.
///
/// ```
/// use aurora_trigger_gen::{ConsumeError, DecodeError};
///
/// let error = ConsumeError::Decode(DecodeError::UnknownTable {
///     schema: "sales".to_owned(),
///     table: "refunds".to_owned(),
///     id: "5d1c-1042".to_owned(),
/// });
/// assert_eq!(
///     error.to_string(),
///     "event 5d1c-1042 is of sales.refunds, a table that this consumer does not know: add a variant for it, or take \
///      unknown tables with `#[stream(other)] Other(UnknownChange)`"
/// );
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ConsumeError {
    /// The record has the checksum of an aggregate, and its content is none.
    Aggregate(AggregateError),
    /// The record, or a part of an aggregated record, can't be decoded.
    Decode(DecodeError),
}

impl ConsumeError {
    /// Whether the bytes come from another program. A stream that several programs write to has such records: pass over
    /// them with [`Changes::skip`](crate::Changes::skip).
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        matches!(self, Self::Decode(DecodeError::Foreign { .. }))
    }
}

impl fmt::Display for ConsumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aggregate(error) => error.fmt(f),
            Self::Decode(error) => f.write_str(&error.without_values()),
        }
    }
}

/// Without a source: the text of a source can hold values, and an error is logged with its sources.
impl Error for ConsumeError {}
