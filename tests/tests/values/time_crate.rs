use aurora_trigger_gen::time::{Date, OffsetDateTime, PrimitiveDateTime, Time};
use proptest::prelude::*;
use time::UtcOffset;

use crate::holder::Entry::{LiteralArrives, LiteralIsRefused};
use crate::holder::{Holder, Row, arrive, in_every_session};
use crate::samples::samples;

in_every_session!(dates, times, timestamps, instants);

pub(crate) fn date() -> impl Strategy<Value = time::Date> {
    (1_i32..=9999, 1_u16..=365).prop_map(|(year, day)| {
        time::Date::from_ordinal_date(year, day).expect("each year has 365 days")
    })
}

pub(crate) fn time_of_day() -> impl Strategy<Value = time::Time> {
    (0_u8..24, 0_u8..60, 0_u8..60, 0_u32..1_000_000).prop_map(
        |(hour, minute, second, microsecond)| {
            time::Time::from_hms_micro(hour, minute, second, microsecond).expect("it is of a day")
        },
    )
}

pub(crate) fn timestamp() -> impl Strategy<Value = time::PrimitiveDateTime> {
    (date(), time_of_day()).prop_map(|(date, time)| date.with_time(time))
}

async fn dates(holder: &Holder) {
    let mut values = arrive(samples(date()));
    values.extend(["'0001-01-01'", "'2000-02-29'", "'9999-12-31'"].map(LiteralArrives));
    values.extend(
        [
            "'infinity'",
            "'-infinity'",
            "'0001-12-31 BC'",
            "'4713-01-01 BC'",
            "'10000-01-01'",
        ]
        .map(LiteralIsRefused),
    );
    holder
        .check_as::<Row<Date>, time::Date>("date NOT NULL", values, Date)
        .await;
}

async fn times(holder: &Holder) {
    let mut values = arrive(samples(time_of_day()));
    values.extend(["'00:00'", "'23:59:59.999999'", "'23:58:60'"].map(LiteralArrives));
    values.extend(["'24:00:00'", "'23:59:60'"].map(LiteralIsRefused));
    holder
        .check_as::<Row<Time>, time::Time>("time NOT NULL", values, Time)
        .await;
}

async fn timestamps(holder: &Holder) {
    let mut values = arrive(samples(timestamp()));
    values.extend(
        [
            "'0001-01-01 00:00:00'",
            "'1936-10-25T22:10:12.608'",
            "'9999-12-31 23:59:59.999999'",
        ]
        .map(LiteralArrives),
    );
    values.extend(
        [
            "'infinity'",
            "'-infinity'",
            "'4713-01-01 00:00:00 BC'",
            "'294276-12-31 23:59:59.999999'",
        ]
        .map(LiteralIsRefused),
    );
    holder
        .check_as::<Row<PrimitiveDateTime>, time::PrimitiveDateTime>(
            "timestamp NOT NULL",
            values,
            PrimitiveDateTime,
        )
        .await;
}

async fn instants(holder: &Holder) {
    let instant = timestamp().prop_map(|timestamp| timestamp.assume_offset(UtcOffset::UTC));
    let mut values = arrive(samples(instant));
    values.extend(
        [
            "'0001-01-01 00:00:00+00'",
            "'1880-01-01 00:00:00 Europe/Amsterdam'",
            "'2016-12-31 23:59:60+00'",
            "'9999-12-31 23:59:59.999999+00'",
        ]
        .map(LiteralArrives),
    );
    values.extend(
        [
            "'infinity'",
            "'-infinity'",
            "'0001-12-31 23:59:59+00 BC'",
            "'10000-01-01 00:00:00+00'",
        ]
        .map(LiteralIsRefused),
    );
    holder
        .check_as::<Row<OffsetDateTime>, time::OffsetDateTime>(
            "timestamptz NOT NULL",
            values,
            OffsetDateTime,
        )
        .await;
}
