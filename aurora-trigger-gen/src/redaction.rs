//! serde's errors without the values that they hold.

use crate::describe::{Sample, Shape, TableDesc, TypeDesc};

/// The kinds of serde's errors that say what was expected. The value that was found stands in between.
const KINDS: [&str; 5] = [
    "invalid type",
    "invalid value",
    "invalid length",
    "unknown variant",
    "unknown field",
];

/// What serde, serde_json and the types of columns say that they expect.
const EXPECTED: [&str; 48] = [
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "isize",
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "usize",
    "f32",
    "f64",
    "a boolean",
    "a borrowed string",
    "a character",
    "a map",
    "a number",
    "a sequence",
    "a string",
    "a tuple",
    "an array",
    "an empty array",
    "an integer",
    "an object",
    "any valid JSON value",
    "any value",
    "byte array",
    "fewer elements in array",
    "fewer elements in map",
    "fewer elements in sequence",
    "option",
    "unit",
    // Types of other crates, and of this one.
    "IP address",
    "PostgreSQL's text for a number",
    "a Decimal type representing a fixed-point number",
    "a date string",
    "a formatted UUID string",
    "a formatted date and time string",
    "a formatted date string",
    "a formatted time string",
    "a number or formatted decimal string",
    "a string of 0 and 1",
    "a timestamp string",
    "an RFC 3339 formatted date and time string",
    "an interval in PostgreSQL's style iso_8601",
    "an oid as a string of digits",
];

/// The names in payloads and records outside of images.
const ENVELOPE: [&str; 42] = [
    "aurora_trigger",
    "invocation",
    "dry_run",
    "partial",
    "dead_letters",
    "batches",
    "source",
    "events",
    "db",
    "schema",
    "table",
    "fingerprint",
    "epoch",
    "txId",
    "ts_us",
    "ts_ms",
    "capture",
    "snapshot",
    "seq",
    "position",
    "op",
    "before",
    "after",
    "key",
    "oversized",
    "id",
    "version",
    "connector",
    "name",
    "sequence",
    "Event",
    "RequestResponse",
    "c",
    "u",
    "d",
    "r",
    "t",
    "body",
    "accepted",
    "refused",
    "open",
    "reason",
];

/// What serde says is wrong, without the value that it found.
///
/// A type can make up an error that reads like one of serde's and holds a value. So only what is known to be harmless is
/// kept: the kind of the error, what serde and the types of columns expect, and the names of payloads and records.
///
/// ```
/// use aurora_trigger_gen::without_values;
///
/// let error = serde_json::from_str::<i64>(r#""secret""#).unwrap_err();
/// assert_eq!(without_values(&error), "invalid type, expected i64");
/// let error = <serde_json::Error as serde::de::Error>::custom("invalid type: a, expected secret");
/// assert_eq!(without_values(&error), "invalid type");
/// ```
#[must_use]
pub fn without_values(error: &serde_json::Error) -> String {
    redacted(error, &|name| ENVELOPE.contains(&name))
}

/// The same with names that are known not to be values: columns, fields and labels.
pub(crate) fn redacted(error: &serde_json::Error, is_known: &dyn Fn(&str) -> bool) -> String {
    let text = error.to_string();
    if !error.is_data() {
        // Of the JSON itself: where and what, and nothing that it holds.
        return text;
    }
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&place).unwrap_or(&text);
    for kind in ["missing field", "duplicate field"] {
        if let Some(name) = text.strip_prefix(kind) {
            return match quoted(name.trim_start()) {
                Some(name) if is_known(name) => text.to_owned(),
                _ => kind.to_owned(),
            };
        }
    }
    let Some(kind) = KINDS.iter().find(|kind| text.starts_with(**kind)) else {
        return "its type refuses the value".to_owned();
    };
    match text.rsplit_once(", expected ") {
        Some((_, expected)) if is_harmless(expected, is_known) => {
            format!("{kind}, expected {expected}")
        }
        _ => (*kind).to_owned(),
    }
}

fn is_harmless(expected: &str, is_known: &dyn Fn(&str) -> bool) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if EXPECTED.contains(&expected) {
        return true;
    }
    for sized in ["an array of length ", "a tuple of size "] {
        if let Some(size) = expected.strip_prefix(sized) {
            return is_number(size);
        }
    }
    let names: Option<Vec<&str>> = match expected.strip_prefix("one of ") {
        Some(list) => list.split(", ").map(quoted).collect(),
        None => expected.split(" or ").map(quoted).collect(),
    };
    names.is_some_and(|names| names.iter().all(|name| is_known(name)))
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('`')?.strip_suffix('`')
}

