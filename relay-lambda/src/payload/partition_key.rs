use sha2::{Digest, Sha256};

/// What Kinesis takes at most: characters, of Unicode.
const LONGEST: usize = 256;

/// The partition key of a row: the values of its key, given as JSON texts in the order of the key's columns.
///
/// One value is its text: `42`, and for the JSON string `"a\u00e9"` the two characters that it stands for. Several are
/// a JSON array without spaces: `[42,"aé"]`. What is longer than 256 characters, the limit of Kinesis, is its SHA-256
/// in hexadecimal, and so is a text without any character, of which Kinesis wants one.
///
/// It is the same in every version of this crate, since the order of a row's changes hangs on it.
///
/// ```
/// use relay_lambda::partition_key;
///
/// assert_eq!(partition_key(&["42"]), "42");
/// assert_eq!(partition_key(&[r#""order \u0041""#]), "order A");
/// assert_eq!(partition_key(&["42", r#""\u0041""#, "null"]), r#"[42,"A",null]"#);
/// assert_eq!(partition_key(&[&format!("\"{}\"", "x".repeat(257))]).len(), 64);
/// ```
#[must_use]
pub fn partition_key(values: &[&str]) -> String {
    let text = match values {
        [value] => unescaped(value).unwrap_or_else(|| (*value).to_owned()),
        values => {
            let parts: Vec<String> = values.iter().map(|value| canonical(value)).collect();
            format!("[{}]", parts.join(","))
        }
    };
    if text.is_empty() || (text.len() > LONGEST && text.chars().count() > LONGEST) {
        hexadecimal(&Sha256::digest(text.as_bytes()))
    } else {
        text
    }
}

/// The characters that a JSON string stands for; `None` for another JSON value.
fn unescaped(value: &str) -> Option<String> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(value).ok()
    } else {
        Some(inner.to_owned())
    }
}

/// One spelling for every way to escape a string.
fn canonical(value: &str) -> String {
    match unescaped(value) {
        Some(text) => serde_json::Value::from(text).to_string(),
        None => value.to_owned(),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;

    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes everything");
        text
    })
}
