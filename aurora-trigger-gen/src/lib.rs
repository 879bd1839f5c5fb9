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
//! The attributes are documented at the macros: [`macro@StreamTrigger`] for a table,
//! [`macro@PgType`] for a type, [`macro@ChangeStream`] for a stream.
//!
//! What each `delivery` promises, how to watch it, and what to do when something fails: [`operations`].
//!
//! # Types
//!
//! A field's type says which columns it goes to; the installation refuses all others. Every value of
//! such a column arrives as a driver would read it, or its event is refused with a reason.
//!
//! | Rust | column | in JSON | refused |
//! | --- | --- | --- | --- |
//! | `bool` | boolean | `true` | |
//! | `i16`, `i32`, `i64` | smallint; integer, too; bigint, too | number | |
//! | [`Oid`] | oid | string | |
//! | `f32`, `f64` | real; double precision | number | NaN and infinities |
//! | [`Float4`], [`Float8`] | real; double precision | string | |
//! | `String`, `Box<str>`, `Cow<str>` | text, varchar, char(n), name | string; char(n) is padded | |
//! | [`Bytes`] | bytea | string: `\x00ff` | |
//! | [`Interval`] | interval | string: `P1Y2M3DT4H5M6.789S` | infinities |
//! | `std::net::IpAddr` | inet | string | an address with a netmask |
//! | `serde_json::Value` | jsonb, json | as it is | a number beyond f64, a key that begins with `$serde_json::private::` |
//! | any, with `#[stream(json)]` | jsonb, json | as it is | what its `Deserialize` refuses, such a key |
//! | `Option<T>` | that of `T`, also where it may hold NULL | `null` | |
//! | `Vec<T>`, `Vec<Option<T>>`, `Vec<Vec<T>>` | array of `T`'s column | array; lower bounds are lost | other dimensions, NULLs without `Option` |
//! | a `#[derive(PgType)]` enum | PostgreSQL enum; text or integer with `as` | string, number | labels that it lacks |
//! | a `#[derive(PgType)]` newtype | that of what it wraps, or one domain | as what it wraps | as what it wraps |
//! | a `#[derive(PgType)]` struct | composite type | object | arrays of it in several dimensions |
//! | `chrono`: `NaiveDate`, `NaiveTime`, `NaiveDateTime`, `DateTime<Utc>` | date, time, timestamp, timestamptz | ISO 8601 | infinities, years before 1 and after 9999, 24:00:00 |
//! | `jiff`: `civil::Date`, `civil::Time`, `civil::DateTime`, `Timestamp` | date, time, timestamp, timestamptz | ISO 8601 | the same, and a `Timestamp` after 9999-12-30T22:00Z |
//! | `time`: those of the module `time` | date, time, timestamp, timestamptz | ISO 8601 | as `chrono` |
//! | `uuid`: `Uuid` | uuid | string | |
//! | `rust_decimal`: `Decimal` | numeric | string | more digits than it holds, NaN, infinities |
//! | `bigdecimal`: `BigDecimal` | numeric | string | NaN, infinities |
//!
//! A domain is taken for what it is a domain over.
//!
//! What features of these crates change that somebody else in an app turns on is said at [`check_samples`].
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `derive` (default) | the macros |
//! | `aggregation` | [`wire`]: taking apart records that hold several changes, where the relay was told to write such |
//! | `consumer` | `Deduplicator`: each change once and in order, out of such records too |
//! | `bigdecimal`, `chrono`, `jiff`, `rust_decimal`, `time`, `uuid` | the types of these crates as columns; none of their features that change other JSON |
//! | `emit` | the module `emit`: the SQL and the command line of an app's `emit-sql` |
//! | `ops` | the binary `aurora-trigger` |

mod change;
mod check;
#[cfg(feature = "emit")]
mod command_line;
#[cfg(feature = "consumer")]
mod deduplicator;
pub mod describe;
#[cfg(feature = "emit")]
pub mod emit;
mod error;
#[cfg(feature = "emit")]
pub mod local_extension;
#[doc = include_str!("../OPERATIONS.md")]
pub mod operations {}
#[cfg(feature = "ops")]
pub mod ops;
#[doc(hidden)]
pub mod private;
mod samples;
mod stream;
mod types;
pub mod wire;

#[cfg(feature = "derive")]
pub use aurora_trigger_derive::{ChangeStream, PgType, StreamTrigger};
pub use change::{Change, ChangeEvent, Key, Source, UnknownChange};
#[cfg(feature = "consumer")]
pub use deduplicator::{Deduplicator, ProcessError};
pub use error::{DecodeError, ImageError, without_values};
pub use samples::{SampleError, check_samples};
pub use stream::{ChangeStream, ImageCheck, StreamTrigger, TableChange};
#[cfg(feature = "time")]
pub use types::time;
pub use types::{
    Bits, Bytes, Float4, Float8, Interval, JSON, MacAddress, MacAddress8, Multirange, Oid,
    ParseIntervalError, PgType, Range,
};
