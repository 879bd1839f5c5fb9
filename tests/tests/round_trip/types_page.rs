//! The page on types does what it says: its literals stand in the event as they stand there, and are read or refused.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aurora_trigger_gen::describe::{Shape, TypeDesc};
use aurora_trigger_gen::{
    Bits, Bytes, Float4, Float8, Interval, MacAddress, MacAddress8, Multirange, Oid, PgType, Range,
    time as time_columns,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::holder::{Holder, Row, events};

const PAGE: &str = include_str!("../../../aurora-trigger-gen/TYPES.md");

/// A line of the table of PostgreSQL's types.
#[derive(Debug)]
struct Line<'a> {
    column: &'a str,
    rust: Vec<&'a str>,
    written: &'a str,
    json: &'a str,
    refused: Vec<&'a str>,
}

fn lines() -> Vec<Line<'static>> {
    let (_, table) = PAGE
        .split_once("## Types of PostgreSQL\n")
        .expect("the page has this part");
    let (table, _) = table.split_once("\n## ").expect("it is not the last one");
    table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<Vec<&str>> = line
                .split(" | ")
                .map(|cell| cell.split('`').skip(1).step_by(2).collect())
                .collect();
            let [column, rust, written, json, refused] = cells.as_slice() else {
                panic!("five cells: {line}");
            };
            Line {
                column: column[0],
                rust: rust.clone(),
                written: written[0],
                json: json[0],
                refused: refused.clone(),
            }
        })
        .collect()
}

/// What became of a literal in a column that is read as `T`: what stands in the event, and whether `T` reads it.
async fn written<T>(holder: &Holder, column: &str, literal: &str) -> (String, Result<(), String>)
where
    T: PgType + DeserializeOwned + Debug,
{
    #[derive(Deserialize)]
    struct Image<'a> {
        #[serde(borrow)]
        value: &'a RawValue,
    }
    holder.make_table::<Row<T>>(column).await;
    holder
        .execute(&format!("INSERT INTO public.holder VALUES (1, {literal})"))
        .await;
    let calls = holder.pipeline().take_calls();
    let payload = calls[0].payload();
    let image = payload.batches[0].events[0]
        .after
        .expect("a row was inserted");
    let image: Image<'_> = serde_json::from_str(image.get()).expect("it has the column");
    let outcome = events::<Row<T>>(&calls).remove(&1).expect("it is there");
    (image.value.get().to_owned(), outcome.map(|_| ()))
}

async fn check<T>(holder: &Holder, rust: &str, line: &Line<'_>)
where
    T: PgType + DeserializeOwned + Debug,
{
    let column = format!("{} NOT NULL", line.column);
    let (json, outcome) = written::<T>(holder, &column, line.written).await;
    assert_eq!(json, line.json, "{rust}: {line:?}");
    assert_eq!(outcome, Ok(()), "{rust}: {line:?}");
    for literal in &line.refused {
        let (_, outcome) = written::<T>(holder, &column, literal).await;
        outcome.expect_err(&format!("{rust} takes {literal}: {line:?}"));
    }
}

macro_rules! by_name {
    ($($name:literal => $ty:ty,)+) => {
        const TYPES: &[(&str, TypeDesc)] = &[$(($name, <$ty>::TYPE)),+];

        async fn check_as(holder: &Holder, rust: &str, line: &Line<'_>) {
            match rust {
                $($name => check::<$ty>(holder, rust, line).await,)+
                other => panic!("{other} is not among the test's types"),
            }
        }
    };
}

by_name! {
    "bool" => bool,
    "i16" => i16,
    "i32" => i32,
    "i64" => i64,
    "Oid" => Oid,
    "f32" => f32,
    "f64" => f64,
    "Float4" => Float4,
    "Float8" => Float8,
    "rust_decimal::Decimal" => rust_decimal::Decimal,
    "bigdecimal::BigDecimal" => bigdecimal::BigDecimal,
    "String" => String,
    "Bytes" => Bytes,
    "Bits" => Bits,
    "uuid::Uuid" => uuid::Uuid,
    "chrono::NaiveDate" => chrono::NaiveDate,
    "chrono::NaiveTime" => chrono::NaiveTime,
    "chrono::NaiveDateTime" => chrono::NaiveDateTime,
    "chrono::DateTime<Utc>" => chrono::DateTime<chrono::Utc>,
    "jiff::civil::Date" => jiff::civil::Date,
    "jiff::civil::Time" => jiff::civil::Time,
    "jiff::civil::DateTime" => jiff::civil::DateTime,
    "jiff::Timestamp" => jiff::Timestamp,
    "time::Date" => time_columns::Date,
    "time::Time" => time_columns::Time,
    "time::PrimitiveDateTime" => time_columns::PrimitiveDateTime,
    "time::OffsetDateTime" => time_columns::OffsetDateTime,
    "Interval" => Interval,
    "serde_json::Value" => serde_json::Value,
    "std::net::IpAddr" => IpAddr,
    "std::net::Ipv4Addr" => Ipv4Addr,
    "std::net::Ipv6Addr" => Ipv6Addr,
    "cidr::IpInet" => cidr::IpInet,
    "cidr::Ipv4Inet" => cidr::Ipv4Inet,
    "cidr::Ipv6Inet" => cidr::Ipv6Inet,
    "cidr::IpCidr" => cidr::IpCidr,
    "cidr::Ipv4Cidr" => cidr::Ipv4Cidr,
    "cidr::Ipv6Cidr" => cidr::Ipv6Cidr,
    "MacAddress" => MacAddress,
    "MacAddress8" => MacAddress8,
    "Range<i32>" => Range<i32>,
    "Range<rust_decimal::Decimal>" => Range<rust_decimal::Decimal>,
    "Range<chrono::NaiveDate>" => Range<chrono::NaiveDate>,
    "Multirange<i32>" => Multirange<i32>,
    "Vec<i32>" => Vec<i32>,
    "Vec<Option<i32>>" => Vec<Option<i32>>,
    "Vec<Vec<i32>>" => Vec<Vec<i32>>,
}

#[tokio::test]
async fn every_line_of_the_page_is_true() {
    let holder = Holder::plain().await;
    let version = holder.server_version().await;
    for line in lines() {
        if line.column.ends_with("multirange") && version < 140_000 {
            println!(
                "not tested: before PostgreSQL 14 there is no {}",
                line.column
            );
            continue;
        }
        for rust in &line.rust {
            check_as(&holder, rust, &line).await;
        }
    }
}

/// A type that takes a column more than the page says, or has no line at all, is found here.
#[tokio::test]
async fn every_type_has_a_line_for_each_column_that_it_takes() {
    let holder = Holder::plain().await;
    let mut said: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for line in lines() {
        let name = holder
            .session()
            .query_opt(
                "SELECT t.typname::text FROM pg_type AS t WHERE t.oid = to_regtype($1)",
                &[&line.column],
            )
            .await
            .expect("the catalogue can be read");
        for rust in line.rust {
            let columns = said.entry(rust).or_default();
            columns.extend(name.as_ref().map(|row| row.get::<_, String>(0)));
        }
    }
    for (name, ty) in TYPES {
        let said = said
            .remove(name)
            .unwrap_or_else(|| panic!("{name} has no line"));
        if let Shape::BuiltIn(columns) = ty.shape() {
            let taken: BTreeSet<String> = columns.iter().copied().map(str::to_owned).collect();
            assert_eq!(said, taken, "{name}");
        }
    }
    assert!(said.is_empty(), "{said:?}");
}
