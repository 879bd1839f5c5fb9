#![cfg_attr(docsrs, feature(doc_cfg))]
//! The Lambda function between aurora-trigger's database triggers and a Kinesis data stream.
//!
//! [`run`] is all that an app's relay needs in its `main`. [`Relay`] is what stands behind it: the payload of a call goes
//! in, each event is checked against the struct of its table and becomes a record of the stream, or is refused with a
//! reason, and the answer comes out.
//!
//! # What is promised
//!
//! - **Nothing is lost.** An event is in the stream, or refused by number and reason, or the call fails and says which
//!   events are in the stream. A payload with `"partial":true` is answered in place of that failure, with the numbers of the
//!   events that are left open, and why: `{"accepted":n,"refused":[…],"open":[seq,…],"reason":"…"}`. What is open of a row
//!   is always the end of its events, so its order is kept if they are sent again.
//! - **Order.** A record is sent only after every earlier record of its partition key, in the order of the payload, has
//!   been acknowledged by Kinesis. Where a payload has the events of one row in one transaction in another order than that
//!   in which each image before is the image after of the one before, they are put into that order.
//! - **At least once.** Where an answer of Kinesis was lost, a record is there twice, with the same `id`.
//!
//! # Keys that change often
//!
//! Kinesis acknowledges each record of a request by itself, so a request holds one record of a key, and a thousand changes
//! of one key in one call are a thousand requests, one after the other. With `RELAY_AGGREGATION=hot-keys` changes of one key
//! that follow each other go into one record in the aggregation format of the Kinesis Producer Library, up to the record
//! limit. It is off by default since not every reader of a stream takes that format apart: the Kinesis Client Library and
//! Firehose do, a Lambda function does by [`split`] (in `aurora_trigger_gen::wire`, too, so that a consumer does without
//! this crate), Redshift's streaming ingestion does not.
//!
//! # Features
//!
//! `local` adds the module `local`: a throwaway PostgreSQL and local stand-ins for Lambda and Kinesis, for development and
//! tests.

mod answer;
#[doc(hidden)]
pub mod bench;
mod call_error;
mod causes;
mod configuration;
mod deadline;
mod delivery;
mod log;
mod metrics;
mod payload;
mod plan;
mod record;
mod relay;
mod relayed;
mod run;
mod undelivered;

#[cfg(feature = "local")]
pub mod local;

pub use aurora_trigger_gen::wire::{AggregateError, split};
pub use call_error::CallError;
pub use configuration::{Configuration, ConfigurationError};
pub use metrics::Metrics;
pub use payload::{PayloadError, Refused, partition_key};
pub use relay::{Handled, Relay};
pub use relayed::{Relayed, StreamRecord, relay};
pub use run::run;