/// The names in images of a table: of its columns, of the attributes of composite types, of the labels of enums.
pub(crate) fn names_of(table: &TableDesc) -> Vec<&'static str> {
    let mut names = Vec::new();
    for column in table.columns() {
        names.push(column.json());
        names.extend(column.aliases());
        add(column.ty(), &mut names);
    }
    names
}

fn add(ty: &TypeDesc, names: &mut Vec<&'static str>) {
    // An enum that is kept in a column of texts has its labels as samples.
    names.extend(ty.samples().iter().filter_map(|sample| match sample {
        Sample::Text(text) => Some(*text),
        _ => None,
    }));
    match ty.shape() {
        Shape::Array(part) | Shape::Range(part) | Shape::Multirange(part) => add(part, names),
        Shape::Enum { labels, .. } => names.extend(labels),
        Shape::Composite { fields, .. } => {
            for field in fields {
                names.push(field.json());
                names.extend(field.aliases());
                add(field.ty(), names);
            }
        }
        Shape::BuiltIn(_) | Shape::Named(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;
    use serde::de::{DeserializeOwned, Error};
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    enum Nothing {}

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        #[expect(dead_code, reason = "never read")]
        id: i64,
    }

    #[derive(Debug, Deserialize)]
    enum Label {
        One,
        Two,
    }

    fn refusals(text: &str) -> Vec<serde_json::Error> {
        fn refused<T: DeserializeOwned>(json: &serde_json::Value) -> Vec<serde_json::Error> {
            let from_text = serde_json::from_str::<T>(&json.to_string()).err();
            let from_value = serde_json::from_value::<T>(json.clone()).err();
            from_text.into_iter().chain(from_value).collect()
        }

        let value = json!(text);
        let mut errors = refused::<i64>(&value);
        errors.extend(refused::<Nothing>(&value));
        errors.extend(refused::<Label>(&value));
        errors.extend(refused::<BTreeMap<String, i64>>(&value));
        errors.extend(refused::<Row>(&json!({ text: 1 })));
        errors.extend(refused::<char>(&value));
        let kinds = KINDS
            .iter()
            .chain(&["missing field", "duplicate field", "a type's own words"]);
        for kind in kinds {
            for custom in [
                format!("{kind}: {text}"),
                format!("{kind} `{text}`"),
                format!("{kind}: {text}, expected {text}"),
                format!("{kind}: x, expected one of `{text}`, `op`"),
                format!("{kind}: x, expected `{text}` or `op`"),
                format!("{kind}: x, expected an array of length {text}"),
                format!("{kind}: x, expected {text} at line 1 column 2"),
            ] {
                errors.push(Error::custom(custom));
            }
        }
        errors
    }

    proptest! {
        #[test]
        fn no_error_shows_a_value(text in "(, expected |`|secret| at line 1 column 2|one of |[a-z ]){0,8}SECRET(`|, expected | at line 3|[a-z ]){0,4}") {
            for error in refusals(&text) {
                let redacted = without_values(&error);
                prop_assert!(!redacted.contains("SECRET"), "{redacted} of {error}");
            }
        }
    }

    #[test]
    fn what_is_known_to_be_harmless_stays() {
        fn said<T: DeserializeOwned>(json: &str) -> String {
            let known = ["One", "Two", "id"];
            match serde_json::from_str::<T>(json) {
                Ok(_) => panic!("it is refused"),
                Err(error) => redacted(&error, &|name| known.contains(&name)),
            }
        }

        assert_eq!(said::<i64>(r#""x""#), "invalid type, expected i64");
        assert_eq!(
            said::<Label>(r#""x""#),
            "unknown variant, expected `One` or `Two`"
        );
        assert_eq!(said::<Row>("{}"), "missing field `id`");
        assert_eq!(
            said::<Row>(r#"{"id":1,"x":2}"#),
            "unknown field, expected `id`"
        );
        assert_eq!(
            said::<[i64; 2]>("[1]"),
            "invalid length, expected an array of length 2"
        );
        assert_eq!(said::<Nothing>(r#""x""#), "unknown variant");
        assert!(said::<Vec<i64>>("[1").starts_with("EOF while parsing a list"));
        assert_eq!(format!("{:?}{:?}", Label::One, Label::Two), "OneTwo");
    }
}
