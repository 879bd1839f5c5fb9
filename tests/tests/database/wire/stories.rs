//! What is recorded: statements, and what a consumer of any version reads of them.

use std::net::IpAddr;
use std::ops::Bound::{Excluded, Included, Unbounded};

use aurora_trigger_gen::wire::Operation;
use aurora_trigger_gen::{
    Bits, Bytes, ChangeEvent, Float4, Float8, Interval, MacAddress, MacAddress8, Oid, Range,
};
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use rust_decimal::Decimal;
use serde_json::json;

use crate::wire::table::{
    Booking, Email, Everything, Level, Note, Parcel, Place, Reading, Status, Wire,
};

/// One after the other they are run in one database. What is recorded of each is in a folder of its name.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
    /// In the order of the stream. An oversized event is its operation and its key.
    pub(crate) events: Vec<Event>,
    /// How many events the relay refuses.
    pub(crate) refused: usize,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    Everything(ChangeEvent<Everything>),
    Note(ChangeEvent<Note>),
    Reading(ChangeEvent<Reading>),
    Booking(ChangeEvent<Booking>),
    Oversized(Operation, (i64, String)),
}

impl From<Wire> for Event {
    fn from(change: Wire) -> Self {
        match change {
            Wire::Everything(change) => match change.event {
                ChangeEvent::Oversized { operation, key } => {
                    Self::Oversized(operation, key.typed())
                }
                event => Self::Everything(event),
            },
            Wire::Note(change) => Self::Note(change.event),
            Wire::Reading(change) => Self::Reading(change.event),
            Wire::Booking(change) => Self::Booking(change.event),
        }
    }
}

/// What the columns' defaults make of a row.
fn everything(id: i64, part: &str, maybe: Option<&str>) -> Box<Everything> {
    let date = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("it is a day");
    let time_date = |year, month: u8, day| {
        let month = time::Month::try_from(month).expect("it is a month");
        time::Date::from_calendar_date(year, month, day).expect("it is a day")
    };
    let last_microsecond = NaiveTime::MIN - TimeDelta::microseconds(1);
    let leap_day = time_date(2024, 2, 29);
    Box::new(Everything {
        id,
        part: part.to_owned(),
        flag: true,
        small: i16::MIN,
        number: i32::MAX,
        object: Oid(u32::MAX),
        single: 7.038_531e-26,
        double: 0.1 + 0.2,
        any_single: Float4(f32::NEG_INFINITY),
        any_double: Float8(f64::INFINITY),
        decimal: Decimal::from_i128_with_scale(79_228_162_514_264_337_593_543_950_335, 4),
        long_decimal: "0.10000000000000000000000000000000000000000000000001"
            .parse()
            .expect("it is a number"),
        bytes: Bytes::from(vec![0x00, 0xff]),
        uuid: uuid::uuid!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        interval: Interval {
            months: 10,
            days: 3,
            microseconds: -1,
        },
        address: IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]),
        document: json!({"a": "é", "b": [null, true, 1.5e300, u64::MAX]}),
        parcel: Parcel {
            street: "Rue \"de\" l'\\Église".to_owned(),
            weights: vec![0.1, -0.0],
        },
        maybe: maybe.map(str::to_owned),
        list: ["a", "b,c", "NULL_"].map(str::to_owned).to_vec(),
        sparse: vec![Some(1), None],
        grid: vec![vec![1, 2], vec![3, 4]],
        status: Status::InTransit,
        level: Level::High,
        email: Email("ada@example.org".to_owned()),
        place: Place {
            street: "1, Main Street".to_owned(),
            zip: None,
        },
        chrono_date: date(1, 1, 1),
        chrono_time: last_microsecond,
        chrono_timestamp: date(9999, 12, 31).and_time(last_microsecond),
        chrono_instant: date(1936, 10, 25)
            .and_hms_milli_opt(22, 10, 12, 608)
            .expect("it is a time")
            .and_utc(),
        jiff_date: jiff_0_2::civil::date(9999, 12, 31),
        jiff_time: jiff_0_2::civil::Time::midnight(),
        jiff_timestamp: jiff_0_2::civil::date(1, 1, 1).at(0, 0, 0, 0),
        jiff_instant: jiff_0_2::Timestamp::from_microsecond(253_402_207_199_999_999)
            .expect("it is the last one"),
        time_date: leap_day.into(),
        time_time: time::Time::from_hms_milli(12, 34, 56, 700)
            .expect("it is a time")
            .into(),
        time_timestamp: leap_day.with_hms(12, 34, 56).expect("it is a time").into(),
        time_instant: leap_day
            .with_hms_micro(12, 34, 56, 1)
            .expect("it is a time")
            .assume_utc()
            .into(),
        card: "***1881".to_owned(),
        secret: None,
        renamed: String::new(),
        hidden: None,
    })
}

