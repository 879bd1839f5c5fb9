//! From records to a stream that has them: in order per key, within the limits of Kinesis, what failed once more.

mod backoff;
mod kinesis;
mod schedule;
mod send;

pub(crate) use backoff::Backoff;
pub(crate) use kinesis::{Entry, KinesisStream, PutError};
pub(crate) use schedule::{Bundle, Item, Limits, Next, Schedule};
pub(crate) use send::{Delivered, deliver, patiently};
