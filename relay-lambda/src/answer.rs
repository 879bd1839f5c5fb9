//! What a caller that waits gets to read.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::payload::Refused;

/// `{"accepted":n,"refused":[{"seq":…,"reason":"…"}]}`, and of a part also `"open":[seq,…],"reason":"…"`. Together
/// these are all events of the payload.
#[derive(Debug, Serialize)]
pub(crate) struct Answer<'a> {
    /// How many are in the stream.
    pub(crate) accepted: usize,
    pub(crate) refused: Vec<&'a Refused>,
    /// The numbers of those that are to be sent again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) open: Vec<u64>,
    /// Why there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a str>,
}

impl Answer<'_> {
    /// In ASCII: a reason can name a key of the row in letters that the caller's database lacks, and a character that it
    /// can't take would make it lose the whole answer.
    pub(crate) fn to_json(&self) -> String {
        let mut text = Vec::new();
        self.serialize(&mut Serializer::with_formatter(&mut text, Ascii))
            .expect("numbers and texts are JSON");
        String::from_utf8(text).expect("it is ASCII")
    }
}

struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for letter in fragment.chars() {
            if letter.is_ascii() {
                write!(writer, "{letter}")?;
            } else {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Answer;
    use crate::payload::Refused;

    #[test]
    fn an_answer_is_in_ascii() {
        let refused = Refused {
            seq: Some(7),
            reason: "at `\0é🙂\"`: no".to_owned(),
        };
        let text = Answer {
            accepted: 1,
            refused: vec![&refused],
            open: vec![8],
            reason: Some("übung"),
        }
        .to_json();
        assert_eq!(
            text,
            r#"{"accepted":1,"refused":[{"seq":7,"reason":"at `\u0000\u00e9\ud83d\ude42\"`: no"}],"open":[8],"reason":"\u00fcbung"}"#
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).expect("it is JSON")["refused"][0]["reason"],
            refused.reason
        );
    }
}
