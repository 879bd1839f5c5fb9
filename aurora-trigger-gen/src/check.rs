//! The check of raw images against the description of their table, for what a Rust type would take and alter.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::describe::{ColumnDesc, FieldDesc, Shape, TableDesc, TypeDesc};

/// Refuses an image that holds a value which its type would take and alter. Costs nothing for a table without such
/// types. It says which column, never the value.
pub(crate) fn image(table: &TableDesc, raw: &str) -> serde_json::Result<()> {
    if !table.streamed().any(|column| column.ty().has_check()) {
        return Ok(());
    }
    let find = |name: &str| {
        table
            .streamed()
            .find(|column| column.json() == name || column.aliases().contains(&name))
            .map(ColumnDesc::ty)
    };
    serde_json::Deserializer::from_str(raw).deserialize_map(Members(find))
}

/// Checks the members of an object, whose types `find` knows by their names.
struct Members<F>(F);

impl<'de, F: Fn(&str) -> Option<&'static TypeDesc>> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            match (self.0)(&name).filter(|ty| ty.has_check()) {
                Some(ty) => {
                    let raw: &RawValue = members.next_value()?;
                    value(ty, raw.get()).map_err(|reason| {
                        serde::de::Error::custom(format_args!("`{name}`: {reason}"))
                    })?;
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
struct Elements(&'static TypeDesc);

impl<'de> Visitor<'de> for Elements {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(raw) = elements.next_element::<&RawValue>()? {
            value(self.0, raw.get()).map_err(serde::de::Error::custom)?;
        }
        Ok(())
    }
}

fn value(ty: &'static TypeDesc, raw: &str) -> Result<(), String> {
    if raw == "null" {
        return Ok(());
    }
    if let Some(check) = ty.check() {
        check(raw)?;
    }
    let mut json = serde_json::Deserializer::from_str(raw);
    match ty.shape() {
        Shape::Array(element) if element.has_check() => Elements(element).deserialize(&mut json),
        Shape::Composite { fields, .. } if ty.has_check() => {
            json.deserialize_map(Members(|name: &str| {
                fields
                    .iter()
                    .find(|field| field.json() == name)
                    .map(FieldDesc::ty)
            }))
        }
        _ => Ok(()),
    }
    .map_err(|error| error.to_string())
}

impl<'de> DeserializeSeed<'de> for Elements {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
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
    static FIELDS: [FieldDesc; 1] = [FieldDesc::new("left", "l", &ONE)];
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

    fn reason(raw: &str) -> String {
        image(&TABLE, raw)
            .expect_err("the image is refused")
            .to_string()
    }

    #[test]
    fn every_value_of_a_checked_type_is_checked_however_deep() {
        let fine = r#"{"one":1,"ones":[[1,null],null,[]],"pair":{"l":1,"x":2},"other":{"l":2}}"#;
        image(&TABLE, fine).expect("each checked value is 1 or null");
        assert!(reason(r#"{"one":2}"#).contains("`one`: not 1"));
        assert!(reason(r#"{"eins":2}"#).contains("`eins`: not 1"));
        assert!(reason(r#"{"ones":[[1],[1,2]]}"#).contains("`ones`: not 1"));
        assert!(reason(r#"{"pair":{"l":3}}"#).contains("`l`: not 1"));
    }
}
