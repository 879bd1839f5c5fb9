//! Change data capture out of Aurora and RDS PostgreSQL, checked by the compiler.

mod change;
mod check;
#[cfg(feature = "emit")]
mod command_line;
pub mod describe;
mod error;
#[cfg(feature = "ops")]
pub mod ops;
#[doc(hidden)]
pub mod private;
mod samples;
mod stream;
mod types;
pub mod wire;

#[cfg(feature = "emit")]
pub mod emit;
#[cfg(feature = "emit")]
pub mod local_extension;

#[cfg(feature = "derive")]
pub use aurora_trigger_derive::{ChangeStream, PgType, StreamTrigger};
pub use change::{Change, ChangeEvent, Key, Source, UnknownChange};
pub use error::DecodeError;
pub use samples::{SampleError, check_samples};
pub use stream::{ChangeStream, StreamTrigger, TableChange};
pub use types::{Bytes, JSON, PgType};
