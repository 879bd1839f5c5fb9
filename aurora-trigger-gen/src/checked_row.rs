//! Decodes an image and checks, in the same pass, the raw values of the columns whose types would alter some.
//!
//! A pass of its own over the whole image would make one `#[stream(json)]` column cost as much as all others.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, CowStrDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

use crate::check::{self, Found};
use crate::describe::{ColumnDesc, TableDesc};
use crate::error::ImageError;

/// Decodes an image of a table that has columns to check. `None`: serde does not read the row as an object with fields,
/// or refuses it, so nothing is known.
pub(crate) fn decode<T: DeserializeOwned>(
    table: &TableDesc,
    image: &str,
) -> Option<Result<T, ImageError>> {
    let found = Found::default();
    let is_object = Cell::new(false);
    let mut json = serde_json::Deserializer::from_str(image);
    let row = T::deserialize(CheckedRow {
        json: &mut json,
        table,
        found: &found,
        is_object: &is_object,
    });
    let row = row.and_then(|row| json.end().map(|()| row));
    match (found.into_inner(), row) {
        (Some(altered), _) => Some(Err(altered.into())),
        (None, Ok(row)) if is_object.get() => Some(Ok(row)),
        (None, _) => None,
    }
}

struct CheckedRow<'j, D> {
    json: D,
    table: &'j TableDesc,
    found: &'j Found,
    is_object: &'j Cell<bool>,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for CheckedRow<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.json.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.is_object.set(true);
        let visitor = CheckedFields {
            visitor,
            table: self.table,
            found: self.found,
        };
        self.json.deserialize_struct(name, fields, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct CheckedFields<'j, V> {
    visitor: V,
    table: &'j TableDesc,
    found: &'j Found,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for CheckedFields<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(CheckedMembers {
            members,
            table: self.table,
            found: self.found,
            next: 0,
            checked: None,
        })
    }
}

struct CheckedMembers<'j, A> {
    members: A,
    table: &'j TableDesc,
    found: &'j Found,
    /// The column behind that of the last member: the triggers write them in their order.
    next: usize,
    /// The name of the member at hand and its column, if that is to be checked.
    checked: Option<(String, &'j ColumnDesc)>,
}

impl<A> CheckedMembers<'_, A> {
    fn find(&mut self, name: &str) {
        let columns = self.table.columns();
        let (before, from) = columns.split_at(self.next.min(columns.len()));
        let place = from
            .iter()
            .chain(before)
            .position(|column| column.is_called(name))
            .map(|place| (self.next + place) % columns.len());
        self.checked = place
            .map(|place| &columns[place])
            .filter(|column| !column.is_skipped() && column.ty().has_check())
            .map(|column| (name.to_owned(), column));
        if let Some(place) = place {
            self.next = place + 1;
        }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for CheckedMembers<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let Some(Name(name)) = self.members.next_key()? else {
            return Ok(None);
        };
        self.find(&name);
        match name {
            Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::new(name)),
            name @ Cow::Owned(_) => seed.deserialize(CowStrDeserializer::new(name)),
        }
        .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let Some((path, column)) = self.checked.take() else {
            return self.members.next_value_seed(seed);
        };
        let raw: &'de RawValue = self.members.next_value()?;
        check::value(column.ty(), raw.get(), path, self.found).map_err(A::Error::custom)?;
        let mut json = serde_json::Deserializer::from_str(raw.get());
        seed.deserialize(&mut json).map_err(A::Error::custom)
    }

    fn size_hint(&self) -> Option<usize> {
        self.members.size_hint()
    }
}

/// The name of a member; borrowed, unless it is escaped.
struct Name<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}
