//! An app with a table of every type: what its start-up check says, and what becomes of values at the edge.
//!
//! The images are what PostgreSQL writes for these values; that it does is shown by the tests of round trips.
#![expect(
    dead_code,
    reason = "values are compared by what `Debug` shows of them"
)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Bound::{Excluded, Included, Unbounded};

use aurora_trigger_gen::{
    Bits, Bytes, ChangeEvent, ChangeStream, Float4, Float8, Interval, MacAddress, MacAddress8,
    Multirange, Oid, PgType, Range, StreamTrigger, check_samples, time,
};
use bigdecimal::BigDecimal;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use cidr::{IpCidr, IpInet};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::only::Only;

/// What was found of one type.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) name: String,
    /// Why its relay does not start.
    pub(crate) at_start: Option<String>,
    /// Values that are refused though they are to arrive.
    pub(crate) refused: Vec<String>,
    /// Values that arrive as others, or that are to be refused.
    pub(crate) wrong: Vec<String>,
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.rows", delivery = "async")]
struct Row<T> {
    #[stream(key)]
    id: i64,
    value: T,
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.rows", delivery = "async")]
struct JsonRow<T> {
    #[stream(key)]
    id: i64,
    #[stream(json)]
    value: T,
}

trait Holds: StreamTrigger {
    type Value: Debug;

    fn value(self) -> Self::Value;
}

impl<T: PgType + DeserializeOwned + Debug> Holds for Row<T> {
    type Value = T;

    fn value(self) -> T {
        self.value
    }
}

impl<T: DeserializeOwned + Debug> Holds for JsonRow<T> {
    type Value = T;

    fn value(self) -> T {
        self.value
    }
}

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "public.status")]
#[serde(rename_all = "snake_case")]
enum Status {
    InTransit,
}

#[derive(Debug, Deserialize, PgType)]
#[stream(as = "i16")]
#[serde(try_from = "i16")]
enum Level {
    High = 2,
}

impl TryFrom<i16> for Level {
    type Error = &'static str;

    fn try_from(number: i16) -> Result<Self, Self::Error> {
        (number == 2).then_some(Self::High).ok_or("no level")
    }
}

#[derive(Debug, Deserialize, PgType)]
struct Price(Decimal);

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "public.line")]
struct Line {
    number: i64,
    weight: f64,
    price: Decimal,
    day: Option<NaiveDate>,
}

