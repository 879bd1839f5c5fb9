use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::PgType;
use super::from_text::from_text;
use crate::describe::{Sample, TypeDesc};

/// The bits of a `bit(n)` or `bit varying`, the leftmost first; in JSON a string of `0` and `1`.
///
/// ```
/// use aurora_trigger_gen::Bits;
///
/// let bits: Bits = serde_json::from_str(r#""101""#)?;
/// assert_eq!(*bits, [true, false, true]);
/// assert_eq!(serde_json::to_string(&bits)?, r#""101""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bits(pub Vec<bool>);

impl From<Vec<bool>> for Bits {
    fn from(bits: Vec<bool>) -> Self {
        Self(bits)
    }
}

impl From<Bits> for Vec<bool> {
    fn from(bits: Bits) -> Self {
        bits.0
    }
}

impl Deref for Bits {
    type Target = Vec<bool>;

    fn deref(&self) -> &Vec<bool> {
        &self.0
    }
}

impl DerefMut for Bits {
    fn deref_mut(&mut self) -> &mut Vec<bool> {
        &mut self.0
    }
}

/// As PostgreSQL writes them: `101`.
impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|bit| f.write_str(if *bit { "1" } else { "0" }))
    }
}

impl Serialize for Bits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a string of 0 and 1", |text| {
            let bits: Option<Vec<bool>> = text
                .bytes()
                .map(|digit| match digit {
                    b'0' => Some(false),
                    b'1' => Some(true),
                    _ => None,
                })
                .collect();
            bits.map(Self)
        })
    }
}

impl PgType for Bits {
    const TYPE: TypeDesc = TypeDesc::built_in(&["varbit", "bit"])
        .with_samples(&[Sample::Json("\"\""), Sample::Json("\"10\"")]);
}
