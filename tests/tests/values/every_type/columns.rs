//! The columns.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Bound::{Excluded, Included, Unbounded};

use aurora_trigger_gen::Range::Between;
use aurora_trigger_gen::{
    Bits, Bytes, Float4, Float8, Interval, MacAddress, MacAddress8, Multirange, Oid, Range,
    StreamTrigger, time as time_columns,
};
use bigdecimal::BigDecimal;
use bit_vec::BitVec;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use cidr::{IpCidr, IpInet, Ipv4Cidr, Ipv4Inet, Ipv6Cidr, Ipv6Inet};
use proptest::collection::{hash_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::column::{Column, everything, random, random_or_null, refused};
use super::edges::{
    address, any_float4, any_float8, any_host, bits, bytes, edges, float4, float8, int2, int4,
    int4_before_the_last, int8, int8_before_the_last, long_number, oid, some_bits, uuid,
    v4_address, v4_host, v6_address, v6_host,
};
use super::grid::{Grid, grids};
use super::letters::Letters;
use super::moments::{self, refused_dates, refused_times, refused_timestamps};
use super::multirange::{DriverMultirange, multiranges};
use super::raw::Raw;
use super::recipes::{self, Money};
use super::unfit;
use super::user_types::{
    Amount, Attributes, HalfKnown, Line, LongAmount, Path, addresses, amounts, half_known, lines,
    moods,
};
use super::wanted;
use crate::driver::{DriverAddress, DriverNumeric, DriverRange};
use crate::holder::Holds;
use crate::interval::{Binary, printable_everywhere};
use crate::json::Address;
use crate::ranges::ranges;
use crate::samples::decimal;
use crate::user_types::{Level, Mood, Segment};

everything! {
    letters;
    not_null {
    boolean: bool, "bool" as bool, |value| value, any::<bool>(), [];
    int2: i16, "int2" as i16, |value| value, int2(), [];
    int4: i32, "int4" as i32, |value| value, int4(), [];
    int8: i64, "int8" as i64, |value| value, int8(), [];
    int2_in_i64: i64, "int2" as i16, i64::from, int2(), [];
    oid: Oid, "oid" as u32, Oid, oid(), [];
    finite_float4: f32, "float4" as f32, |value| value, float4(),
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY].map(refused);
    finite_float8: f64, "float8" as f64, |value| value, float8(),
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(refused);
    any_float4: Float4, "float4" as f32, Float4, any_float4(), [];
    numeric_of_28_digits: Decimal, "numeric" as Decimal, |value| value,
        edges(decimal(), [Decimal::MAX, Decimal::MIN, Decimal::ZERO, Decimal::new(110, 2), Decimal::new(-1, 28)]),
        [unfit::TOO_LARGE, unfit::TOO_LONG, "NaN"].map(|text| refused(unfit::number(text)));
    long_numeric: BigDecimal, "numeric" as DriverNumeric, |number| wanted::big_decimal(&number), long_number(), [
        refused(unfit::number("NaN")),
    ];
    text: String, "text" as String, |value| value, letters.text(0..=40), [];
    varchar: String, "varchar(40)" as String, |value| value, letters.text(0..=40), [];
    name: String, "name" as String, |value| value, letters.name(), [];
    bytea: Bytes, "bytea" as Vec<u8>, Bytes::from, bytes(), [];
    uuid: Uuid, "uuid" as Uuid, |value| value, uuid(), [];
    chrono_date: NaiveDate, "date" as NaiveDate, |value| value, moments::date(), refused_dates();
    chrono_time: NaiveTime, "time" as NaiveTime, |value| value, moments::time(), refused_times();
    chrono_timestamp: NaiveDateTime, "timestamp" as NaiveDateTime, |value| value, moments::timestamp(),
        refused_timestamps();
    chrono_instant: DateTime<Utc>, "timestamptz" as DateTime<Utc>, |value| value, moments::instant(),
        refused_timestamps();
    jiff_date: jiff_0_2::civil::Date, "date" as jiff_0_2::civil::Date, |value| value, moments::date(), refused_dates();
    jiff_time: jiff_0_2::civil::Time, "time" as jiff_0_2::civil::Time, |value| value, moments::time(), refused_times();
    jiff_timestamp: jiff_0_2::civil::DateTime, "timestamp" as jiff_0_2::civil::DateTime, |value| value,
        moments::timestamp(), refused_timestamps();
    time_timestamp: time_columns::PrimitiveDateTime, "timestamp" as time::PrimitiveDateTime,
        time_columns::PrimitiveDateTime, moments::timestamp(), refused_timestamps();
    time_instant: time_columns::OffsetDateTime, "timestamptz" as time::OffsetDateTime, time_columns::OffsetDateTime,
        moments::instant(), refused_timestamps();
    finite_interval: Interval, "interval" as Binary, |value| value.0, printable_everywhere(),
        unfit::infinite_intervals();
    json_value: Value, "json" as Value, |value| value, letters.json(), [refused(Raw::text("1e400"))];
    jsonb_value: Value, "jsonb" as Value, |value| value, letters.json(), [refused(unfit::jsonb("{\"a\": 1e400}"))];
    #[stream(json)]
    json_struct: Address, "json" as Json<Address>, |Json(value)| value, addresses(letters).prop_map(Json), [
        refused(Raw::text("null")),
        refused(Raw::text("{\"street\": \"\"}")),
    ];
    host_address: IpAddr, "inet" as IpAddr, |value| value, address(), [
        refused(unfit::host("192.0.2.1/24")),
        refused(unfit::host("::1/64")),
    ];
    v4_host_address: Ipv4Addr, "inet" as IpAddr, wanted::v4_address, v4_address().prop_map(IpAddr::V4), [
        refused(unfit::host("::1")),
        refused(unfit::host("192.0.2.1/24")),
    ];
    host_in_network: IpInet, "inet" as IpInet, |value| value, any_host(), [];
    network: IpCidr, "cidr" as IpCidr, |value| value, any_host().prop_map(|host| host.network()), [];
    v6_network: Ipv6Cidr, "cidr" as IpCidr, wanted::v6_network, v6_host().prop_map(|host| host.network()), [
        refused(unfit::network("192.0.2.1/32")),
    ];
    macaddr: MacAddress, "macaddr" as DriverAddress<MacAddress>, |value| value.0,
        edges(any::<[u8; 6]>(), [[0; 6], [255; 6]]).prop_map(|bytes| DriverAddress(MacAddress(bytes))), [];
    bits_of_any_number: Bits, "bit varying" as BitVec, |bits| wanted::all_bits(&bits), some_bits(), [];
    nine_bits: Bits, "bit(9)" as BitVec, |bits| wanted::all_bits(&bits), bits(9), [];
    mood: Mood, "public.mood" as Mood, |value| value, moods(), [];
    half_known: HalfKnown, "public.half_known" as Raw, |raw| half_known(&raw), Just(Raw::text("known")), [
        refused(Raw::text("unknown")),
    ];
    enum_in_text: Segment, "text" as String, |label| wanted::segment(&label),
        select(vec!["retail_trade", "wholesale", "B2B"]).prop_map(str::to_owned),
        ["Wholesale", "wholesale ", ""].map(refused);
    enum_in_integer: Level, "int2" as i16, wanted::level, select(vec![-1_i16, 300]), [0_i16, i16::MAX].map(refused);
    domain_of_domain: i64, "public.more_cents" as i64, |value| value, int8(), [];
    domain_over_composite: Line, "public.known_line" by "public.line" as Line, |value| value, lines(letters), [];
    composite_amount: Amount, "public.amount" as Amount, |value| value, amounts(letters), [
        refused(LongAmount::new(unfit::TOO_LONG)),
    ];
    int4_range: Range<i32>, "int4range" as DriverRange<i32>, |value| value.0, ranges(int4_before_the_last()), [];
    int8_range: Range<i64>, "int8range" as DriverRange<i64>, |value| value.0, ranges(int8_before_the_last()), [];
    numeric_range: Range<Decimal>, "numrange" as DriverRange<Decimal>, |value| value.0, ranges(decimal()), [
        refused(DriverRange(Between(Unbounded, Included(unfit::number(unfit::TOO_LARGE))))),
        refused(DriverRange(Between(Excluded(unfit::number(unfit::TOO_LONG)), Unbounded))),
    ];
    instant_range: Range<DateTime<Utc>>, "tstzrange" as DriverRange<DateTime<Utc>>, |value| value.0,
        ranges(moments::instant()), [
        refused(DriverRange(Between(Included(Raw::microseconds(0)), Included(Raw::microseconds(i64::MAX))))),
        refused(DriverRange(Between(Excluded(Raw::microseconds(i64::MIN)), Unbounded))),
    ];
    bool_array: Vec<Option<bool>>, "bool[]" as Vec<Option<bool>>, |value| value, vec(of(any::<bool>()), 0..6), [];
    int4_array: Vec<i32>, "int4[]" as Vec<i32>, |value| value, vec(int4(), 0..6), [
        refused(vec![Some(1), None::<i32>]),
        refused(Grid::new(&[1, 2], vec![1, 2])),
    ];
    float4_array: Vec<f32>, "float4[]" as Vec<f32>, |value| value, vec(float4(), 0..6), [
        refused(vec![1.0, f32::NAN]),
    ];
    any_float4_array: Vec<Option<Float4>>, "float4[]" as Vec<Option<f32>>, |value| wanted::each(value, Float4),
        vec(of(any_float4()), 0..6), [];
    text_array: Vec<Option<String>>, "text[]" as Vec<Option<String>>, |value| value,
        vec(of(letters.text(0..=6)), 0..6), [refused(Grid::new(&[1, 1], vec!["a"]))];
    numeric_array: Vec<Option<Decimal>>, "numeric[]" as Vec<Option<Decimal>>, |value| value, vec(of(decimal()), 0..6), [
        refused(vec![None, Some(unfit::number("NaN"))]),
    ];
    date_array: Vec<NaiveDate>, "date[]" as Vec<NaiveDate>, |value| value, vec(moments::date(), 0..6), [
        refused(vec![Raw::date(0), Raw::date(i32::MAX)]),
    ];
    timestamp_array: Vec<Option<NaiveDateTime>>, "timestamp[]" as Vec<Option<NaiveDateTime>>, |value| value,
        vec(of(moments::timestamp()), 0..6), [refused(vec![Raw::microseconds(i64::MIN)])];
    instant_array: Vec<DateTime<Utc>>, "timestamptz[]" as Vec<DateTime<Utc>>, |value| value,
        vec(moments::instant(), 0..6), [refused(vec![Raw::microseconds(i64::MAX)])];
    interval_array: Vec<Option<Interval>>, "interval[]" as Vec<Option<Binary>>,
        |value| wanted::each(value, |binary| binary.0), vec(of(printable_everywhere()), 0..4), [];
    bytea_array: Vec<Option<Bytes>>, "bytea[]" as Vec<Option<Vec<u8>>>, |value| wanted::each(value, Bytes::from),
        vec(of(bytes()), 0..4), [];
    uuid_array: Vec<Uuid>, "uuid[]" as Vec<Uuid>, |value| value, vec(uuid(), 0..6), [];
    jsonb_array: Vec<Value>, "jsonb[]" as Vec<Value>, |value| value, vec(letters.json(), 0..4), [
        refused(vec![unfit::jsonb("1"), unfit::jsonb("1e400")]),
    ];
    composite_array: Vec<Option<Line>>, "public.line[]" as Vec<Option<Line>>, |value| value,
        vec(of(lines(letters)), 0..4), [];
    range_array: Vec<Option<Range<i32>>>, "int4range[]" as Vec<Option<DriverRange<i32>>>,
        |value| wanted::each(value, |range| range.0), vec(of(ranges(int4_before_the_last())), 0..4), [];
    int4_grid: Vec<Vec<i32>>, "int4[]" as Grid<i32>, Grid::into_two, grids(int4(), 2), [refused(vec![1])];
    text_grid: Vec<Vec<Option<String>>>, "text[]" as Grid<Option<String>>, Grid::into_two,
        grids(of(letters.text(0..=6)), 2), [];
    int4_cube: Vec<Vec<Vec<Option<i32>>>>, "int4[]" as Grid<Option<i32>>, Grid::into_three, grids(of(int4()), 3), [];
    hstore: Attributes, "public.hstore" as HashMap<String, Option<String>>,
        |value| Attributes(value.into_iter().collect()), hash_map(letters.of_hstore(), of(letters.of_hstore()), 0..4),
        [];
    #[stream(sql_type = "point", encoding = "text")]
    point: String, "point" by "text" as String, |value| value, recipes::points(), [];
    }
    nullable {
    nullable_text: String, "text" as String, |value| value, letters.text(0..=3), [];
    nullable_int8: i64, "int8" as i64, |value| value, int8(), [];
    any_float8: Float8, "float8" as f64, Float8, any_float8(), [];
    nullable_numeric: BigDecimal, "numeric" as DriverNumeric, |number| wanted::big_decimal(&number), long_number(),
        unfit::infinite_numbers();
    padded_text: String, "char(12)" as String, |value| value, letters.text(0..=12), [];
    nullable_date: NaiveDate, "date" as NaiveDate, |value| value, moments::date(), refused_dates();
    instant_at_an_offset: DateTime<FixedOffset>, "timestamptz" as DateTime<FixedOffset>, |value| value,
        moments::instant_at_an_offset(), refused_timestamps();
    jiff_instant: jiff_0_2::Timestamp, "timestamptz" as jiff_0_2::Timestamp, |value| value, moments::instant_of_jiff(),
        refused_timestamps();
    time_date: time_columns::Date, "date" as time::Date, time_columns::Date, moments::date(),
        refused_dates();
    time_time: time_columns::Time, "time" as time::Time, time_columns::Time, moments::time(),
        refused_times();
    nullable_interval: Interval, "interval" as Binary, |value| value.0, printable_everywhere(), [];
    #[stream(json)]
    jsonb_struct: Address, "jsonb" as Json<Address>, |Json(value)| value, addresses(letters).prop_map(Json), [
        refused(unfit::jsonb("{\"street\": \"\"}")),
    ];
    v6_host_address: Ipv6Addr, "inet" as IpAddr, wanted::v6_address, v6_address().prop_map(IpAddr::V6), [
        refused(unfit::host("192.0.2.1")),
    ];
    v4_host_in_network: Ipv4Inet, "inet" as IpInet, wanted::v4_host, v4_host(), [refused(unfit::host("::1/64"))];
    v6_host_in_network: Ipv6Inet, "inet" as IpInet, wanted::v6_host, v6_host(), [refused(unfit::host("192.0.2.1/24"))];
    v4_network: Ipv4Cidr, "cidr" as IpCidr, wanted::v4_network, v4_host().prop_map(|host| host.network()), [
        refused(unfit::network("::/0")),
    ];
    macaddr8: MacAddress8, "macaddr8" as DriverAddress<MacAddress8>, |value| value.0,
        edges(any::<[u8; 8]>(), [[0; 8], [255; 8]]).prop_map(|bytes| DriverAddress(MacAddress8(bytes))), [];
    nullable_mood: Mood, "public.mood" as Mood, |value| value, moods(), [];
    nullable_composite: Line, "public.line" as Line, |value| value, lines(letters), [];
    date_range: Range<NaiveDate>, "daterange" as DriverRange<NaiveDate>, |value| value.0,
        ranges(moments::date_before_the_last()), [
        refused(DriverRange(Between(Included(Raw::date(0)), Excluded(Raw::date(i32::MAX))))),
        refused(DriverRange(Between(Included(Raw::date(i32::MIN)), Unbounded))),
    ];
    timestamp_range: Range<NaiveDateTime>, "tsrange" as DriverRange<NaiveDateTime>, |value| value.0,
        ranges(moments::timestamp()), [
        refused(DriverRange(Between(Unbounded, Included(Raw::microseconds(i64::MAX))))),
    ];
    int4_multirange: Multirange<i32>, "int4multirange" if "SELECT '{}'::int4multirange" as DriverMultirange<i32>,
        |value| value.0, multiranges(int4_before_the_last()), [];
    numeric_multirange: Multirange<Decimal>, "nummultirange" if "SELECT '{}'::int4multirange"
        as DriverMultirange<Decimal>, |value| value.0, multiranges(decimal()), [];
    domain_over_array: Vec<Option<String>>, "public.labels" as Vec<Option<String>>, |value| value,
        vec(of(letters.text(0..=6)), 0..4), [];
    oid_array: Vec<Oid>, "oid[]" as Vec<u32>, |value| value.into_iter().map(Oid).collect(), vec(oid(), 0..6), [];
    float8_array: Vec<Option<Float8>>, "float8[]" as Vec<Option<f64>>, |value| wanted::each(value, Float8),
        vec(of(any_float8()), 0..6), [];
    big_numeric_array: Vec<Option<BigDecimal>>, "numeric[]" as Vec<Option<DriverNumeric>>,
        |value| wanted::each(value, |number| wanted::big_decimal(&number)), vec(of(long_number()), 0..4), [];
    time_array: Vec<NaiveTime>, "time[]" as Vec<NaiveTime>, |value| value, vec(moments::time(), 0..6), [
        refused(vec![Raw::microseconds(86_400_000_000)]),
    ];
    bit_array: Vec<Option<Bits>>, "bit(9)[]" as Vec<Option<BitVec>>,
        |value| wanted::each(value, |bits| wanted::all_bits(&bits)), vec(of(bits(9)), 0..4), [];
    bits_array: Vec<Bits>, "bit varying[]" as Vec<BitVec>,
        |value| value.into_iter().map(|bits| wanted::all_bits(&bits)).collect(), vec(some_bits(), 0..4), [];
    address_array: Vec<Option<IpAddr>>, "inet[]" as Vec<Option<IpAddr>>, |value| value, vec(of(address()), 0..4), [
        refused(vec![unfit::host("192.0.2.1/24")]),
    ];
    network_array: Vec<Option<IpCidr>>, "cidr[]" as Vec<Option<IpCidr>>, |value| value,
        vec(of(any_host().prop_map(|host| host.network())), 0..4), [];
    mood_array: Vec<Option<Mood>>, "public.mood[]" as Vec<Option<Mood>>, |value| value, vec(of(moods()), 0..6), [];
    text_cube: Vec<Vec<Vec<String>>>, "text[]" as Grid<String>, Grid::into_three, grids(letters.text(0..=6), 3), [
        refused(vec!["a"]),
    ];
    #[stream(sql_type = "public.citext", encoding = "text")]
    citext: String, "public.citext" by "text" as String, |value| value, letters.text(0..=12), [];
    ltree: Path, "public.ltree" by "text" as String, Path, recipes::paths(), [];
    money: Money, "money" by "numeric" as Decimal, Money::of, recipes::money(), [];
    #[stream(sql_type = "xml", encoding = "text")]
    xml: String, "xml" by "text" if "SELECT '<a/>'::xml" as String, |value| value, recipes::xml(letters), [];
    #[stream(sql_type = "tsvector", encoding = "text")]
    tsvector: String, "tsvector" by "text" as String, |value| value, recipes::words(letters), [];
    #[stream(sql_type = "tsquery", encoding = "text")]
    tsquery: String, "tsquery" by "text" as String, |value| value, recipes::queries(letters), [];
    #[stream(sql_type = "line", encoding = "text")]
    line: String, "line" by "text" as String, |value| value, recipes::endless_lines(), [];
    #[stream(sql_type = "lseg", encoding = "text")]
    segment: String, "lseg" by "text" as String, |value| value, recipes::segments(), [];
    #[stream(sql_type = "box", encoding = "text")]
    rectangle: String, "box" by "text" as String, |value| value, recipes::rectangles(), [];
    #[stream(sql_type = "path", encoding = "text")]
    path: String, "path" by "text" as String, |value| value, recipes::drawn_paths(), [];
    #[stream(sql_type = "polygon", encoding = "text")]
    polygon: String, "polygon" by "text" as String, |value| value, recipes::polygons(), [];
    #[stream(sql_type = "circle", encoding = "text")]
    circle: String, "circle" by "text" as String, |value| value, recipes::circles(), [];
    #[stream(sql_type = "timetz", encoding = "text")]
    time_with_time_zone: String, "timetz" by "text" as String, |value| value, recipes::times_with_time_zone(), [];
    #[stream(sql_type = "pg_lsn", encoding = "text")]
    log_position: String, "pg_lsn" by "text" as String, |value| value, recipes::log_positions(), [];
    #[stream(sql_type = "tid", encoding = "text")]
    row_place: String, "tid" by "text" as String, |value| value, recipes::row_places(), [];
    #[stream(sql_type = "xid", encoding = "text")]
    transaction: String, "xid" by "text" as String, |value| value, recipes::transactions(), [];
    #[stream(sql_type = "jsonpath", encoding = "text")]
    json_path: String, "jsonpath" by "text" if "SELECT '$'::jsonpath" as String, |value| value,
        recipes::json_paths(letters), [];
    ltree_array: Vec<Option<Path>>, "public.ltree[]" by "text[]" as Vec<Option<String>>,
        |value| wanted::each(value, Path), vec(of(recipes::paths()), 0..4), [];
    money_array: Vec<Option<Money>>, "money[]" by "numeric[]" as Vec<Option<Decimal>>,
        |value| wanted::each(value, Money::of), vec(of(recipes::money()), 0..4), [];
    hstore_array: Vec<Option<Attributes>>, "public.hstore[]" as Vec<Option<HashMap<String, Option<String>>>>,
        |value| wanted::each(value, |value| Attributes(value.into_iter().collect())),
        vec(of(hash_map(letters.of_hstore(), of(letters.of_hstore()), 0..4)), 0..3), [];
    }
}

impl Holds for Everything {
    type Value = Self;

    fn into_parts(self) -> (i64, Self) {
        (self.id, self)
    }
}
