use std::fmt;

use serde::de::{self, Deserializer, Visitor};

/// Reads a JSON string by `parse`; `what` it should hold is for errors. These never repeat the text, as serde's own
/// would: it is row data.
pub(super) fn from_text<'de, D, T>(
    deserializer: D,
    what: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(Text { what, parse })
}

struct Text<F> {
    what: &'static str,
    parse: F,
}

impl<T, F: FnOnce(&str) -> Option<T>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).ok_or_else(|| E::custom(format_args!("not {}", self.what)))
    }
}
