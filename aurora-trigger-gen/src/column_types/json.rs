use super::PgType;
use crate::describe::{Sample, TypeDesc};

/// What `#[stream(json)]` makes of a field: any serde type in a `json` or `jsonb` column. What it can decode only the
/// type knows, so there are no samples.
pub const JSON: TypeDesc =
    TypeDesc::built_in(&["jsonb", "json"]).with_check(has_no_key_of_serde_json);

/// `serde_json::Value` reads an object that begins with such a key as what stands in it: with `raw_value`, which this
/// crate turns on, and with `arbitrary_precision`, which others may.
const PRIVATE: &str = "$serde_json::private::";

/// Whether `serde_json::Value` reads all objects in the JSON as they are.
///
/// # Errors
///
/// Where one has a key that serde_json takes for one of its own.
pub fn has_no_key_of_serde_json(raw: &str) -> Result<(), &'static str> {
    // In a `json` column it can be escaped.
    let may_have_one = raw.contains(PRIVATE) || raw.contains("\\u");
    if may_have_one && strings(raw).any(|(text, rest)| is_private_key(text, rest)) {
        return Err(
            "an object with a key that serde_json takes for one of its own; a `String` with `#[stream(sql_type = \"jsonb\", \
             encoding = \"text\")]`, or `sql_type = \"json\"`, reads every value",
        );
    }
    Ok(())
}

fn is_private_key(literal: &str, rest: &str) -> bool {
    rest.trim_start().starts_with(':')
        && serde_json::from_str::<String>(literal).is_ok_and(|key| key.starts_with(PRIVATE))
}

/// The string literals of a JSON text, each with what stands behind it.
fn strings(mut rest: &str) -> impl Iterator<Item = (&str, &str)> {
    std::iter::from_fn(move || {
        let text = &rest[rest.find('"')?..];
        // So that the quote that opens it does not end it.
        let mut is_escaped = true;
        let end = text.bytes().position(|byte| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends
        })?;
        let (literal, behind) = text.split_at(end + 1);
        rest = behind;
        Some((literal, behind))
    })
}

/// `Option<Value>` can't tell SQL NULL from JSON `null`: both are `None`.
impl PgType for serde_json::Value {
    const TYPE: TypeDesc = JSON
        .with_samples(&[
            Sample::Json("null"),
            Sample::Json(r#"{"a": [1, 1.5e300, "\u00e9", true]}"#),
        ])
        .with_limits(
            "`serde_json::Value` holds numbers up to f64's largest and 127 levels of nesting; a \
             `Box<serde_json::value::RawValue>` with `#[stream(json)]` holds all of them",
        );
}

#[cfg(test)]
mod tests {
    use super::has_no_key_of_serde_json;

    #[test]
    fn a_key_of_serde_json_is_found_however_it_is_written_and_nothing_else_is() {
        for raw in [
            r#"{"$serde_json::private::RawValue": "[1]"}"#,
            r#"[{"a": {"$serde_json::private::Number" : "1"}}]"#,
            r#"{"\u0024serde_json::private::Number":"1"}"#,
            r#"{"a\\":"\"","$serde_json\u003a:private::Number":"1"}"#,
        ] {
            has_no_key_of_serde_json(raw).expect_err(raw);
        }
        for raw in [
            r#""$serde_json::private::Number""#,
            r#"{"a": "$serde_json::private::Number", "b": 1}"#,
            r#"{"a": "\"$serde_json::private::Number\": 1"}"#,
            r#"{"\u00e9$serde_json::private::Number": "\u0001"}"#,
            "[]",
        ] {
            assert_eq!(has_no_key_of_serde_json(raw), Ok(()), "{raw}");
        }
    }
}
