use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::PgType;
use super::from_text::from_text;
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
        from_text(deserializer, "an oid as a string of digits", |text| {
            text.parse().ok().map(Oid)
        })
    }
}

impl PgType for Oid {
    const TYPE: TypeDesc = TypeDesc::built_in(&["oid"])
        .with_samples(&[Sample::Json("\"0\""), Sample::Json("\"4294967295\"")]);
}
