use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::PgType;
use super::from_text::from_text;
use crate::describe::{Sample, TypeDesc};

/// The bytes of a `bytea`, in JSON as PostgreSQL writes them: `\x` and two hexadecimal digits a byte.
///
/// A type of our own since the usual ones read something else: `Vec<u8>` a list of numbers, `serde_bytes` and `bytes`
/// take the digits themselves for the bytes.
///
/// ```
/// use aurora_trigger_gen::Bytes;
///
/// let bytes: Bytes = serde_json::from_str(r#""\\x00ff""#)?;
/// assert_eq!(*bytes, [0x00, 0xff]);
/// assert_eq!(serde_json::to_string(&bytes)?, r#""\\x00ff""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// The bytes themselves.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        bytes.0
    }
}

impl Deref for Bytes {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Bytes {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

/// As PostgreSQL writes it: `\x00ff`.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\\x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({self})")
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let what = "bytes as PostgreSQL writes them: \\x and two hexadecimal digits a byte";
        from_text(deserializer, what, |text| {
            text.strip_prefix("\\x").and_then(decode_hex).map(Bytes)
        })
    }
}

fn decode_hex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?))
        .collect()
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

impl PgType for Bytes {
    const TYPE: TypeDesc = TypeDesc::built_in(&["bytea"])
        .with_samples(&[Sample::Json(r#""\\x""#), Sample::Json(r#""\\x00ff""#)]);
}
