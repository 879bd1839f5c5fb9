//! One pass over an image: its keys against the struct's, and the values of the row's key.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::tables::StreamTable;

/// The key's values in an image, in the order of the key's columns, as PostgreSQL wrote them.
///
/// With `exact`, an image of other keys than the struct's is refused: whoever wrote it has another contract than its
/// fingerprint says.
pub(super) fn key_values<'a>(
    table: &StreamTable,
    image: &'a str,
    exact: bool,
) -> Result<Vec<&'a str>, String> {
    let scan = Scan { table, exact };
    let values = serde_json::Deserializer::from_str(image)
        .deserialize_map(scan)
        .map_err(|_| "the image is no JSON object".to_owned())??;
    values
        .into_iter()
        .zip(&table.key)
        .map(|(value, column)| {
            value.ok_or_else(|| format!("the image lacks the key column `{}`", column.json()))
        })
        .collect()
}

struct Scan<'t> {
    table: &'t StreamTable,
    exact: bool,
}

impl<'de> Visitor<'de> for Scan<'_> {
    type Value = Result<Vec<Option<&'de str>>, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let columns = &self.table.columns;
        let mut values = vec![None; self.table.key.len()];
        let mut refused = None;
        let mut seen = 0_usize;
        while let Some(Text(name)) = members.next_key::<Text<'de>>()? {
            // The triggers write them in the struct's order, so the first guess is right.
            let place = if columns
                .get(seen)
                .is_some_and(|(column, _)| column.json() == name)
            {
                Some(seen)
            } else {
                // An image of another contract may have a column's former name, which serde takes by its alias.
                columns.iter().position(|(column, _)| {
                    column.json() == name || !self.exact && column.aliases().contains(&&*name)
                })
            };
            match place.and_then(|place| columns[place].1) {
                Some(part) => values[part] = Some(members.next_value::<&RawValue>()?.get()),
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
            if self.exact && place != Some(seen) && refused.is_none() {
                refused = Some(match place {
                    Some(_) => "the image has the struct's keys in another order, or twice",
                    None => {
                        "the image has a key that the struct lacks, at the struct's fingerprint"
                    }
                });
            }
            seen += 1;
        }
        if self.exact && seen < columns.len() {
            refused
                .get_or_insert("the image lacks a key of the struct, at the struct's fingerprint");
        }
        // A missing key column is said by its name.
        let lacks_key = values.iter().any(Option::is_none);
        Ok(match refused {
            Some(reason) if !lacks_key => Err(reason.to_owned()),
            _ => Ok(values),
        })
    }
}

/// A key of an object; borrowed, unless it is escaped.
struct Text<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Key;

        impl<'de> Visitor<'de> for Key {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Key)
    }
}
