//! Types that the driver has none for, read and written in its binary protocol.

use std::error::Error;
use std::ops::Bound;

use aurora_trigger_gen::{MacAddress, MacAddress8, Range};
use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::types::{Range as Wire, RangeBound, range_from_sql, range_to_sql};
use proptest::prelude::*;
use tokio_postgres::types::{FromSql, Kind, ToSql, Type, to_sql_checked};

type Result<T> = std::result::Result<T, Box<dyn Error + Sync + Send>>;

/// A range in the driver's words.
#[derive(Debug, Clone)]
pub(crate) struct DriverRange<T>(pub(crate) Range<T>);

fn element(ty: &Type) -> &Type {
    match ty.kind() {
        Kind::Range(element) => element,
        _ => panic!("{ty} is no range"),
    }
}

impl<'a, T: FromSql<'a>> FromSql<'a> for DriverRange<T> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self> {
        let bound = |bound| {
            let value = |raw: Option<&'a [u8]>| T::from_sql(element(ty), raw.ok_or("no bound")?);
            Result::Ok(match bound {
                RangeBound::Inclusive(raw) => Bound::Included(value(raw)?),
                RangeBound::Exclusive(raw) => Bound::Excluded(value(raw)?),
                RangeBound::Unbounded => Bound::Unbounded,
            })
        };
        Ok(Self(match range_from_sql(raw)? {
            Wire::Empty => Range::Empty,
            Wire::Nonempty(lower, upper) => Range::Between(bound(lower)?, bound(upper)?),
        }))
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Range(element) if T::accepts(element))
    }
}

impl<T: ToSql> ToSql for DriverRange<T> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<tokio_postgres::types::IsNull> {
        let bound = |bound: &Bound<T>, out: &mut BytesMut| {
            let mut write = |value: &T| {
                value.to_sql(element(ty), out)?;
                Result::Ok(IsNull::No)
            };
            Ok(match bound {
                Bound::Included(value) => RangeBound::Inclusive(write(value)?),
                Bound::Excluded(value) => RangeBound::Exclusive(write(value)?),
                Bound::Unbounded => RangeBound::Unbounded,
            })
        };
        match &self.0 {
            Range::Empty => postgres_protocol::types::empty_range_to_sql(out),
            Range::Between(lower, upper) => {
                range_to_sql(|out| bound(lower, out), |out| bound(upper, out), out)?;
            }
        }
        Ok(tokio_postgres::types::IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Range(element) if T::accepts(element))
    }

    to_sql_checked!();
}

/// A hardware address in the driver's words.
#[derive(Debug, Clone)]
pub(crate) struct DriverAddress<T>(pub(crate) T);

macro_rules! address {
    ($address:ident, $ty:ident) => {
        impl FromSql<'_> for DriverAddress<$address> {
            fn from_sql(_: &Type, raw: &[u8]) -> Result<Self> {
                Ok(Self($address(raw.try_into()?)))
            }

            fn accepts(ty: &Type) -> bool {
                *ty == Type::$ty
            }
        }

        impl ToSql for DriverAddress<$address> {
            fn to_sql(
                &self,
                _: &Type,
                out: &mut BytesMut,
            ) -> Result<tokio_postgres::types::IsNull> {
                out.extend_from_slice(&self.0.0);
                Ok(tokio_postgres::types::IsNull::No)
            }

            fn accepts(ty: &Type) -> bool {
                *ty == Type::$ty
            }

            to_sql_checked!();
        }
    };
}

address!(MacAddress, MACADDR);
address!(MacAddress8, MACADDR8);

/// A `numeric` of any length, as PostgreSQL's text for it.
#[derive(Debug, Clone)]
pub(crate) struct DriverNumeric(pub(crate) String);

const NEGATIVE: u16 = 0x4000;
const NOT_A_NUMBER: u16 = 0xC000;

impl DriverNumeric {
    /// Up to 60 digits before the point and 60 behind it.
    pub(crate) fn random() -> impl Strategy<Value = Self> {
        // As a strategy the text itself would be parsed for each value.
        proptest::string::string_regex("(0|-?[1-9][0-9]{0,60})(\\.[0-9]{1,60})?")
            .expect("it is a regular expression")
            .prop_map(Self)
    }

    /// In the binary protocol: the number of groups of four digits, the place of the first before the point, the sign,
    /// the digits behind the point, and the groups.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let head = |groups: usize, weight: i16, sign: u16, scale: usize| {
            let count = |number: usize| u16::try_from(number).expect("it is short").to_be_bytes();
            let (weight, sign) = (weight.to_be_bytes(), sign.to_be_bytes());
            [count(groups), weight, sign, count(scale)].concat()
        };
        if self.0 == "NaN" {
            return head(0, 0, NOT_A_NUMBER, 0);
        }
        let digits = self.0.trim_start_matches('-');
        let sign = if digits.len() < self.0.len() {
            NEGATIVE
        } else {
            0
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let before = whole.len().div_ceil(4);
        let behind = fraction.len().div_ceil(4);
        let padded = format!("{whole:0>0$}{fraction:0<1$}", before * 4, behind * 4);
        let weight = i16::try_from(before).expect("it is short") - 1;
        let mut bytes = head(before + behind, weight, sign, fraction.len());
        for start in (0..padded.len()).step_by(4) {
            let group: i16 = padded[start..start + 4].parse().expect("these are digits");
            bytes.extend(group.to_be_bytes());
        }
        bytes
    }
}

impl FromSql<'_> for DriverNumeric {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self> {
        let numbers: Vec<i16> = raw
            .as_chunks::<2>()
            .0
            .iter()
            .map(|bytes| i16::from_be_bytes(*bytes))
            .collect();
        let [_, weight, sign, scale, groups @ ..] = numbers.as_slice() else {
            return Err("too short".into());
        };
        if sign.cast_unsigned() == NOT_A_NUMBER {
            return Ok(Self("NaN".to_owned()));
        }
        let group = |place: i16| {
            let index = usize::try_from(i32::from(*weight) - i32::from(place));
            index
                .ok()
                .and_then(|index| groups.get(index))
                .copied()
                .unwrap_or(0)
        };
        let whole: String = (0..=*weight)
            .rev()
            .map(|place| format!("{:04}", group(place)))
            .collect();
        let whole = match whole.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        let scale = usize::try_from(*scale)?;
        let behind = i16::try_from(scale.div_ceil(4))?;
        let fraction: String = (1..=behind)
            .map(|place| format!("{:04}", group(-place)))
            .collect();
        let sign = if sign.cast_unsigned() == NEGATIVE {
            "-"
        } else {
            ""
        };
        let point = if scale == 0 { "" } else { "." };
        Ok(Self(format!("{sign}{whole}{point}{}", &fraction[..scale])))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::NUMERIC
    }
}

impl ToSql for DriverNumeric {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<tokio_postgres::types::IsNull> {
        out.extend_from_slice(&self.bytes());
        Ok(tokio_postgres::types::IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::NUMERIC
    }

    to_sql_checked!();
}
