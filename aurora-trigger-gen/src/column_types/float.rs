use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::PgType;
use super::from_text::from_text;
use crate::describe::{Encoding, Sample, TypeDesc};

macro_rules! float {
    ($name:ident($float:ty), $pg:literal, $alias:literal, [$($sample:literal),+]) => {
        #[doc = concat!("Any value of a `", $alias, "`: NaN and the infinities too, which [`", stringify!($float), "`]")]
        /// can hold, and JSON numbers can't. So it travels as a JSON string, in PostgreSQL's text for it.
        ///
        /// Two of them are equal as the numbers are: NaN is not equal to itself.
        ///
        /// ```
        #[doc = concat!("use aurora_trigger_gen::", stringify!($name), ";")]
        ///
        #[doc = concat!("let number: ", stringify!($name), " = serde_json::from_str(r#\"\"-Infinity\"\"#)?;")]
        #[doc = concat!("assert_eq!(number.0, ", stringify!($float), "::NEG_INFINITY);")]
        /// assert_eq!(serde_json::to_string(&number)?, r#""-Infinity""#);
        /// # Ok::<(), serde_json::Error>(())
        /// ```
        #[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
        pub struct $name(pub $float);

        impl From<$float> for $name {
            fn from(number: $float) -> Self {
                Self(number)
            }
        }

        impl From<$name> for $float {
            fn from(number: $name) -> Self {
                number.0
            }
        }

        /// As PostgreSQL reads it: the fewest digits that make this number, `NaN`, `Infinity`, `-Infinity`.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if self.0 == <$float>::INFINITY {
                    f.write_str("Infinity")
                } else if self.0 == <$float>::NEG_INFINITY {
                    f.write_str("-Infinity")
                } else {
                    write!(f, "{}", self.0)
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer, "PostgreSQL's text for a number", |text| {
                    text.parse().ok().map($name)
                })
            }
        }

        impl PgType for $name {
            const TYPE: TypeDesc = TypeDesc::built_in(&[$pg])
                .with_encoding(Encoding::Text)
                .with_samples(&[$(Sample::Text($sample)),+]);
        }
    };
}

float!(
    Float4(f32),
    "float4",
    "real",
    ["NaN", "-Infinity", "3.4028235e+38", "1e-45"]
);
float!(
    Float8(f64),
    "float8",
    "double precision",
    ["NaN", "-Infinity", "1.7976931348623157e+308", "5e-324"]
);
