use std::error::Error;
use std::fmt;

use crate::error::{DecodeError, without_values};
use crate::wire::AggregateError;

/// Why a record of the stream was not processed to its end.
///
/// Its text is fit for a log: it holds no value of a row, unless the app's own error does. What `Debug` shows can.
///
/// ```
/// use aurora_trigger_gen::ProcessError;
///
/// let error = serde_json::from_str::<i64>(r#""secret""#).unwrap_err();
/// let error: ProcessError<&str> = ProcessError::NotARecord(error);
/// assert_eq!(error.to_string(), "this is no change event: invalid type, expected i64");
/// assert_eq!(ProcessError::Handler("the database is away").to_string(), "the database is away");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ProcessError<E> {
    /// It looks like an aggregate of several changes, and is none that can be read.
    Aggregate(AggregateError),
    /// It, or a part of it, is not JSON or no change event.
    NotARecord(serde_json::Error),
    /// The change is of a table that the stream's enum does not know, or does not fit its struct.
    Decode(DecodeError),
    /// What the app does with the change has failed.
    Handler(E),
}

impl<E: fmt::Display> fmt::Display for ProcessError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aggregate(error) => error.fmt(f),
            Self::NotARecord(error) => {
                write!(f, "this is no change event: {}", without_values(error))
            }
            Self::Decode(error) => f.write_str(&error.without_values()),
            Self::Handler(error) => error.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for ProcessError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // Their texts can hold values, and whoever logs an error logs its sources too.
            Self::Aggregate(_) | Self::NotARecord(_) | Self::Decode(_) => None,
            Self::Handler(error) => error.source(),
        }
    }
}
