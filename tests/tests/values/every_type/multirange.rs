//! Multiranges, which the driver has none for.

use std::error::Error;
use std::fmt::Debug;

use aurora_trigger_gen::Multirange;
use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio_postgres::types::{FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::driver::DriverRange;
use crate::ranges::ranges;

type Result<T> = std::result::Result<T, Box<dyn Error + Sync + Send>>;

/// As the server sends it, and takes it: the number of ranges, and each behind its length.
#[derive(Debug, Clone)]
pub(super) struct DriverMultirange<T>(pub(super) Multirange<T>);

/// Ranges in any order, which PostgreSQL puts into its own and joins.
pub(super) fn multiranges<S>(values: S) -> impl Strategy<Value = DriverMultirange<S::Value>>
where
    S: Strategy + 'static,
    S::Value: Clone + PartialOrd + Debug + 'static,
{
    vec(ranges(values), 0..4).prop_map(|ranges| {
        let ranges = ranges.into_iter().map(|DriverRange(range)| range);
        DriverMultirange(Multirange(ranges.collect()))
    })
}

/// The driver knows of a multirange only what its ranges are of.
fn range(ty: &Type) -> Type {
    match ty.kind() {
        Kind::Multirange(element) if *element == Type::INT4 => Type::INT4_RANGE,
        Kind::Multirange(element) if *element == Type::NUMERIC => Type::NUM_RANGE,
        _ => panic!("{ty} is no multirange of these"),
    }
}

fn number(raw: &mut &[u8]) -> Result<usize> {
    let (number, rest) = raw.split_first_chunk().ok_or("too short")?;
    *raw = rest;
    Ok(u32::from_be_bytes(*number).try_into()?)
}

impl<'a, T: FromSql<'a>> FromSql<'a> for DriverMultirange<T> {
    fn from_sql(ty: &Type, mut raw: &'a [u8]) -> Result<Self> {
        let mut ranges = Vec::new();
        for _ in 0..number(&mut raw)? {
            let length = number(&mut raw)?;
            let (one, rest) = raw.split_at_checked(length).ok_or("too short")?;
            raw = rest;
            ranges.push(DriverRange::from_sql(&range(ty), one)?.0);
        }
        Ok(Self(Multirange(ranges)))
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Multirange(element) if T::accepts(element))
    }
}

impl<T: ToSql + Clone> ToSql for DriverMultirange<T> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull> {
        let count = |number: usize| u32::try_from(number).map(u32::to_be_bytes);
        let Multirange(ranges) = &self.0;
        out.extend_from_slice(&count(ranges.len())?);
        for one in ranges {
            let mut bytes = BytesMut::new();
            DriverRange(one.clone()).to_sql(&range(ty), &mut bytes)?;
            out.extend_from_slice(&count(bytes.len())?);
            out.extend_from_slice(&bytes);
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Multirange(element) if T::accepts(element))
    }

    to_sql_checked!();
}
