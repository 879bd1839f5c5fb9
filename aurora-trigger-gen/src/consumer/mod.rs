//! Consumers of the stream: each change once, in order per row.

mod changes;
mod deduplicator;
mod error;
#[cfg(feature = "lambda")]
mod lambda;
mod recent_rows;
mod subject;

pub use changes::Changes;
pub use deduplicator::Deduplicator;
pub use error::ConsumeError;
#[cfg(feature = "lambda")]
pub use lambda::BatchChanges;
