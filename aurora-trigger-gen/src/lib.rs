#![cfg_attr(docsrs, feature(doc_cfg))]
//! Change data capture out of Aurora and RDS PostgreSQL, checked by the compiler.
//!
//! One struct is the contract for four things: the SQL that captures a row, the table that it must
//! match, the relay that checks what passes, and the consumer that reads it.
//!
//! ```
//! # #[cfg(feature = "derive")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use aurora_trigger_gen::{Change, ChangeEvent, ChangeStream, StreamTrigger};
//! use serde::Deserialize;
//!
//! #[derive(Debug, Deserialize, StreamTrigger)]
//! #[stream(table = "sales.customers", delivery = "async")]
//! struct Customer {
//!     #[stream(key)]
//!     id: i64,
//!     name: String,
//!     #[stream(mask = "last4")]
//!     email: Option<String>,
//! }
//!
//! #[derive(Debug, ChangeStream)]
//! enum Shop {
//!     Customer(Change<Customer>),
//! }
//!
//! // A record of the stream, as a consumer gets it.
//! let record = br#"{
//!     "before": null,
//!     "after": {"id": 42, "name": "Ada", "email": "***.com"},
//!     "source": {"version": "0.1.0", "connector": "aurora-trigger", "name": "shop",
//!                "ts_ms": 1795350000123, "ts_us": 1795350000123456, "snapshot": "false",
//!                "db": "shop", "schema": "sales", "table": "customers", "txId": 7451,
//!                "sequence": "[\"1\",\"1042\"]"},
//!     "op": "c", "ts_ms": 1795350000130,
//!     "key": {"id": 42}, "id": "5d1c-1042", "fingerprint": "9f3a6c1e"
//! }"#;
//! let Shop::Customer(change) = Shop::decode(record)?;
//! match change.event {
//!     ChangeEvent::Created(customer) => assert_eq!(customer.name, "Ada"),
//!     other => panic!("{other:?}"),
//! }
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "derive"))]
//! # fn main() {}
//! ```
//!
#![cfg_attr(
    feature = "derive",
    doc = "The attributes are documented at the macros: [`macro@StreamTrigger`] for a table, [`macro@PgType`] for a type, \
           [`macro@ChangeStream`] for a stream."
)]
#![cfg_attr(
    not(feature = "derive"),
    doc = "The attributes are documented at the macros, with the feature `derive`."
)]
//!
//! What each `delivery` promises, how to watch it, and what to do when something fails: [`operations`].
//!
//! Which Rust type goes to which column, what its values are in JSON, and which of them are refused: [`types`]. What
//! features of type crates change that somebody else in an app turns on is said at [`check_samples`].
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `derive` (default) | the macros |
//! | `aggregation` | [`wire`]: taking apart records that hold several changes, where the relay was told to write such |
//! | `consumer` | `Deduplicator`: each change once and in order, out of such records too |
//! | `lambda` | `Deduplicator::batch`: a consumer that is a Lambda function |
//! | `bigdecimal-0_4`, `chrono-0_4`, `cidr-0_3`, `jiff`, `jiff-0_2`, `rust_decimal`, `time-0_3`, `uuid` | the types of these crates as columns; none of their features that change other JSON |
//! | `emit` | the module `emit`: the SQL and the command line of an app's `emit-sql` |
//! | `ops` | the binary `aurora-trigger` |

mod change;
mod check;
mod checked_row;
mod column_types;
#[cfg(feature = "emit")]
mod command_line;
#[cfg(feature = "consumer")]
mod consumer;
pub mod describe;
#[cfg(feature = "emit")]
pub mod emit;
mod error;
mod limits;
#[cfg(feature = "emit")]
pub mod local_extension;
#[doc = include_str!("../OPERATIONS.md")]
pub mod operations {}
#[cfg(feature = "ops")]
pub mod ops;
mod option_probe;
#[doc(hidden)]
pub mod private;
mod redaction;
mod row_key;
mod samples;
mod stream;
#[doc = include_str!("../TYPES.md")]
pub mod types {}
mod variants;
pub mod wire;

#[cfg(feature = "derive")]
pub use aurora_trigger_derive::{ChangeStream, PgType, StreamTrigger};
pub use change::{Change, ChangeEvent, Effect, Source, UnknownChange};
#[cfg(feature = "time-0_3")]
pub use column_types::time;
pub use column_types::{
    Bits, Bytes, Float4, Float8, Interval, JSON, MacAddress, MacAddress8, Multirange, Oid,
    ParseIntervalError, PgType, Range,
};
#[cfg(feature = "lambda")]
pub use consumer::BatchChanges;
#[cfg(feature = "consumer")]
pub use consumer::{Changes, ConsumeError, Deduplicator};
pub use error::{DecodeError, ImageError};
pub use redaction::without_values;
pub use row_key::Key;
pub use samples::{SampleError, check_samples};
pub use stream::{ChangeStream, ImageCheck, Keyed, StreamTrigger, TableChange};
