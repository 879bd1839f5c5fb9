//! Days and times of day, of which one in three is at an edge. The driver writes those of chrono, whatever reads them:
//! of jiff it can't write the last day.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::column::{Refused, refused};
use super::edges::edges;
use super::raw::Raw;
use crate::samples;

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("it is a day")
}

fn last_day() -> NaiveDate {
    day(9999, 12, 31)
}

pub(super) fn date() -> impl Strategy<Value = NaiveDate> {
    let at_edges = [
        day(1, 1, 1),
        day(1, 12, 31),
        day(4, 2, 29),
        day(1582, 10, 4),
        day(1582, 10, 15),
        day(1900, 3, 1),
        day(1969, 12, 31),
        day(1970, 1, 1),
        day(1999, 12, 31),
        day(2000, 1, 1),
        day(2000, 2, 29),
        day(2038, 1, 19),
        day(9999, 1, 1),
        last_day(),
    ];
    edges(samples::date(), at_edges)
}

/// For ranges: PostgreSQL makes of an included bound the day behind it, and the last one has none with four digits.
pub(super) fn date_before_the_last() -> impl Strategy<Value = NaiveDate> {
    date().prop_map(|date| date.min(day(9999, 12, 30)))
}

pub(super) fn time() -> impl Strategy<Value = NaiveTime> {
    let at_edges = [
        0,
        1,
        999_999,
        1_000_000,
        43_200_000_000,
        86_399_000_000,
        86_399_999_999,
    ]
    .map(|microseconds| NaiveTime::MIN + TimeDelta::microseconds(microseconds));
    edges(samples::time(), at_edges)
}

pub(super) fn timestamp() -> impl Strategy<Value = NaiveDateTime> {
    let around = |middle: NaiveDateTime| {
        [-1, 0, 1].map(|microsecond| middle + TimeDelta::microseconds(microsecond))
    };
    let midnight = NaiveTime::MIN;
    let last = last_day().and_time(midnight) + TimeDelta::microseconds(86_399_999_999);
    let mut at_edges = vec![day(1, 1, 1).and_time(midnight), last];
    at_edges.extend(around(day(1970, 1, 1).and_time(midnight)));
    at_edges.extend(around(day(2000, 1, 1).and_time(midnight)));
    // Where 32 bits of seconds end.
    at_edges.extend(around(
        day(2038, 1, 19).and_time(midnight) + TimeDelta::seconds(11_648),
    ));
    edges(
        (date(), time()).prop_map(|(date, time)| date.and_time(time)),
        at_edges,
    )
}

pub(super) fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    timestamp().prop_map(|timestamp| timestamp.and_utc())
}

/// The last instant of jiff is some hours before the end of 9999.
pub(super) fn instant_of_jiff() -> impl Strategy<Value = DateTime<Utc>> {
    let last = DateTime::from_timestamp(jiff_0_2::Timestamp::MAX.as_second(), 999_999_000);
    let last = last.expect("chrono goes further");
    instant().prop_map(move |instant| instant.min(last))
}

/// At any offset, and a day away from the years that do not arrive, so that none leads there.
pub(super) fn instant_at_an_offset() -> impl Strategy<Value = DateTime<FixedOffset>> {
    let offset = edges(-50_400_i32..=50_400, [-50_400, -1, 0, 1, 20_700, 50_400]);
    (instant(), offset).prop_map(|(instant, offset)| {
        let second = day(1, 1, 2).and_time(NaiveTime::MIN).and_utc();
        let last = last_day().and_time(NaiveTime::MIN).and_utc();
        let offset = FixedOffset::east_opt(offset).expect("at most 14 hours");
        instant.clamp(second, last).with_timezone(&offset)
    })
}

/// Infinities, the last day before the year 1, and the first after 9999.
pub(super) fn refused_dates() -> Vec<Refused> {
    [i32::MAX, i32::MIN, FIRST - 1, BEYOND]
        .map(|days| refused(Raw::date(days)))
        .into()
}

pub(super) fn refused_times() -> Vec<Refused> {
    vec![refused(Raw::microseconds(DAY))]
}

/// The same as for dates, to the microsecond.
pub(super) fn refused_timestamps() -> Vec<Refused> {
    let (first, beyond) = (i64::from(FIRST) * DAY, i64::from(BEYOND) * DAY);
    [i64::MAX, i64::MIN, first - 1, beyond]
        .map(|microseconds| refused(Raw::microseconds(microseconds)))
        .into()
}

/// In days since 2000.
const FIRST: i32 = -730_119;
const BEYOND: i32 = 2_921_940;

/// In microseconds.
const DAY: i64 = 86_400_000_000;
