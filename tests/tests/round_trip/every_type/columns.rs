//! The columns: for each the Rust type of the struct, that of the driver, random values weighted towards the edges, and
//! values that the struct's type must refuse, with the reason.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::net::IpAddr;

use aurora_trigger_gen::{
    Bits, Bytes, Float4, Float8, Interval, MacAddress, MacAddress8, Oid, PgType, Range,
    StreamTrigger, time as time_columns,
};
use bigdecimal::BigDecimal;
use bit_vec::BitVec;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use cidr::{IpCidr, IpInet};
use postgres_types::{FromSql, ToSql};
use proptest::collection::{hash_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Written;
use crate::driver::{DriverAddress, DriverNumeric, DriverRange};
use crate::holder::Holds;
use crate::interval::Binary;
use crate::ranges::ranges;
use crate::samples::{date, decimal, finite_f32, finite_f64, instant, json, text, time, timestamp};
use crate::user_types::{MOODS, Mood};
use crate::{jiff as jiff_values, time_crate};

pub(super) const TYPES: &str = r#"
    CREATE EXTENSION hstore;
    CREATE DOMAIN public.cents AS int8;
    CREATE DOMAIN public.more_cents AS public.cents;
    CREATE TYPE public.amount AS ("the value" numeric, currency text);
    CREATE TYPE public.line AS (number int2, amounts public.amount[], mood public.mood);
"#;

#[derive(Debug, Clone, Deserialize, PgType, ToSql, FromSql)]
#[stream(type = "public.amount")]
#[postgres(name = "amount")]
struct Amount {
    #[stream(column = "the value")]
    #[postgres(name = "the value")]
    value: Option<Decimal>,
    currency: Option<String>,
}

#[derive(Debug, Clone, Deserialize, PgType, ToSql, FromSql)]
#[stream(type = "public.line")]
#[postgres(name = "line")]
struct Line {
    number: i16,
    amounts: Option<Vec<Option<Amount>>>,
    mood: Mood,
}

#[derive(Debug, Deserialize, PgType)]
#[stream(sql_type = "public.hstore", encoding = "json")]
#[expect(dead_code, reason = "compared as `Debug` shows it")]
struct Attributes(BTreeMap<String, Option<String>>);

/// One column of the table.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
    pub(super) random: Box<dyn Fn(&mut TestRunner) -> Written>,
    /// Values in the binary protocol, each with the reason for which its event is refused.
    pub(super) refused: Vec<(Vec<u8>, &'static str)>,
    /// What the driver reads, as the struct's type in all its digits.
    pub(super) read: fn(&Row, usize) -> String,
    /// What the event holds, in the same way.
    pub(super) shown: fn(&Everything) -> String,
}

fn random<S>(strategy: S) -> Box<dyn Fn(&mut TestRunner) -> Written>
where
    S: Strategy + 'static,
    S::Value: ToSql + Sync + Send + 'static,
{
    Box::new(move |runner| {
        let tree = strategy
            .new_tree(runner)
            .expect("no strategy here gives up");
        Written::ByDriver(Box::new(tree.current()))
    })
}

/// One in four is at an edge.
fn edges<S>(strategy: S, edges: impl Into<Vec<S::Value>>) -> impl Strategy<Value = S::Value>
where
    S: Strategy,
    S::Value: Clone + Debug + 'static,
{
    prop_oneof![3 => strategy, 1 => select(edges.into())]
}

macro_rules! everything {
    ($($field:ident: $ty:ty, $sql:literal as $driver:ty, $into:expr, $strategy:expr, $refused:expr;)+) => {
        /// A row.
        #[derive(Debug, Deserialize, StreamTrigger)]
        #[stream(table = "public.everything", delivery = "async", on_failure = "abort")]
        pub(super) struct Everything {
            #[stream(key)]
            id: i64,
            $($field: $ty,)+
        }

        pub(super) fn columns() -> Vec<Column> {
            vec![$(Column {
                name: stringify!($field),
                sql: $sql,
                random: random($strategy),
                refused: Vec::from($refused),
                read: |row, index| {
                    let into: fn($driver) -> $ty = $into;
                    format!("{:?}", into(row.get::<_, $driver>(index)))
                },
                shown: |row| format!("{:?}", row.$field),
            }),+]
        }
    };
}

impl Holds for Everything {
    type Value = Self;

    fn into_parts(self) -> (i64, Self) {
        (self.id, self)
    }
}

const FLOATS: &str = "expected f";
const DIGITS: &str = "rust_decimal::Decimal can't hold";

everything! {
    boolean: bool, "bool" as bool, |value| value, any::<bool>(), [];
    int2: i16, "int2" as i16, |value| value, edges(any::<i16>(), [i16::MIN, -1, 0, i16::MAX]), [];
    int4: i32, "int4" as i32, |value| value, edges(any::<i32>(), [i32::MIN, -1, 0, i32::MAX]), [];
    int8: i64, "int8" as i64, |value| value, edges(any::<i64>(), [i64::MIN, (1 << 53) + 1, i64::MAX]), [];
    wide_int2: i64, "int2" as i16, i64::from, any::<i16>(), [];
    oid: Oid, "oid" as u32, Oid, edges(any::<u32>(), [0, 4_000_000_000, u32::MAX]), [];
    float4: f32, "float4" as f32, |value| value, edges(finite_f32(), [-0.0, f32::MIN_POSITIVE, f32::MAX]), [
        (f32::NAN.to_be_bytes().into(), FLOATS),
        (f32::INFINITY.to_be_bytes().into(), FLOATS),
    ];
    float8: f64, "float8" as f64, |value| value,
        edges(finite_f64(), [-0.0, 1e300, 0.1 + 0.2, 5e-324, f64::MAX]), [
        (f64::NAN.to_be_bytes().into(), FLOATS),
        (f64::NEG_INFINITY.to_be_bytes().into(), FLOATS),
    ];
    any_float4: Float4, "float4" as f32, Float4,
        edges(any::<u32>().prop_map(f32::from_bits), [f32::NAN, f32::NEG_INFINITY, -0.0]), [];
    any_float8: Float8, "float8" as f64, Float8,
        edges(any::<u64>().prop_map(f64::from_bits), [f64::NAN, f64::INFINITY, -0.0]), [];
    number_of_28_digits: Decimal, "numeric" as Decimal, |value| value,
        edges(decimal(), [Decimal::MAX, Decimal::MIN, Decimal::ZERO, Decimal::new(110, 2)]), [
        (DriverNumeric("0.12345678901234567890123456789".into()).bytes(), DIGITS),
        (DriverNumeric("79228162514264337593543950336".into()).bytes(), DIGITS),
        (DriverNumeric("NaN".into()).bytes(), DIGITS),
    ];
    number: BigDecimal, "numeric" as DriverNumeric, |value| value.0.parse().expect("it is a number"),
        DriverNumeric::random(), [(DriverNumeric("NaN".into()).bytes(), "at `number`")];
    text: String, "text" as String, |value| value, edges(text(0..=40), ["", "NULL", "\\", "\""].map(String::from)), [];
    varchar: String, "varchar(40)" as String, |value| value, text(0..=40), [];
    padded: String, "char(12)" as String, |value| value, text(0..=12), [];
    name: String, "name" as String, |value| value, text(0..=15), [];
    optional: Option<String>, "text" as Option<String>, |value| value, text(0..=3).prop_map(Some), [];
    bytes: Bytes, "bytea" as Vec<u8>, Bytes::from, vec(any::<u8>(), 0..60), [];
    uuid: Uuid, "uuid" as Uuid, |value| value, any::<u128>().prop_map(Uuid::from_u128), [];
    date: NaiveDate, "date" as NaiveDate, |value| value, date(), [
        (i32::MAX.to_be_bytes().into(), "at `date`"),
        ((-2_451_507_i32).to_be_bytes().into(), "at `date`"),
    ];
    time: NaiveTime, "time" as NaiveTime, |value| value, time(), [(86_400_000_000_i64.to_be_bytes().into(), "at `time`")];
    timestamp: NaiveDateTime, "timestamp" as NaiveDateTime, |value| value, timestamp(), [
        (i64::MAX.to_be_bytes().into(), "at `timestamp`"),
        (i64::MIN.to_be_bytes().into(), "at `timestamp`"),
    ];
    instant: DateTime<Utc>, "timestamptz" as DateTime<Utc>, |value| value, instant(), [
        (i64::MAX.to_be_bytes().into(), "at `instant`"),
        ((-70_000_000_000_000_000_i64).to_be_bytes().into(), "at `instant`"),
    ];
    jiff_date: jiff::civil::Date, "date" as jiff::civil::Date, |value| value, jiff_values::date(), [
        (i32::MIN.to_be_bytes().into(), "at `jiff_date`"),
    ];
    jiff_time: jiff::civil::Time, "time" as jiff::civil::Time, |value| value, jiff_values::time(), [
        (86_400_000_000_i64.to_be_bytes().into(), "at `jiff_time`"),
    ];
    jiff_timestamp: jiff::civil::DateTime, "timestamp" as jiff::civil::DateTime, |value| value,
        jiff_values::timestamp(), [(i64::MAX.to_be_bytes().into(), "at `jiff_timestamp`")];
    jiff_instant: jiff::Timestamp, "timestamptz" as jiff::Timestamp, |value| value, jiff_values::instant(), [
        (i64::MIN.to_be_bytes().into(), "at `jiff_instant`"),
    ];
    time_date: time_columns::Date, "date" as time::Date, time_columns::Date, time_crate::date(), [
        (i32::MAX.to_be_bytes().into(), "at `time_date`"),
    ];
    time_time: time_columns::Time, "time" as time::Time, time_columns::Time, time_crate::time_of_day(), [
        (86_400_000_000_i64.to_be_bytes().into(), "at `time_time`"),
    ];
    time_timestamp: time_columns::PrimitiveDateTime, "timestamp" as time::PrimitiveDateTime,
        time_columns::PrimitiveDateTime, time_crate::timestamp(), [
        (i64::MAX.to_be_bytes().into(), "at `time_timestamp`"),
    ];
    time_instant: time_columns::OffsetDateTime, "timestamptz" as time::OffsetDateTime,
        time_columns::OffsetDateTime, time_crate::timestamp().prop_map(time::PrimitiveDateTime::assume_utc), [
        (i64::MAX.to_be_bytes().into(), "at `time_instant`"),
    ];
    interval: Interval, "interval" as Binary, |value| value.0, crate::interval::printable_everywhere(), [];
    json: Value, "json" as Value, |value| value, json(), [];
    jsonb: Value, "jsonb" as Value, |value| value, json(), [];
    host: IpAddr, "inet" as IpAddr, |value| value, any::<IpAddr>(), [
        (vec![2, 24, 0, 4, 192, 0, 2, 1], "at `host`"),
    ];
    host_in_network: IpInet, "inet" as IpInet, |value| value,
        (any::<IpAddr>(), 0_u8..=32).prop_map(|(address, length)| {
            IpInet::new(address, length).expect("each address has 32 bits")
        }), [];
    network: IpCidr, "cidr" as IpCidr, |value| value,
        (any::<IpAddr>(), 0_u8..=32).prop_map(|(address, length)| {
            IpInet::new(address, length).expect("each address has 32 bits").network()
        }), [];
    hardware: MacAddress, "macaddr" as DriverAddress<MacAddress>, |value| value.0,
        any::<[u8; 6]>().prop_map(|bytes| DriverAddress(MacAddress(bytes))), [];
    hardware_8: MacAddress8, "macaddr8" as DriverAddress<MacAddress8>, |value| value.0,
        any::<[u8; 8]>().prop_map(|bytes| DriverAddress(MacAddress8(bytes))), [];
    bits: Bits, "bit varying" as BitVec, |value| Bits(value.iter().collect()),
        vec(any::<bool>(), 0..70).prop_map(|bits| bits.into_iter().collect::<BitVec>()), [];
    mood: Mood, "public.mood" as Mood, |value| value, moods(), [];
    cents: i64, "public.more_cents" as i64, |value| value, any::<i64>(), [];
    line: Line, "public.line" as Line, |value| value, lines(), [];
    attributes: Attributes, "public.hstore" as HashMap<String, Option<String>>,
        |value| Attributes(value.into_iter().collect()), hash_map(text(0..=6), of(text(0..=6)), 0..4), [];
    int4_range: Range<i32>, "int4range" as DriverRange<i32>, |value| value.0, ranges(i32::MIN..i32::MAX), [];
    number_range: Range<Decimal>, "numrange" as DriverRange<Decimal>, |value| value.0, ranges(decimal()), [];
    instant_range: Range<DateTime<Utc>>, "tstzrange" as DriverRange<DateTime<Utc>>, |value| value.0,
        ranges(instant()), [];
    int4_array: Vec<i32>, "int4[]" as Vec<i32>, |value| value, vec(any::<i32>(), 0..6), [];
    text_array: Vec<Option<String>>, "text[]" as Vec<Option<String>>, |value| value, vec(of(text(0..=6)), 0..6), [];
    number_array: Vec<Option<Decimal>>, "numeric[]" as Vec<Option<Decimal>>, |value| value, vec(of(decimal()), 0..6), [];
    float8_array: Vec<Option<Float8>>, "float8[]" as Vec<Option<f64>>,
        |value| value.into_iter().map(|number| number.map(Float8)).collect(),
        vec(of(any::<u64>().prop_map(f64::from_bits)), 0..6), [];
    instant_array: Vec<DateTime<Utc>>, "timestamptz[]" as Vec<DateTime<Utc>>, |value| value, vec(instant(), 0..6), [];
    uuid_array: Vec<Uuid>, "uuid[]" as Vec<Uuid>, |value| value, vec(any::<u128>().prop_map(Uuid::from_u128), 0..6), [];
    jsonb_array: Vec<Value>, "jsonb[]" as Vec<Value>, |value| value, vec(json(), 0..4), [];
    mood_array: Vec<Option<Mood>>, "public.mood[]" as Vec<Option<Mood>>, |value| value, vec(of(moods()), 0..6), [];
    line_array: Vec<Option<Line>>, "public.line[]" as Vec<Option<Line>>, |value| value, vec(of(lines()), 0..4), [];
    range_array: Vec<Option<Range<i32>>>, "int4range[]" as Vec<Option<DriverRange<i32>>>,
        |value| value.into_iter().map(|range| range.map(|range| range.0)).collect(),
        vec(of(ranges(i32::MIN..i32::MAX)), 0..4), [];
}

fn moods() -> impl Strategy<Value = Mood> {
    select(MOODS.to_vec())
}

fn lines() -> impl Strategy<Value = Line> {
    let amount =
        (of(decimal()), of(text(0..=4))).prop_map(|(value, currency)| Amount { value, currency });
    (any::<i16>(), of(vec(of(amount), 0..3)), moods()).prop_map(|(number, amounts, mood)| Line {
        number,
        amounts,
        mood,
    })
}
