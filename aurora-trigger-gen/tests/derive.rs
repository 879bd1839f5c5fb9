//! What the macros make of types that are right: the descriptions, and how records are decoded by them.
#![allow(
    missing_docs,
    reason = "the types here are read by the macros and the tests only"
)]

#[path = "derive/decoding.rs"]
mod decoding;
#[path = "derive/gen_crate.rs"]
mod gen_crate;
#[path = "derive/generics.rs"]
mod generics;
#[path = "derive/hygiene.rs"]
mod hygiene;
#[path = "derive/pg_types.rs"]
mod pg_types;
#[path = "derive/re_exported.rs"]
mod re_exported;
#[path = "derive/strict_lints.rs"]
mod strict_lints;
#[path = "derive/tables.rs"]
mod tables;