/// What is written of it is in its story.
fn booking() -> Box<Booking> {
    let day = |day| NaiveDate::from_ymd_opt(2024, 2, day).expect("it is a day");
    Box::new(Booking {
        id: 1,
        rooms: Range::Between(Included(1), Excluded(4)),
        price: Range::Between(Included(Decimal::new(110, 2)), Unbounded),
        during: Some(Range::Between(
            Excluded(
                day(28)
                    .and_hms_opt(18, 15, 0)
                    .expect("it is a time")
                    .and_utc(),
            ),
            Included(
                day(29)
                    .and_hms_opt(0, 0, 0)
                    .expect("it is a time")
                    .and_utc(),
            ),
        )),
        days: vec![
            Range::Empty,
            Range::Between(Unbounded, Unbounded),
            Range::Between(Included(day(1)), Excluded(day(29))),
        ],
        flags: Bits(vec![true, false, true]),
        device: MacAddress([8, 0, 0x2b, 1, 2, 3]),
        wide_device: MacAddress8([8, 0, 0x2b, 1, 2, 3, 4, 5]),
        network: "2001:db8::/32".parse().expect("it is a network"),
        host: "192.0.2.1/24".parse().expect("it is a host"),
        guest: "044b037a0bce52d0222d73ebb58a984bebf9c24eabd2f404bae078afb3b4712d".to_owned(),
        zip: Some("12".to_owned()),
    })
}

fn note(id: i32, text: &str) -> Box<Note> {
    Box::new(Note {
        id,
        text: text.to_owned(),
    })
}

fn reading(meter: Option<i32>, value: f64) -> Event {
    Event::Reading(ChangeEvent::Created(Box::new(Reading { meter, value })))
}

fn note_updated(id: i32, before: &str, after: &str) -> Event {
    Event::Note(ChangeEvent::Updated {
        before: note(id, before),
        after: note(id, after),
    })
}

