//! What a derived struct says about itself: a table, its columns and their types, as const data.
//!
//! The derive macros write these descriptions, SQL rendering and the checks read them. They hold plain data and no
//! behaviour of a database, so that a relay or a consumer carries them at no cost.

mod column;
mod fingerprint;
mod name;
mod options;
mod sample;
mod table;
mod type_desc;

pub use column::ColumnDesc;
pub use name::QualifiedName;
pub use options::{Delivery, Level, Mask, OnFailure, Operations, Oversize, Unchanged};
pub use sample::Sample;
pub use table::{KeyDesc, TableDesc};
pub use type_desc::{Encoding, FieldDesc, RawCheck, Shape, TypeDesc};
