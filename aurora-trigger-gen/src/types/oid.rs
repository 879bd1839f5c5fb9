use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use super::PgType;
use crate::describe::{Sample, TypeDesc};

/// An `oid`, in JSON as PostgreSQL writes it: a string of digits.
///
/// ```
/// use aurora_trigger_gen::Oid;
///
/// assert_eq!(serde_json::from_str::<Oid>(r#""4000000000""#)?, Oid(4_000_000_000));
/// assert_eq!(serde_json::to_string(&Oid(1))?, r#""1""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(pub u32);

impl From<u32> for Oid {
    fn from(number: u32) -> Self {
        Self(number)
    }
}

impl From<Oid> for u32 {
    fn from(oid: Oid) -> Self {
        oid.0
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Oid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Oid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Digits)
    }
}

struct Digits;

impl Visitor<'_> for Digits {
    type Value = Oid;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an oid as a string of digits")
    }

    // The text is row data, so the error must not repeat it.
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Oid, E> {
        text.parse()
            .map(Oid)
            .map_err(|_| E::custom("not an oid as a string of digits"))
    }
}

impl PgType for Oid {
    const TYPE: TypeDesc = TypeDesc::built_in(&["oid"])
        .with_samples(&[Sample::Json("\"0\""), Sample::Json("\"4294967295\"")]);
}
