//! Arrays of more than one dimension, which the driver has none for.

use std::error::Error;
use std::fmt::Debug;

use bytes::BytesMut;
use postgres_protocol::types::{ArrayDimension, array_to_sql};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio_postgres::types::{FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

type Result<T> = std::result::Result<T, Box<dyn Error + Sync + Send>>;

/// The values, row by row. An empty array has no dimension.
#[derive(Debug, Clone)]
pub(super) struct Grid<T> {
    lengths: Vec<i32>,
    values: Vec<T>,
}

impl<T> Grid<T> {
    pub(super) fn new(lengths: &[i32], values: Vec<T>) -> Self {
        Self {
            lengths: lengths.to_vec(),
            values,
        }
    }

    pub(super) fn into_two(self) -> Vec<Vec<T>> {
        match self.lengths[..] {
            [] => Vec::new(),
            [_, width] => pieces(self.values, width),
            _ => panic!("two dimensions: {:?}", self.lengths),
        }
    }

    pub(super) fn into_three(self) -> Vec<Vec<Vec<T>>> {
        match self.lengths[..] {
            [] => Vec::new(),
            [_, height, width] => pieces(pieces(self.values, width), height),
            _ => panic!("three dimensions: {:?}", self.lengths),
        }
    }
}

fn pieces<T>(values: Vec<T>, length: i32) -> Vec<Vec<T>> {
    let mut pieces: Vec<Vec<T>> = Vec::new();
    let length = usize::try_from(length).expect("no length is negative");
    for value in values {
        match pieces.last_mut() {
            Some(last) if last.len() < length => last.push(value),
            _ => pieces.push(vec![value]),
        }
    }
    pieces
}

/// Of so many dimensions, one in nine without any value.
pub(super) fn grids<S>(values: S, dimensions: usize) -> impl Strategy<Value = Grid<S::Value>>
where
    S: Strategy + 'static,
    S::Value: Clone + Debug + 'static,
{
    let values = values.boxed();
    let full = vec(1..4_i32, dimensions).prop_flat_map(move |lengths| {
        let count: i32 = lengths.iter().product();
        let count = usize::try_from(count).expect("no length is negative");
        vec(values.clone(), count).prop_map(move |values| Grid::new(&lengths, values))
    });
    prop_oneof![8 => full, 1 => Just(Grid::new(&[], Vec::new()))]
}

fn element(ty: &Type) -> &Type {
    match ty.kind() {
        Kind::Array(element) => element,
        _ => panic!("{ty} is no array"),
    }
}

fn number(raw: &mut &[u8]) -> Result<i32> {
    let (number, rest) = raw.split_first_chunk().ok_or("too short")?;
    *raw = rest;
    Ok(i32::from_be_bytes(*number))
}

impl<'a, T: FromSql<'a>> FromSql<'a> for Grid<T> {
    /// The number of dimensions, whether there are NULLs, the type, of each dimension its length and its lower bound,
    /// and the values, each behind its length.
    fn from_sql(ty: &Type, mut raw: &'a [u8]) -> Result<Self> {
        let dimensions = number(&mut raw)?;
        let (_has_nulls, _type) = (number(&mut raw)?, number(&mut raw)?);
        let mut lengths = Vec::new();
        for _ in 0..dimensions {
            lengths.push(number(&mut raw)?);
            let _lower_bound = number(&mut raw)?;
        }
        let mut values = Vec::new();
        while !raw.is_empty() {
            let value = match usize::try_from(number(&mut raw)?) {
                Ok(length) => {
                    let (value, rest) = raw.split_at_checked(length).ok_or("too short")?;
                    raw = rest;
                    Some(value)
                }
                Err(_) => None,
            };
            values.push(T::from_sql_nullable(element(ty), value)?);
        }
        Ok(Self { lengths, values })
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Array(element) if T::accepts(element))
    }
}

impl<T: ToSql> ToSql for Grid<T> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull> {
        let element = element(ty);
        let dimensions = self.lengths.iter().map(|length| ArrayDimension {
            len: *length,
            lower_bound: 1,
        });
        array_to_sql(
            dimensions,
            element.oid(),
            &self.values,
            |value, out| {
                Ok(match value.to_sql(element, out)? {
                    IsNull::Yes => postgres_protocol::IsNull::Yes,
                    IsNull::No => postgres_protocol::IsNull::No,
                })
            },
            out,
        )?;
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Array(element) if T::accepts(element))
    }

    to_sql_checked!();
}
