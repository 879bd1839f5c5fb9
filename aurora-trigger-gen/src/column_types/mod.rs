//! Which Rust types are columns: one small file per family.

mod bits;
mod bytes;
mod columns;
mod containers;
mod float;
mod from_text;
mod internet;
mod interval;
mod json;
mod mac_address;
mod oid;
mod or_text;
mod range;
mod scalar;

#[cfg(feature = "bigdecimal-0_4")]
mod bigdecimal;
#[cfg(feature = "chrono-0_4")]
mod chrono;
#[cfg(feature = "cidr-0_3")]
mod cidr;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(feature = "jiff-0_2")]
mod jiff_0_2;
#[cfg(feature = "rust_decimal")]
mod rust_decimal;
#[cfg(feature = "time-0_3")]
pub mod time;
#[cfg(feature = "uuid")]
mod uuid;

pub use bits::Bits;
pub use bytes::Bytes;
pub use float::{Float4, Float8};
pub use interval::{Interval, ParseIntervalError};
pub use json::{JSON, has_no_key_of_serde_json};
pub use mac_address::{MacAddress, MacAddress8};
pub use oid::Oid;
pub use range::{Multirange, Range};

use self::columns::columns;
use self::or_text::or_text;
use crate::describe::TypeDesc;

/// A Rust type that is a column: which columns it goes to, and how their values stand in an image.
///
/// Derived for enums, newtypes and composite types (`#[derive(PgType)]`); implemented here for the types of the
/// standard library and, behind features, of other crates. `Option`, `Vec`, `Box` and `Cow` follow from what they hold.
///
/// By hand it takes one const:
///
/// ```
/// use aurora_trigger_gen::describe::TypeDesc;
/// use aurora_trigger_gen::PgType;
///
/// #[derive(serde::Deserialize)]
/// struct Cents(i64);
///
/// impl PgType for Cents {
///     const TYPE: TypeDesc = i64::TYPE;
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type of a PostgreSQL column",
    label = "aurora-trigger does not know what column this is",
    note = "for a type of yours: `#[derive(PgType)]` on it, or `#[stream(json)]` on the field if the column is json or jsonb",
    note = "for a type of another crate: a feature of aurora-trigger-gen (bigdecimal-0_4, chrono-0_4, cidr-0_3, jiff, jiff-0_2, rust_decimal, time-0_3, uuid), or `#[stream(as = \"…\")]` with a type that is known and reads the same JSON, or `#[stream(sql_type = \"…\", encoding = \"text\")]`",
    note = "for the crate time: `aurora_trigger_gen::time::OffsetDateTime` and the like, which hold its types, since how these read JSON depends on its features",
    note = "for `u8`, `u16`, `u32`, `u64`: PostgreSQL has no unsigned integers, so take what the column is: `i16`, `i32`, `i64`, `aurora_trigger_gen::Oid`, or a decimal type for numeric",
    note = "for bytea: `aurora_trigger_gen::Bytes`, since `Vec<u8>` reads a list of numbers"
)]
pub trait PgType {
    /// The columns that it goes to, and how their values stand in an image.
    const TYPE: TypeDesc;
}
