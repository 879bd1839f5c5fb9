//! From the bytes of a call to events that may go into the stream, each checked, with its key, in an order that keeps
//! every row's chain whole; and to refusals with reasons.

mod chain;
mod event;
mod image;
mod lenient;
mod partition_key;
mod read;
mod tables;

pub(crate) use event::{Accepted, Source};
pub use partition_key::partition_key;
pub(crate) use read::{Checked, Parsed, Rejected, Written, check};
pub use read::{PayloadError, Refused};
pub(crate) use tables::{StreamTable, Tables};
