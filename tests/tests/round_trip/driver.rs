//! Types that the driver has none for, read and written in its binary protocol.

use std::error::Error;
use std::ops::Bound;

use aurora_trigger_gen::{MacAddress, MacAddress8, Range};
use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::types::{Range as Wire, RangeBound, range_from_sql, range_to_sql};
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
