//! What the expansions of the derive macros call: no part of the API, another in every version.
//!
//! The assertions hold rules that only types can tell. Each is a const of its own at the span of the field's type, so
//! that all of them are reported in one run; their texts are put together on failure only, which makes a struct that is
//! right cheap to compile.

use std::marker::PhantomData;

pub use serde::de::DeserializeOwned;

pub use crate::row_key::KeyMembers;
pub use crate::variants::{Route, earlier_variants, route, table_is_new};

pub use crate::column_types::has_no_key_of_serde_json;
use crate::describe::{ColumnDesc, Encoding, Sample, Shape, TableDesc, TypeDesc};
use crate::option_probe::takes_option;
use crate::{UnknownChange, wire};

/// Tells whether a type is an `Option`, through aliases and for types that are no [`PgType`](crate::PgType):
/// `Field::<T>::TAKES_NULL` is the inherent const where there is one, else that of [`TakesNoNull`].
#[derive(Debug)]
pub struct Field<T: ?Sized>(PhantomData<T>);

impl<T> Field<Option<T>> {
    /// serde reads `null` as `None`.
    pub const TAKES_NULL: bool = true;
}

/// What is no `Option`.
pub trait TakesNoNull {
    /// Nothing is known of `null`.
    const TAKES_NULL: bool = false;
}

impl<T: ?Sized> TakesNoNull for Field<T> {}

/// Tells whether serde reads a type: `Readable::<T>::BY_SERDE` is the inherent const where it does, else that of
/// [`NotReadable`].
#[derive(Debug)]
pub struct Readable<T: ?Sized>(PhantomData<T>);

impl<T: DeserializeOwned> Readable<T> {
    /// It does.
    pub const BY_SERDE: bool = true;
}

/// A type that serde does not read.
#[derive(Debug)]
pub struct Unreadable;

/// What serde does not read.
pub trait NotReadable {
    /// It does not.
    const BY_SERDE: bool = false;
}

impl<T: ?Sized> NotReadable for Readable<T> {}

/// `#[serde(…)]` attributes that the macros do not understand are a mistake that serde reports, and then serde does not
/// read the type.
///
/// # Panics
///
/// Where it does.
#[track_caller]
pub const fn serde_refuses_it_too(is_read: bool) {
    assert!(
        !is_read,
        "aurora-trigger does not understand the `#[serde(…)]` attributes of this type, and yet serde reads it. If serde is \
         newer, use a newer aurora-trigger. If `Deserialize` is written by hand, leave only attributes here that \
         `#[derive(Deserialize)]` takes"
    );
}

/// The description of a field whose type does not describe itself.
#[must_use]
pub const fn or_null(ty: TypeDesc, takes_null: bool) -> TypeDesc {
    if takes_null { ty.with_null() } else { ty }
}

/// The same for a field whose type depends on a generic parameter, which can be an `Option`.
#[must_use]
pub const fn or_null_if_option<T: DeserializeOwned>(ty: TypeDesc) -> TypeDesc {
    ty.with_null_if(takes_option::<T>)
}

/// The description of a field that is kept in a column of another type: of what `#[stream(as = "…")]` names.
#[must_use]
pub const fn kept_as(ty: TypeDesc, narrow_integer: Option<&'static str>) -> TypeDesc {
    match narrow_integer {
        Some(way_out) => ty.with_limits(way_out),
        None => ty.with_partial_values(),
    }
}

/// Tells whether a type is one of Rust's own integers that are no columns, or narrower than some: `Field::<T>::NARROW`
/// says what to take instead.
pub trait IsNoInteger {
    /// It is none.
    const NARROW: Option<&'static str> = None;
}

impl<T: ?Sized> IsNoInteger for Field<T> {}

macro_rules! narrow_integers {
    ($($integer:ident),*) => { $(
        impl Field<$integer> {
            /// What to take instead.
            pub const NARROW: Option<&'static str> = Some(concat!(
                "`", stringify!($integer), "` does not hold every value of the column. Take the type that `as` names, or a \
                 newtype with `#[derive(PgType)]` and `#[serde(try_from = \"…\")]` of it, whose error says which values \
                 the app has no use for"
            ));
        }

        impl Field<Option<$integer>> {
            /// What to take instead.
            pub const NARROW: Option<&'static str> = Field::<$integer>::NARROW;
        }
    )* };
}

narrow_integers!(i8, i16, i32, isize, u8, u16, u32, u64, u128, usize);

