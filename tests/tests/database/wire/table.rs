//! The tables of the recordings: types of each family, and ways to send. They stay as they are, since what was recorded of
//! them does; a type that is added gets a table of its own.

use std::net::IpAddr;

use aurora_trigger_gen::{
    Bits, Bytes, Change, ChangeStream, Float4, Float8, Interval, MacAddress, MacAddress8, Oid,
    PgType, Range, StreamTrigger, time,
};
use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use cidr::{IpCidr, IpInet};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

pub(crate) const SCHEMA: &str = include_str!("schema.sql");

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "wire.everything",
    delivery = "async",
    on_failure = "abort",
    unchanged = "emit"
)]
pub(crate) struct Everything {
    #[stream(key)]
    pub(crate) id: i64,
    #[stream(key)]
    pub(crate) part: String,
    pub(crate) flag: bool,
    pub(crate) small: i16,
    pub(crate) number: i32,
    pub(crate) object: Oid,
    pub(crate) single: f32,
    pub(crate) double: f64,
    pub(crate) any_single: Float4,
    pub(crate) any_double: Float8,
    pub(crate) decimal: Decimal,
    pub(crate) long_decimal: BigDecimal,
    pub(crate) bytes: Bytes,
    pub(crate) uuid: Uuid,
    pub(crate) interval: Interval,
    pub(crate) address: IpAddr,
    pub(crate) document: Value,
    #[stream(json)]
    pub(crate) parcel: Parcel,
    pub(crate) maybe: Option<String>,
    pub(crate) list: Vec<String>,
    pub(crate) sparse: Vec<Option<i32>>,
    pub(crate) grid: Vec<Vec<i16>>,
    pub(crate) status: Status,
    pub(crate) level: Level,
    pub(crate) email: Email,
    pub(crate) place: Place,
    pub(crate) chrono_date: NaiveDate,
    pub(crate) chrono_time: NaiveTime,
    pub(crate) chrono_timestamp: NaiveDateTime,
    pub(crate) chrono_instant: DateTime<Utc>,
    pub(crate) jiff_date: jiff_0_2::civil::Date,
    pub(crate) jiff_time: jiff_0_2::civil::Time,
    pub(crate) jiff_timestamp: jiff_0_2::civil::DateTime,
    pub(crate) jiff_instant: jiff_0_2::Timestamp,
    pub(crate) time_date: time::Date,
    pub(crate) time_time: time::Time,
    pub(crate) time_timestamp: time::PrimitiveDateTime,
    pub(crate) time_instant: time::OffsetDateTime,
    #[stream(mask = "last4")]
    pub(crate) card: String,
    #[stream(mask = "redact")]
    pub(crate) secret: Option<String>,
    #[serde(rename = "note")]
    #[stream(column = "internal_note")]
    pub(crate) renamed: String,
    #[stream(skip)]
    #[serde(default)]
    pub(crate) hidden: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Parcel {
    pub(crate) street: String,
    pub(crate) weights: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
#[stream(type = "wire.status")]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Placed,
    InTransit,
}

#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
#[stream(as = "i16")]
#[serde(try_from = "i16")]
pub(crate) enum Level {
    Low = 1,
    High = 2,
}

impl TryFrom<i16> for Level {
    type Error = &'static str;

    fn try_from(number: i16) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self::Low),
            2 => Ok(Self::High),
            _ => Err("no level"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
#[stream(type = "wire.email")]
pub(crate) struct Email(pub(crate) String);

#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
#[stream(type = "wire.place")]
pub(crate) struct Place {
    pub(crate) street: String,
    #[stream(column = "Zip")]
    pub(crate) zip: Option<String>,
}

/// Rows that go by the outbox, with all that only it sends.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "wire.notes",
    delivery = "outbox",
    ops = "insert, update, delete, truncate"
)]
pub(crate) struct Note {
    #[stream(key)]
    pub(crate) id: i32,
    pub(crate) text: String,
}

/// Rows without a key, each by a call that its writer waits for.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "wire.readings",
    delivery = "sync",
    level = "row",
    key = "none",
    partition_by = "meter"
)]
pub(crate) struct Reading {
    pub(crate) meter: Option<i32>,
    pub(crate) value: f64,
}

/// Rows of ranges, bits and networks, and with the masks that keep something of a value.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "wire.bookings", delivery = "async", on_failure = "abort")]
pub(crate) struct Booking {
    #[stream(key)]
    pub(crate) id: i32,
    pub(crate) rooms: Range<i32>,
    pub(crate) price: Range<Decimal>,
    pub(crate) during: Option<Range<DateTime<Utc>>>,
    pub(crate) days: Vec<Range<NaiveDate>>,
    pub(crate) flags: Bits,
    pub(crate) device: MacAddress,
    pub(crate) wide_device: MacAddress8,
    pub(crate) network: IpCidr,
    pub(crate) host: IpInet,
    #[stream(mask = "sha256")]
    pub(crate) guest: String,
    #[stream(mask_sql = "left(value, 2)")]
    pub(crate) zip: Option<String>,
}

#[derive(Debug, PartialEq, ChangeStream)]
pub(crate) enum Wire {
    Booking(Change<Booking>),
    Everything(Change<Everything>),
    Note(Change<Note>),
    Reading(Change<Reading>),
}
