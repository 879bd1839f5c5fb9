use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::PgType;
use super::from_text::from_text;
use crate::describe::{Sample, TypeDesc};

macro_rules! mac_address {
    ($name:ident, $bytes:literal, $pg:literal, $text:literal) => {
        #[doc = concat!("A `", $pg, "`; in JSON as PostgreSQL writes it: `", $text, "`.")]
        ///
        /// ```
        #[doc = concat!("use aurora_trigger_gen::", stringify!($name), ";")]
        ///
        #[doc = concat!("let address: ", stringify!($name), " = serde_json::from_str(r#\"\"", $text, "\"\"#)?;")]
        /// assert_eq!(address.0[0], 0x08);
        #[doc = concat!("assert_eq!(address.to_string(), \"", $text, "\");")]
        /// # Ok::<(), serde_json::Error>(())
        /// ```
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl From<[u8; $bytes]> for $name {
            fn from(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }
        }

        impl From<$name> for [u8; $bytes] {
            fn from(address: $name) -> Self {
                address.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for (index, byte) in self.0.iter().enumerate() {
                    let colon = if index == 0 { "" } else { ":" };
                    write!(f, "{colon}{byte:02x}")?;
                }
                Ok(())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let what = concat!("a ", $pg, " such as ", $text);
                from_text(deserializer, what, |text| bytes(text).map(Self))
            }
        }

        impl PgType for $name {
            const TYPE: TypeDesc = TypeDesc::built_in(&[$pg])
                .with_samples(&[Sample::Json(concat!("\"", $text, "\""))]);
        }
    };
}

mac_address!(MacAddress, 6, "macaddr", "08:00:2b:01:02:fe");
mac_address!(MacAddress8, 8, "macaddr8", "08:00:2b:01:02:03:04:fe");

/// Bytes of two hexadecimal digits, with colons between them.
fn bytes<const COUNT: usize>(text: &str) -> Option<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    let mut groups = text.split(':');
    for byte in &mut bytes {
        let group = groups.next()?;
        let is_two_digits =
            group.len() == 2 && group.bytes().all(|digit| digit.is_ascii_hexdigit());
        *byte = u8::from_str_radix(is_two_digits.then_some(group)?, 16).ok()?;
    }
    groups.next().is_none().then_some(bytes)
}
