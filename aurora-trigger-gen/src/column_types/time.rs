//! The types of the crate `time` as columns, each in a newtype: how its own types read JSON depends on which of its
//! features anybody in the app has turned on.
//!
//! They refuse what the crate's types can't hold: infinities, years before 1 and after 9999, 24:00:00.

use std::ops::Deref;

use ::time::format_description::FormatItem;
use ::time::macros::format_description;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{self, Serialize, Serializer};

use super::from_text::from_text;
use super::{PgType, or_text};
use crate::describe::{Sample, TypeDesc};

macro_rules! newtype {
    ($name:ident, $pg:literal, $column:literal, $format:tt, [$($sample:literal),+], $holds:literal) => {
        #[doc = concat!("A `", $column, "`, as [`time::", stringify!($name), "`](::time::", stringify!($name), ").")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub ::time::$name);

        impl From<::time::$name> for $name {
            fn from(value: ::time::$name) -> Self {
                Self(value)
            }
        }

        impl From<$name> for ::time::$name {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl Deref for $name {
            type Target = ::time::$name;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl $name {
            const FORMAT: &[FormatItem<'static>] = format_description!(version = 2, $format);
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let text = self.0.format(Self::FORMAT).map_err(ser::Error::custom)?;
                serializer.serialize_str(&text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let what = concat!("a ", $column, " of the years 1 to 9999");
                from_text(deserializer, what, |text| {
                    ::time::$name::parse(text, $name::FORMAT).ok().map($name)
                })
            }
        }

        impl PgType for $name {
            const TYPE: TypeDesc =
                TypeDesc::built_in(&[$pg])
                    .with_samples(&[$(Sample::Json($sample)),+])
                    .with_limits(or_text!($holds, $pg));
        }
    };
}

newtype!(
    Date,
    "date",
    "date",
    "[year]-[month]-[day]",
    ["\"0001-01-01\"", "\"9999-12-31\""],
    "`time::Date` holds the years 1 to 9999 and no infinity"
);
newtype!(
    Time,
    "time",
    "time",
    "[hour]:[minute]:[second][optional [.[subsecond]]]",
    ["\"00:00:00\"", "\"23:59:59.999999\""],
    "`time::Time` ends before 24:00:00"
);
newtype!(
    PrimitiveDateTime,
    "timestamp",
    "timestamp",
    "[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]",
    [
        "\"1936-10-25T22:10:12.608\"",
        "\"9999-12-31T23:59:59.999999\""
    ],
    "`time::PrimitiveDateTime` holds the years 1 to 9999 and no infinity"
);
newtype!(
    OffsetDateTime,
    "timestamptz",
    "timestamp with time zone",
    "[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]][offset_hour sign:mandatory]:[offset_minute]",
    [
        "\"1936-10-25T22:10:12.608+00:00\"",
        "\"9999-12-31T23:59:59.999999+00:00\""
    ],
    "`time::OffsetDateTime` holds the years 1 to 9999 and no infinity"
);
