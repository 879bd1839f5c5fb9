//! The check of raw images against the description of their table, for what a Rust type would take and alter.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::describe::{ColumnDesc, FieldDesc, Shape, TableDesc, TypeDesc};
use crate::error::ImageError;

/// A value that its type would take and alter.
#[derive(Debug)]
pub(crate) struct Altered {
    /// Where it stands in the image.
    pub(crate) path: String,
    /// Why it is refused: never the value.
    pub(crate) reason: &'static str,
}

/// Refuses an image that holds a value which its type would take and alter. Costs nothing for a table without such
/// types.
pub(crate) fn image(table: &TableDesc, raw: &str) -> Result<(), ImageError> {
    if !has_check(table) {
        return Ok(());
    }
    let find = |name: &str| {
        table
            .streamed()
            .find(|column| column.json() == name || column.aliases().contains(&name))
            .map(ColumnDesc::ty)
    };
    let found = Found::default();
    let members = Members {
        find,
        path: String::new(),
        found: &found,
    };
    let result = serde_json::Deserializer::from_str(raw).deserialize_map(members);
    match found.into_inner() {
        Some(altered) => Err(altered.into()),
        None => result.map_err(ImageError::from),
    }
}

/// Whether a column of the table is to be checked.
pub(crate) const fn has_check(table: &TableDesc) -> bool {
    let columns = table.columns();
    let mut place = 0;
    while place < columns.len() {
        if !columns[place].is_skipped() && columns[place].ty().has_check() {
            return true;
        }
        place += 1;
    }
    false
}

/// What was found, beside serde's errors, which are texts and may hold values.
pub(crate) type Found = RefCell<Option<Altered>>;

/// Checks the members of an object, whose types `find` knows by their names.
struct Members<'f, F> {
    find: F,
    path: String,
    found: &'f Found,
}

impl<'de, F: Fn(&str) -> Option<&'static TypeDesc>> Visitor<'de> for Members<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            match (self.find)(&name).filter(|ty| ty.has_check()) {
                Some(ty) => {
                    let raw: &RawValue = members.next_value()?;
                    let path = if self.path.is_empty() {
                        name.into_owned()
                    } else {
                        format!("{}.{name}", self.path)
                    };
                    value(ty, raw.get(), path, self.found).map_err(serde::de::Error::custom)?;
                }
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Checks the elements of an array.
struct Elements<'f> {
    ty: &'static TypeDesc,
    path: String,
    found: &'f Found,
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        while let Some(raw) = elements.next_element::<&RawValue>()? {
            let path = format!("{}[{index}]", self.path);
            value(self.ty, raw.get(), path, self.found).map_err(serde::de::Error::custom)?;
            index += 1;
        }
        Ok(())
    }
}

pub(crate) fn value(
    ty: &'static TypeDesc,
    raw: &str,
    path: String,
    found: &Found,
) -> Result<(), &'static str> {
    if raw == "null" {
        return Ok(());
    }
    let refuse = |path, reason| {
        found
            .borrow_mut()
            .get_or_insert(Altered { path, reason })
            .reason
    };
    if let Some(Err(reason)) = ty.check().map(|check| check(raw)) {
        return Err(refuse(path, reason));
    }
    let mut json = serde_json::Deserializer::from_str(raw);
    let inner = path.clone();
    match ty.shape() {
        Shape::Array(part) | Shape::Multirange(part) if part.has_check() => {
            json.deserialize_seq(Elements {
                ty: part,
                path: inner,
                found,
            })
        }
        Shape::Range(element) if element.has_check() => json.deserialize_map(Members {
            find: |name: &str| matches!(name, "lower" | "upper").then_some(element),
            path: inner,
            found,
        }),
        Shape::Composite { fields, .. } if ty.has_check() => json.deserialize_map(Members {
            find: |name: &str| {
                fields
                    .iter()
                    .find(|field| field.json() == name || field.aliases().contains(&name))
                    .map(FieldDesc::ty)
            },
            path: inner,
            found,
        }),
        _ => Ok(()),
    }
    .map_err(|_| refuse(path, "the value is not of its type's form"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::{Delivery, KeyDesc, QualifiedName};

    fn only_one(raw: &str) -> Result<(), &'static str> {
        if raw == "1" { Ok(()) } else { Err("not 1") }
    }

    static ONE: TypeDesc = TypeDesc::built_in(&["int4"]).with_check(only_one);
    static ONES: TypeDesc = TypeDesc::array(&INNER);
    static INNER: TypeDesc = TypeDesc::array(&ONE);
    static PAIR: TypeDesc =
        TypeDesc::composite(QualifiedName::new(Some("public"), "pair"), &FIELDS);
    static FIELDS: [FieldDesc; 1] = [FieldDesc::new("left", "l", &ONE).with_aliases(&["links"])];
    static COLUMNS: [ColumnDesc; 3] = [
        ColumnDesc::new("one", "one", "one", &ONE).with_aliases(&["eins"]),
        ColumnDesc::new("ones", "ones", "ones", &ONES),
        ColumnDesc::new("pair", "pair", "pair", &PAIR),
    ];
    static TABLE: TableDesc = TableDesc::new(
        "Row",
        "public",
        "rows",
        &COLUMNS,
        KeyDesc::PartitionBy(&["one"]),
        Delivery::Async,
    );

    fn refused(raw: &str) -> String {
        image(&TABLE, raw)
            .expect_err("the image is refused")
            .to_string()
    }

    #[test]
    fn every_value_of_a_checked_type_is_checked_however_deep() {
        let fine = r#"{"one":1,"ones":[[1,null],null,[]],"pair":{"l":1,"x":2},"other":{"l":2}}"#;
        image(&TABLE, fine).expect("each checked value is 1 or null");
        for (raw, path) in [
            (r#"{"one":2}"#, "one"),
            (r#"{"eins":2}"#, "eins"),
            (r#"{"ones":[[1],[1,2]]}"#, "ones[1][1]"),
            (r#"{"pair":{"l":3}}"#, "pair.l"),
            (r#"{"pair":{"links":3}}"#, "pair.links"),
        ] {
            assert_eq!(refused(raw), format!("at `{path}`: not 1"));
        }
        assert_eq!(
            refused(r#"{"pair":[1]}"#),
            "at `pair`: the value is not of its type's form"
        );
    }
}