pub(crate) fn all() -> Vec<Story> {
    let story = |name, sql, events| Story {
        name,
        sql,
        events,
        refused: 0,
    };
    let mut secretive = everything(2, "ä \"b\"", None);
    secretive.secret = Some("***".to_owned());
    vec![
        story(
            "rows_of_every_type",
            "INSERT INTO wire.everything (id, part, secret)
             VALUES (-9223372036854775808, 'a', NULL), (2, 'ä \"b\"', 'secret')",
            vec![
                Event::Everything(ChangeEvent::Created(everything(i64::MIN, "a", None))),
                Event::Everything(ChangeEvent::Created(secretive.clone())),
            ],
        ),
        story(
            "an_update",
            "UPDATE wire.everything SET maybe = E'\\u0001\\n\\\\🙂' WHERE part = 'a'",
            vec![Event::Everything(ChangeEvent::Updated {
                before: everything(i64::MIN, "a", None),
                after: everything(i64::MIN, "a", Some("\u{1}\n\\🙂")),
            })],
        ),
        story(
            "an_update_that_changes_nothing",
            "UPDATE wire.everything SET hidden = NULL WHERE id = 2",
            vec![Event::Everything(ChangeEvent::Updated {
                before: secretive.clone(),
                after: secretive.clone(),
            })],
        ),
        story(
            "another_key",
            "UPDATE wire.everything SET id = 1, maybe = NULL WHERE part = 'a'",
            vec![
                Event::Everything(ChangeEvent::Deleted(everything(
                    i64::MIN,
                    "a",
                    Some("\u{1}\n\\🙂"),
                ))),
                Event::Everything(ChangeEvent::Created(everything(1, "a", None))),
            ],
        ),
        story(
            "a_delete",
            "DELETE FROM wire.everything WHERE id = 2",
            vec![Event::Everything(ChangeEvent::Deleted(secretive))],
        ),
        story(
            "an_event_that_is_too_big",
            "UPDATE wire.everything SET maybe = repeat('x', 1100000)",
            vec![Event::Oversized(Operation::Update, (1, "a".to_owned()))],
        ),
        Story {
            refused: 1,
            ..story(
                "a_value_that_its_type_does_not_hold",
                "INSERT INTO wire.everything (id, part, decimal)
                 VALUES (3, 'fits', DEFAULT), (4, 'does not', 0.12345678901234567890123456789)",
                vec![Event::Everything(ChangeEvent::Created(everything(
                    3, "fits", None,
                )))],
            )
        },
        story(
            "a_transaction_in_the_outbox",
            "BEGIN;
             INSERT INTO wire.notes VALUES (1, 'a'), (2, 'b');
             UPDATE wire.notes SET text = text || text;
             UPDATE wire.notes SET text = '' WHERE id = 1;
             DELETE FROM wire.notes WHERE id = 2;
             COMMIT",
            vec![
                Event::Note(ChangeEvent::Created(note(1, "a"))),
                Event::Note(ChangeEvent::Created(note(2, "b"))),
                note_updated(1, "a", "aa"),
                note_updated(2, "b", "bb"),
                note_updated(1, "aa", ""),
                Event::Note(ChangeEvent::Deleted(note(2, "bb"))),
            ],
        ),
        story(
            "a_truncate",
            "TRUNCATE wire.notes",
            vec![Event::Note(ChangeEvent::Truncated)],
        ),
        // In calls of a few events, so that the database has to say the places.
        story(
            "a_chain_that_was_restored",
            "UPDATE aurora_trigger.lane SET call_bytes = 300;
             INSERT INTO wire.notes VALUES (3, 'nested a'), (4, 'nested b')",
            vec![
                Event::Note(ChangeEvent::Created(note(3, "nested a"))),
                Event::Note(ChangeEvent::Created(note(4, "nested b"))),
                note_updated(3, "nested a", "nested a+"),
                note_updated(4, "nested b", "nested b+"),
            ],
        ),
        story(
            "after_a_restore",
            "SELECT aurora_trigger.new_epoch(); INSERT INTO wire.notes VALUES (5, '')",
            vec![Event::Note(ChangeEvent::Created(note(5, "")))],
        ),
        story(
            "rows_without_a_key_at_row_level",
            "INSERT INTO wire.readings VALUES (7, -0.0), (NULL, 1e23)",
            vec![reading(Some(7), -0.0), reading(None, 1e23)],
        ),
        story(
            "ranges_networks_and_masks",
            "SELECT aurora_trigger.set_mask_key(decode(repeat('a7', 32), 'hex'));
             INSERT INTO wire.bookings VALUES (
                 1, '[1,3]', '[1.10,)', '(2024-02-29 00:00:00+05:45,2024-02-29 00:00:00+00]',
                 ARRAY['empty', '(,)', '[2024-02-01,2024-02-28]']::daterange[], '101', '08:00:2b:01:02:03',
                 '08:00:2b:01:02:03:04:05', '2001:db8::/32', '192.0.2.1/24', 'ada@example.org', '12345'
             )",
            vec![Event::Booking(ChangeEvent::Created(booking()))],
        ),
    ]
}
