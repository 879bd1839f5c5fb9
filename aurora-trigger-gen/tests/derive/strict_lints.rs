//! An expansion is clean where the user is strict.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_pub,
    unused_qualifications,
    unused_lifetimes,
    unused_results,
    variant_size_differences,
    let_underscore_drop,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::absolute_paths,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::cast_possible_wrap,
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::indexing_slicing,
    clippy::missing_docs_in_private_items,
    clippy::shadow_unrelated,
    clippy::single_char_lifetime_names,
    clippy::str_to_string,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]
#![expect(
    dead_code,
    reason = "the types are described here, and nothing reads them"
)]

use std::borrow::Cow;

use aurora_trigger_gen::describe::{ColumnDesc, QualifiedName, TableDesc, TypeDesc};
use aurora_trigger_gen::{Change, ChangeStream, DecodeError, PgType, StreamTrigger, UnknownChange};
use serde::Deserialize;

/// Imported, so that a qualified path in an expansion would be an unused qualification.
type Imported = (ColumnDesc, QualifiedName, TableDesc, TypeDesc, DecodeError);

/// A status.
#[derive(Debug, Deserialize, PgType)]
#[stream(type = "public.status")]
#[non_exhaustive]
enum Status {
    /// It is there.
    Placed,
}

/// A status in an integer.
#[derive(Debug, Deserialize, PgType)]
#[stream(as = "i64")]
#[non_exhaustive]
#[repr(i64)]
enum Number {
    /// One.
    One = 1,
}

/// An address.
#[derive(Debug, Deserialize, PgType)]
#[stream(type = "public.email")]
#[non_exhaustive]
struct Email(String);

/// Parts.
#[derive(Debug, Deserialize, PgType)]
#[stream(type = "public.address")]
#[non_exhaustive]
#[deprecated]
struct Address {
    /// The street.
    street: String,
}

/// A row.
#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.orders", delivery = "async", when = "true")]
#[non_exhaustive]
struct Order<'row, T> {
    /// Its key.
    #[stream(key)]
    id: i64,
    /// Its status.
    status: Status,
    /// Its number.
    number: Option<Number>,
    /// Its text.
    #[stream(mask = "redact")]
    email: Alias,
    /// Its name.
    name: Cow<'row, str>,
    /// Its value.
    value: T,
}

/// A row without parameters.
#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.customers", delivery = "async")]
#[non_exhaustive]
struct Customer {
    /// Its key.
    #[stream(key)]
    id: i64,
    /// Not sent.
    #[stream(skip)]
    secret: Option<Email>,
    /// Anything.
    #[stream(json)]
    anything: Option<Vec<u8>>,
}

/// A text by another name.
type Alias = String;

/// The tables.
#[derive(Debug, ChangeStream)]
#[non_exhaustive]
enum Shop {
    /// Orders.
    Order(Change<Order<'static, i64>>),
    /// Customers.
    Customer(Change<Customer>),
    /// The others.
    #[stream(other)]
    Other(UnknownChange),
}

#[test]
fn it_compiles() {
    assert_eq!(Shop::TABLES.len(), 2);
    assert!(size_of::<Imported>() > 0);
}
