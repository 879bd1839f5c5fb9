//! The Lambda function between aurora-trigger's database triggers and a Kinesis data stream.
//!
//! What it does with a payload is one pure function, [`relay`]: every event is checked against the
//! struct of its table and becomes a record of the stream, or is refused with a reason.
//!
//! Feature `local` adds [`local`]: a throwaway PostgreSQL, a local Lambda endpoint and a local Kinesis,
//! for development and tests.

mod relay;

#[cfg(feature = "local")]
pub mod local;

pub use relay::{PayloadError, Refused, Relayed, relay};
