//! The variants of a stream: the way of a record to its variant, and the rule that each table has one.

use crate::describe::TableDesc;
use crate::error::DecodeError;
use crate::private::{equal, refuse};
use crate::wire::Record;

/// How a record of one table becomes a change of the stream. Not part of the API.
#[doc(hidden)]
pub type Route<S> = fn(&Record<'_>) -> Result<S, DecodeError>;

/// The route of a record; `None` for a table that the stream does not know. Not part of the API.
#[doc(hidden)]
#[must_use]
pub fn route<S>(
    record: &Record<'_>,
    tables: &[&TableDesc],
    routes: &[Route<S>],
) -> Option<Route<S>> {
    let place = tables.iter().position(|table| record.is_of(table))?;
    Some(routes[place])
}

/// For each variant of a stream the earlier variant with the same table. Not part of the API.
///
/// The tables are compared once, by sorted hashes: a comparison of each table with each earlier one would take the
/// compiler minutes for a stream of thousands of tables.
#[doc(hidden)]
#[must_use]
pub const fn earlier_variants<const N: usize>(tables: &[&TableDesc]) -> [Option<usize>; N] {
    let sorted: [_; N] = sorted(hashes(tables));
    let mut earlier = [None; N];
    let mut place = 1;
    while place < N {
        let (hash, variant) = sorted[place];
        // Different tables can have one hash.
        let mut other = place;
        while other > 0 && sorted[other - 1].0 == hash {
            other -= 1;
            if is_same(tables[sorted[other].1], tables[variant]) {
                earlier[variant] = Some(sorted[other].1);
            }
        }
        place += 1;
    }
    earlier
}

/// A record is routed by its table, so each table has one variant.
///
/// # Panics
///
/// Where an earlier variant has the table already.
#[doc(hidden)]
#[track_caller]
pub const fn table_is_new(
    earlier: Option<usize>,
    tables: &[&TableDesc],
    variants: &[&str],
    variant: usize,
) {
    if let Some(earlier) = earlier {
        refuse(&[
            "`",
            variants[variant],
            "` is for the table ",
            tables[variant].schema(),
            ".",
            tables[variant].table(),
            ", which `",
            variants[earlier],
            "` is for already: a table has one variant, remove one of the two",
        ]);
    }
}

const fn is_same(left: &TableDesc, right: &TableDesc) -> bool {
    equal(left.table(), right.table()) && equal(left.schema(), right.schema())
}

/// The hash of each table, with its place.
const fn hashes<const N: usize>(tables: &[&TableDesc]) -> [(u64, usize); N] {
    let mut hashes = [(0, 0); N];
    let mut place = 0;
    while place < N {
        let schema = hash(0xcbf2_9ce4_8422_2325, tables[place].schema());
        hashes[place] = (hash(schema, tables[place].table()), place);
        place += 1;
    }
    hashes
}

/// FNV-1a in 64 bits.
const fn hash(mut hash: u64, text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut place = 0;
    while place < bytes.len() {
        hash = (hash ^ bytes[place] as u64).wrapping_mul(0x0100_0000_01b3);
        place += 1;
    }
    hash
}

/// Merges ever longer runs: in the order of the hashes, and equal ones in the order in which they came.
const fn sorted<const N: usize>(mut from: [(u64, usize); N]) -> [(u64, usize); N] {
    let mut length = 1;
    while length < N {
        let mut to = from;
        let mut start = 0;
        while start < N {
            let middle = least(start + length, N);
            let end = least(start + 2 * length, N);
            let (mut left, mut right, mut place) = (start, middle, start);
            while place < end {
                let is_left = right == end || left < middle && from[left].0 <= from[right].0;
                if is_left {
                    to[place] = from[left];
                    left += 1;
                } else {
                    to[place] = from[right];
                    right += 1;
                }
                place += 1;
            }
            start = end;
        }
        from = to;
        length *= 2;
    }
    from
}

const fn least(left: usize, right: usize) -> usize {
    if left < right { left } else { right }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::{Delivery, KeyDesc};

    const fn table(schema: &'static str, name: &'static str) -> TableDesc {
        let key = KeyDesc::PartitionBy(&[]);
        TableDesc::new("T", schema, name, &[], key, Delivery::Async)
    }

    #[test]
    fn each_variant_of_a_table_but_the_first_names_the_first() {
        static TABLES: [TableDesc; 7] = [
            table("a", "x"),
            table("b", "x"),
            table("a", "y"),
            table("a", "x"),
            table("ax", ""),
            table("a", "x"),
            table("b", "x"),
        ];
        static REFERENCES: [&TableDesc; 7] = [
            &TABLES[0], &TABLES[1], &TABLES[2], &TABLES[3], &TABLES[4], &TABLES[5], &TABLES[6],
        ];
        let earlier = [None, None, None, Some(0), None, Some(0), Some(1)];
        assert_eq!(earlier_variants(&REFERENCES), earlier);
    }

    #[test]
    fn any_number_of_hashes_is_sorted_and_stays_in_order_where_they_are_equal() {
        fn check<const N: usize>() {
            let mut random = 7_u64;
            let mut hashes = [(0, 0); N];
            for (place, hash) in hashes.iter_mut().enumerate() {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                *hash = (random >> 33 & 7, place);
            }
            let mut expected = hashes;
            expected.sort_unstable();
            assert_eq!(sorted(hashes), expected);
        }

        check::<0>();
        check::<1>();
        check::<2>();
        check::<3>();
        check::<64>();
        check::<100>();
        check::<129>();
    }
}
