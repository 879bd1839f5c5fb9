//! The two wire formats: what the database hands to the relay, and what the relay writes into the stream.
//!
//! Both are public contracts. None of their types uses serde's `flatten`, `tag` or `untagged`, which would break raw
//! values and big numbers: an image stays the bytes that PostgreSQL wrote.

#[cfg(feature = "aggregation")]
mod aggregate;
mod operation;
mod payload;
mod record;

#[cfg(feature = "aggregation")]
pub use aggregate::{Aggregate, AggregateError, split};
pub use operation::Operation;
pub use payload::{Batch, BatchSource, Event, Invocation, Payload};
pub use record::{CONNECTOR, Record, RecordSource, Sequence};

/// The version of the format between database and relay: the value of `"aurora_trigger"` in a payload.
pub const FORMAT_VERSION: u32 = 1;