#[derive(Debug, Deserialize)]
struct Parcel {
    weight: f64,
    items: u64,
    extra: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Tagged {
    Point { latitude: f64, floor: i64 },
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(f64),
    Text(String),
}

#[derive(Debug, Deserialize)]
struct Flattened {
    #[serde(flatten)]
    rest: BTreeMap<String, f64>,
}

/// Each type with values that arrive, each as PostgreSQL writes it and as Rust has it, and with values that are refused.
pub(crate) fn all() -> Vec<Found> {
    let mut found = Vec::new();
    numbers(&mut found);
    texts(&mut found);
    decimals(&mut found);
    ranges(&mut found);
    times(&mut found);
    own_types(&mut found);
    json(&mut found);
    keys(&mut found);
    found
}

fn numbers(found: &mut Vec<Found>) {
    found.extend([
        column("bool", &[("true", true), ("false", false)], &["1", "null"]),
        column(
            "i16",
            &[("-32768", i16::MIN), ("32767", i16::MAX)],
            &["32768", "1.5"],
        ),
        column(
            "i32",
            &[("-2147483648", i32::MIN), ("2147483647", i32::MAX)],
            &["2147483648"],
        ),
        column(
            "i64",
            &[
                ("-9223372036854775808", i64::MIN),
                ("9007199254740993", (1 << 53) + 1),
                ("9223372036854775807", i64::MAX),
            ],
            &["9223372036854775808", "1e3"],
        ),
        column(
            "Oid",
            &[(r#""4294967295""#, Oid(u32::MAX))],
            &["1", r#""-1""#],
        ),
        column(
            "f32",
            &[
                ("-0", -0.0_f32),
                ("0.1", 0.1),
                ("7.038531e-26", 7.038_531e-26),
                ("3.4028235e+38", f32::MAX),
                ("1e-45", 1e-45),
            ],
            &[r#""NaN""#, "1e400"],
        ),
        column(
            "f64",
            &[
                ("-0", -0.0),
                ("0.30000000000000004", 0.1 + 0.2),
                ("1e+300", 1e300),
                ("1e+23", 1e23),
                ("1.7976931348623157e+308", f64::MAX),
                ("5e-324", 5e-324),
                ("123456789.12345678", 123_456_789.123_456_78),
                // Without `float_roundtrip` their last place is wrong.
                ("31.245270191439438", 31.245_270_191_439_438),
                ("121.48791951161945", 121.487_919_511_619_45),
            ],
            &[r#""NaN""#, "1e400"],
        ),
        column(
            "Float4",
            &[
                (r#""NaN""#, Float4(f32::NAN)),
                (r#""7.038531e-26""#, Float4(7.038_531e-26)),
            ],
            &["0.1"],
        ),
        column(
            "Float8",
            &[
                (r#""-Infinity""#, Float8(f64::NEG_INFINITY)),
                (r#""-0""#, Float8(-0.0)),
                (r#""0.30000000000000004""#, Float8(0.1 + 0.2)),
            ],
            &["0.1"],
        ),
    ]);
}

fn texts(found: &mut Vec<Found>) {
    const TEXT: &str = "\u{1}\"\\é🙂";
    const IN_JSON: &str = r#""\u0001\"\\é🙂""#;
    let version_4 = Ipv4Addr::new(192, 0, 2, 1);
    let version_6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    found.extend([
        column("String", &[(IN_JSON, TEXT.to_owned())], &["1", "null"]),
        column::<Box<str>>("Box<str>", &[(IN_JSON, TEXT.into())], &["1"]),
        column::<Cow<'static, str>>("Cow<str>", &[(IN_JSON, TEXT.into())], &["1"]),
        column(
            "Bytes",
            &[(r#""\\x00ff""#, Bytes::from(vec![0, 255]))],
            &["[0,255]", r#""00ff""#],
        ),
        column(
            "Interval",
            &[(
                r#""P-1Y-2M3DT-4H-5M-6.789S""#,
                Interval {
                    months: -14,
                    days: 3,
                    microseconds: -14_706_789_000,
                },
            )],
            &[r#""infinity""#],
        ),
        column(
            "IpAddr",
            &[
                (r#""192.0.2.1""#, IpAddr::V4(version_4)),
                (r#""2001:db8::1""#, IpAddr::V6(version_6)),
            ],
            &[r#""192.0.2.0/24""#],
        ),
        column("Ipv4Addr", &[(r#""192.0.2.1""#, version_4)], &["1"]),
        column("Ipv6Addr", &[(r#""2001:db8::1""#, version_6)], &["1"]),
        column(
            "Uuid",
            &[(
                r#""a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11""#,
                Uuid::from_u128(0xa0ee_bc99_9c0b_4ef8_bb6d_6bb9_bd38_0a11),
            )],
            &["1"],
        ),
    ]);
}

fn decimals(found: &mut Vec<Found>) {
    let values = [
        (r#""1.10""#, Decimal::new(110, 2)),
        (r#""0.00""#, Decimal::new(0, 2)),
        (
            r#""0.30000000000000004""#,
            Decimal::new(30_000_000_000_000_004, 17),
        ),
        (r#""-79228162514264337593543950335""#, Decimal::MIN),
        (
            r#""7.9228162514264337593543950335""#,
            Decimal::from_i128_with_scale(79_228_162_514_264_337_593_543_950_335, 28),
        ),
    ];
    let refused = [
        r#""79228162514264337593543950336""#,
        r#""0.12345678901234567890123456789""#,
        r#""NaN""#,
        r#""Infinity""#,
        "1.10",
    ];
    let number = |text: &str| text.parse::<BigDecimal>().expect("it is a number");
    found.extend([
        column("Decimal", &values, &refused),
        column(
            "newtype over Decimal",
            &values.map(|(json, value)| (json, Price(value))),
            &refused,
        ),
        column(
            "BigDecimal",
            &[
                (r#""1.10""#, number("1.10")),
                (
                    r#""79228162514264337593543950336.00000000000000000000000000001""#,
                    number("79228162514264337593543950336.00000000000000000000000000001"),
                ),
            ],
            &[r#""NaN""#, r#""-Infinity""#],
        ),
    ]);
}

fn ranges(found: &mut Vec<Found>) {
    let decimal = |units| Included(Decimal::new(units, 2));
    found.extend([
        column(
            "Range<i64>",
            &[
                (
                    r#"{"lower":9007199254740993,"upper":null,"bounds":"[)"}"#,
                    Range::Between(Included((1_i64 << 53) + 1), Unbounded),
                ),
                (
                    r#"{"lower":null,"upper":null,"bounds":"empty"}"#,
                    Range::Empty,
                ),
            ],
            &[
                r#""[1,2)""#,
                r#"{"lower":1,"upper":2,"bounds":"empty"}"#,
                r#"{"lower":null,"upper":2,"bounds":"[)"}"#,
            ],
        ),
        column(
            "Range<Decimal>",
            &[(
                r#"{"lower":"1.10","upper":"1.20","bounds":"[]"}"#,
                Range::Between(decimal(110), decimal(120)),
            )],
            &[r#"{"lower":"0.12345678901234567890123456789","upper":null,"bounds":"[)"}"#],
        ),
        column(
            "Multirange<f64>",
            &[(
                r#"[{"lower":0.30000000000000004,"upper":1e+300,"bounds":"(]"}]"#,
                Multirange(vec![Range::Between(
                    Excluded(0.1 + 0.2),
                    Included(1e300_f64),
                )]),
            )],
            &["{}"],
        ),
        column(
            "Bits",
            &[(r#""101""#, Bits(vec![true, false, true]))],
            &["101", r#""12""#],
        ),
        column(
            "MacAddress",
            &[(
                r#""08:00:2b:01:02:fe""#,
                MacAddress([0x08, 0x00, 0x2b, 0x01, 0x02, 0xfe]),
            )],
            &["1", r#""08:00:2b:01:02""#],
        ),
        column(
            "MacAddress8",
            &[(
                r#""08:00:2b:01:02:03:04:fe""#,
                MacAddress8([0x08, 0x00, 0x2b, 0x01, 0x02, 0x03, 0x04, 0xfe]),
            )],
            &["1"],
        ),
        column(
            "IpCidr",
            &[(
                r#""2001:db8::/32""#,
                "2001:db8::/32".parse::<IpCidr>().expect("it is a network"),
            )],
            &[r#""192.0.2.1/24""#],
        ),
        column(
            "IpInet",
            &[(
                r#""192.0.2.1/24""#,
                "192.0.2.1/24".parse::<IpInet>().expect("it is a host"),
            )],
            &["1"],
        ),
    ]);
}

fn times(found: &mut Vec<Found>) {
    const DAYS: [&str; 2] = [r#""0001-01-01""#, r#""9999-12-31""#];
    const NO_DAYS: &[&str] = &[
        r#""infinity""#,
        r#""-infinity""#,
        r#""0044-03-15 BC""#,
        r#""10000-01-01""#,
    ];
    const TIMES: [&str; 2] = [r#""00:00:00""#, r#""23:59:59.999999""#];
    const NO_TIMES: &[&str] = &[r#""24:00:00""#];
    const TIMESTAMPS: [&str; 2] = [
        r#""0001-01-01T00:00:00""#,
        r#""9999-12-31T23:59:59.999999""#,
    ];
    const NO_TIMESTAMPS: &[&str] = &[
        r#""infinity""#,
        r#""-infinity""#,
        r#""0044-03-15T00:00:00 BC""#,
        r#""10000-01-01T00:00:00""#,
    ];
    const INSTANTS: [&str; 2] = [
        r#""0001-01-01T00:00:00+00:00""#,
        r#""9999-12-31T23:59:59.999999+00:00""#,
    ];
    const NO_INSTANTS: &[&str] = &[
        r#""infinity""#,
        r#""-infinity""#,
        r#""0044-03-15T00:00:00+00:00 BC""#,
        r#""10000-01-01T00:00:00+00:00""#,
    ];
    fn pairs<T>(json: [&'static str; 2], values: [T; 2]) -> Vec<(&'static str, T)> {
        json.into_iter().zip(values).collect()
    }
    let days = [(1, 1, 1), (9999, 12, 31)]
        .map(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day).expect("it is a day"));
    let times = [(0, 0, 0, 0), (23, 59, 59, 999_999)].map(|(hour, minute, second, micro)| {
        NaiveTime::from_hms_micro_opt(hour, minute, second, micro).expect("it is a time")
    });
    let timestamps = [days[0].and_time(times[0]), days[1].and_time(times[1])];
    let instants = timestamps.map(|timestamp| timestamp.and_utc());
    found.extend([
        column::<NaiveDate>("chrono::NaiveDate", &pairs(DAYS, days), NO_DAYS),
        column::<NaiveTime>("chrono::NaiveTime", &pairs(TIMES, times), NO_TIMES),
        column::<NaiveDateTime>(
            "chrono::NaiveDateTime",
            &pairs(TIMESTAMPS, timestamps),
            NO_TIMESTAMPS,
        ),
        column::<DateTime<Utc>>(
            "chrono::DateTime<Utc>",
            &pairs(INSTANTS, instants),
            NO_INSTANTS,
        ),
        column::<DateTime<FixedOffset>>(
            "chrono::DateTime<FixedOffset>",
            &pairs(INSTANTS, instants.map(Into::into)),
            NO_INSTANTS,
        ),
    ]);

    let days = [jiff::civil::date(1, 1, 1), jiff::civil::date(9999, 12, 31)];
    let times = [
        jiff::civil::time(0, 0, 0, 0),
        jiff::civil::time(23, 59, 59, 999_999_000),
    ];
    let timestamps = [days[0].to_datetime(times[0]), days[1].to_datetime(times[1])];
    let instants = [-62_135_596_800_000_000, 253_402_207_199_999_999]
        .map(|micro| jiff::Timestamp::from_microsecond(micro).expect("it is in range"));
    let in_json = [INSTANTS[0], r#""9999-12-30T21:59:59.999999+00:00""#];
    let mut too_late = NO_INSTANTS.to_vec();
    too_late.push(INSTANTS[1]);
    found.extend([
        column("jiff::civil::Date", &pairs(DAYS, days), NO_DAYS),
        column("jiff::civil::Time", &pairs(TIMES, times), NO_TIMES),
        column(
            "jiff::civil::DateTime",
            &pairs(TIMESTAMPS, timestamps),
            NO_TIMESTAMPS,
        ),
        column("jiff::Timestamp", &pairs(in_json, instants), &too_late),
    ]);

    let days = [
        time::Date(::time::Date::from_ordinal_date(1, 1).expect("it is a day")),
        time::Date(::time::Date::from_ordinal_date(9999, 365).expect("it is a day")),
    ];
    let times = [
        time::Time(::time::Time::MIDNIGHT),
        time::Time(::time::Time::from_hms_micro(23, 59, 59, 999_999).expect("it is a time")),
    ];
    let timestamps = [0, 1].map(|edge| {
        time::PrimitiveDateTime(::time::PrimitiveDateTime::new(days[edge].0, times[edge].0))
    });
    let instants = timestamps.map(|timestamp| time::OffsetDateTime(timestamp.0.assume_utc()));
    found.extend([
        column("time::Date", &pairs(DAYS, days), NO_DAYS),
        column("time::Time", &pairs(TIMES, times), NO_TIMES),
        column(
            "time::PrimitiveDateTime",
            &pairs(TIMESTAMPS, timestamps),
            NO_TIMESTAMPS,
        ),
        column(
            "time::OffsetDateTime",
            &pairs(INSTANTS, instants),
            NO_INSTANTS,
        ),
    ]);
}

fn own_types(found: &mut Vec<Found>) {
    let line = Line {
        number: i64::MAX,
        weight: 0.1 + 0.2,
        price: Decimal::new(110, 2),
        day: None,
    };
    found.extend([
        column(
            "enum",
            &[(r#""in_transit""#, Status::InTransit)],
            &[r#""lost""#, "1"],
        ),
        column("enum of integers", &[("2", Level::High)], &["3", r#""2""#]),
        column(
            "composite type",
            &[(
                r#"{"number":9223372036854775807,"weight":0.30000000000000004,"price":"1.10","day":null}"#,
                line,
            )],
            &[r#"{"number":1,"weight":1,"price":"0.12345678901234567890123456789","day":null}"#],
        ),
        column(
            "Vec<Vec<f64>>",
            &[("[[0.1],[-0]]", vec![vec![0.1], vec![-0.0]])],
            &["[[null]]"],
        ),
    ]);
}

/// Whether a value is the one that was written.
type IsIt = fn(&Value) -> bool;

fn json(found: &mut Vec<Found>) {
    let mut values = Found {
        name: "Value".to_owned(),
        at_start: at_start::<Row<Value>>(),
        ..Found::default()
    };
    // How a number is kept is a matter of serde_json's features, and what it is is not.
    let arrives: [(&str, IsIt); 6] = [
        ("null", Value::is_null),
        ("18446744073709551615", |value| {
            value.as_u64() == Some(u64::MAX)
        }),
        ("-9223372036854775808", |value| {
            value.as_i64() == Some(i64::MIN)
        }),
        ("0.30000000000000004", |value| {
            value.as_f64() == Some(0.1 + 0.2)
        }),
        ("123456789012345678901234567890", |value| {
            value.as_f64() == Some(123_456_789_012_345_678_901_234_567_890.0)
        }),
        (r#"{"b": [1.5e300, {"é": "\u0001"}], "a": {}}"#, |value| {
            value["b"][0].as_f64() == Some(1.5e300)
                && value["b"][1]["é"] == "\u{1}"
                && value["a"]
                    .as_object()
                    .is_some_and(serde_json::Map::is_empty)
        }),
    ];
    for (text, is_it) in arrives {
        match decode::<Row<Value>>(text) {
            Ok(value) if is_it(&value) => {}
            Ok(value) => values.wrong.push(format!("{text} arrived as {value:?}")),
            Err(error) => values.refused.push(format!("{text}: {error}")),
        }
    }
    // What serde_json would take for a value that it passes on to itself.
    for text in [
        r#"{"$serde_json::private::Number": "1"}"#,
        r#"[{"$serde_json::private::RawValue": "[1]"}]"#,
        r#"{"\u0024serde_json::private::RawValue": "[1]"}"#,
    ] {
        if let Ok(value) = decode::<Row<Value>>(text) {
            values.wrong.push(format!("{text} arrived as {value:?}"));
        }
    }
    // Beyond f64 it is refused, or kept as a text.
    if let Ok(value) = decode::<Row<Value>>("1e400")
        && !matches!(value.to_string().as_str(), "1e400" | "1e+400")
    {
        values.wrong.push(format!("1e400 arrived as {value:?}"));
    }
    found.push(values);

    let extra = BTreeMap::from([("n".to_owned(), Value::Null)]);
    found.extend([
        check::<JsonRow<_>>(
            "json struct",
            &[(
                r#"{"weight": 0.30000000000000004, "items": 18446744073709551615, "extra": {"n": null}}"#,
                Parcel {
                    weight: 0.1 + 0.2,
                    items: u64::MAX,
                    extra,
                },
            )],
            &["null"],
        ),
        check::<JsonRow<_>>(
            "json enum with a tag",
            &[(
                r#"{"latitude": 0.5, "floor": -1, "kind": "point"}"#,
                Tagged::Point {
                    latitude: 0.5,
                    floor: -1,
                },
            )],
            &["null"],
        ),
        check::<JsonRow<_>>(
            "json enum without a tag",
            &[
                ("0.5", Untagged::Number(0.5)),
                (r#""0.5""#, Untagged::Text("0.5".to_owned())),
            ],
            &["null"],
        ),
        check::<JsonRow<_>>(
            "json struct that flattens",
            &[(
                r#"{"a": 0.5}"#,
                Flattened {
                    rest: BTreeMap::from([("a".to_owned(), 0.5)]),
                },
            )],
            &["null"],
        ),
    ]);
}

/// The key of an event that was too large.
fn keys(found: &mut Vec<Found>) {
    #[derive(Debug, Deserialize, StreamTrigger)]
    #[stream(table = "public.rows", delivery = "async")]
    struct KeyRow<T> {
        #[stream(key)]
        id: T,
    }

    fn key<T>(found: &mut Found, json: &str, expected: &T)
    where
        T: PgType + DeserializeOwned + Clone + Debug + PartialEq,
    {
        let record = record(&format!(
            r#""before":null,"after":null,"op":"u","key":{{"id":{json}}},"oversized":true"#
        ));
        match Only::<KeyRow<T>>::decode(record.as_bytes()) {
            Ok(Only(change)) => {
                let key = change.key();
                if format!("{key:?}") != format!("{:?}", Some(expected)) {
                    found.wrong.push(format!("{json} arrived as {key:?}"));
                }
            }
            Err(error) => found.refused.push(format!("{json}: {error}")),
        }
    }

    let mut keys = Found {
        name: "Key".to_owned(),
        ..Found::default()
    };
    key(&mut keys, "9223372036854775807", &i64::MAX);
    key(&mut keys, "-32768", &i16::MIN);
    key(&mut keys, "0.30000000000000004", &(0.1 + 0.2));
    key(&mut keys, "0.1", &0.1_f32);
    key(&mut keys, r#""é""#, &"é".to_owned());
    key(&mut keys, "true", &true);
    let uuid = Uuid::from_u128(0xa0ee_bc99_9c0b_4ef8_bb6d_6bb9_bd38_0a11);
    key(
        &mut keys,
        r#""a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11""#,
        &uuid,
    );
    let day = NaiveDate::from_ymd_opt(9999, 12, 31).expect("it is a day");
    key(&mut keys, r#""9999-12-31""#, &day);
    found.push(keys);
    let mut decimal = Found {
        name: "Decimal in a Key".to_owned(),
        ..Found::default()
    };
    key(&mut decimal, r#""1.10""#, &Decimal::new(110, 2));
    found.push(decimal);
}

/// A type that is a column; also where it may be NULL, and inside of an array.
fn column<T>(name: &str, arrives: &[(&str, T)], refused: &[&str]) -> Found
where
    T: PgType + DeserializeOwned + Debug,
{
    let mut found = check::<Row<T>>(name, arrives, refused);
    let texts: Vec<&str> = arrives.iter().map(|(text, _)| *text).collect();
    let values: Vec<Option<&T>> = arrives.iter().map(|(_, value)| Some(value)).collect();
    let expected = format!("{:?}", [&values[..], &[None]].concat());
    let array = format!("[{},null]", texts.join(","));
    match decode::<Row<Vec<Option<T>>>>(&array) {
        Ok(value) if format!("{value:?}") == expected => {}
        Ok(value) => found.wrong.push(format!("{array} arrived as {value:?}")),
        Err(error) => found.refused.push(format!("{array}: {error}")),
    }
    for (text, value) in arrives {
        match decode::<Row<Option<T>>>(text) {
            Ok(some) if format!("{some:?}") == format!("{:?}", Some(value)) => {}
            Ok(some) => found.wrong.push(format!("{text} arrived as {some:?}")),
            Err(error) => found.refused.push(format!("{text}: {error}")),
        }
    }
    found
}

fn check<R: Holds>(name: &str, arrives: &[(&str, R::Value)], refused: &[&str]) -> Found {
    let mut found = Found {
        name: name.to_owned(),
        at_start: at_start::<R>(),
        ..Found::default()
    };
    for (text, expected) in arrives {
        match decode::<R>(text) {
            Ok(value) if format!("{value:?}") == format!("{expected:?}") => {}
            Ok(value) => found.wrong.push(format!("{text} arrived as {value:?}")),
            Err(error) => found.refused.push(format!("{text}: {error}")),
        }
    }
    for text in refused {
        if let Ok(value) = decode::<R>(text) {
            found
                .wrong
                .push(format!("{text} is to be refused, and arrived as {value:?}"));
        }
    }
    found
}

fn at_start<R: StreamTrigger>() -> Option<String> {
    let errors = check_samples::<Only<R>>().err()?;
    errors.first().map(|error| error.reason.clone())
}

fn decode<R: Holds>(value: &str) -> Result<R::Value, String> {
    let record = record(&format!(
        r#""before":null,"after":{{"id":1,"value":{value}}},"op":"c","key":{{"id":1}}"#
    ));
    let Only(change) =
        Only::<R>::decode(record.as_bytes()).map_err(|error| error.without_values())?;
    match change.event {
        ChangeEvent::Created(row) => Ok(row.value()),
        _ => Err("it was created, and is said to be something else".to_owned()),
    }
}

/// `rest` stands where the images, the operation and the key do.
fn record(rest: &str) -> String {
    format!(
        r#"{{{rest},"source":{{"version":"0.1.0","connector":"aurora-trigger","name":"shop",
        "ts_ms":1795350000123,"ts_us":1795350000123456,"snapshot":"false","db":"shop","schema":"public",
        "table":"rows","txId":18446744073709551615,"sequence":"[\"1\",\"18446744073709551615\"]"}},
        "ts_ms":2,"id":"5d1c-2","fingerprint":"9f3a6c1e"}}"#
    )
}