/// An enum kept in a column of another type: its samples are its discriminants where that column holds integers, its
/// labels elsewhere.
#[must_use]
pub const fn enum_kept_as(
    ty: TypeDesc,
    labels: &'static [Sample],
    discriminants: &'static [Sample],
) -> TypeDesc {
    if let Shape::BuiltIn(names) = ty.shape()
        && all_are_one_of(names, &["int2", "int4", "int8"])
    {
        return ty.with_samples(discriminants);
    }
    ty.with_samples(labels)
}

/// An integer column takes the number of each variant.
///
/// # Panics
///
/// Where the column is too narrow.
#[track_caller]
pub const fn number_fits(column: TypeDesc, variant: &str, number: i64) {
    let Shape::BuiltIn(names) = column.shape() else {
        return;
    };
    let (fits, name, wider) = if all_are_one_of(names, &["int2"]) {
        (number >= -0x8000 && number < 0x8000, "smallint", "i32")
    } else if all_are_one_of(names, &["int2", "int4"]) {
        (
            number >= -0x8000_0000 && number < 0x8000_0000,
            "integer",
            "i64",
        )
    } else {
        return;
    };
    if !fits {
        refuse(&[
            "the number of `",
            variant,
            "` is out of the range of ",
            name,
            ": give the variant a smaller number, or make the column wider and say `as = \"",
            wider,
            "\"`",
        ]);
    }
}

/// What `#[stream(other)]` holds.
#[must_use]
pub fn unknown_change(record: &wire::Record<'_>) -> UnknownChange {
    UnknownChange::from_record(record)
}

/// A part of a key says which row it is, so it is never NULL.
///
/// # Panics
///
/// Where the column's type takes NULL.
#[track_caller]
pub const fn key_takes_no_null(table: &TableDesc, column: usize) {
    let column = &table.columns()[column];
    if column.ty().is_nullable_by_its_name() {
        refuse(&[
            "`",
            column.field(),
            "` is a part of the key, which says which row it is, so it can't be NULL: take the `Option` off and make \
             the column NOT NULL, or mark another field as `#[stream(key)]`",
        ]);
    }
}

/// What is sent in place of a masked value is a JSON string, so the field must read one.
///
/// # Panics
///
/// Where the column's type is no text.
#[track_caller]
pub const fn mask_is_on_text(table: &TableDesc, column: usize) {
    let column: &ColumnDesc = &table.columns()[column];
    let reads_text = match column.ty().shape() {
        Shape::BuiltIn(names) => all_are_one_of(names, &["text", "varchar", "bpchar", "name"]),
        Shape::Named(_) => matches!(column.ty().encoding(), Encoding::Text),
        Shape::Enum { open, .. } => open,
        _ => false,
    };
    if !reads_text {
        refuse(&[
            "`",
            column.field(),
            "` can't be masked: what is sent in its place is a text like `***`, which only a text column's field reads. \
             Leave the column out with `#[stream(skip)]`, or read it as a text: a `String` with \
             `#[stream(sql_type = \"…\", encoding = \"text\")]`",
        ]);
    }
}

/// What is not sent must be made of nothing.
///
/// # Panics
///
/// Where serde would miss the field.
#[track_caller]
pub const fn skipped_has_default(takes_null: bool, field: &str) {
    if !takes_null {
        refuse(&[
            "`",
            field,
            "` is not sent, so no image holds it, and serde would refuse every one of them: add `#[serde(default)]`, or \
             make it an `Option`",
        ]);
    }
}

const fn all_are_one_of(names: &[&str], list: &[&str]) -> bool {
    let mut name = 0;
    while name < names.len() {
        let mut index = 0;
        while index < list.len() && !equal(names[name], list[index]) {
            index += 1;
        }
        if index == list.len() {
            return false;
        }
        name += 1;
    }
    true
}

/// `==` of texts is not const yet.
pub(crate) const fn equal(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// Panics with the parts as one text: a const panic takes only a whole one.
#[track_caller]
pub(crate) const fn refuse(parts: &[&str]) -> ! {
    let mut buffer = [0; 1024];
    let mut length = 0;
    let mut part = 0;
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut index = 0;
        while index < bytes.len() && length < buffer.len() {
            buffer[length] = bytes[index];
            length += 1;
            index += 1;
        }
        part += 1;
    }
    match std::str::from_utf8(buffer.split_at(length).0) {
        Ok(text) => panic!("{}", text),
        Err(_) => panic!("names too long to be shown break a rule of aurora-trigger here"),
    }
}
