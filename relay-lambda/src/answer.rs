//! What a caller that waits gets to read.

use serde::Serialize;

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
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers and texts are JSON")
    }
}
