use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use proptest::prelude::*;

use crate::holder::Entry::{LiteralArrives, LiteralIsRefused};
use crate::holder::{Holder, arrive, in_every_session};
use crate::samples::{date, instant, samples, time, timestamp};

in_every_session!(dates, times, timestamps, instants);

async fn dates(holder: &Holder) {
    let mut values = arrive(samples(date()));
    values.extend(
        [
            "'0001-01-01'",
            "'1582-10-10'",
            "'1970-01-01'",
            "'2000-02-29'",
            "'9999-12-31'",
        ]
        .map(LiteralArrives),
    );
    values.extend(
        [
            "'infinity'",
            "'-infinity'",
            "'0001-12-31 BC'",
            "'4714-11-24 BC'",
            "'10000-01-01'",
            "'5874897-12-31'",
        ]
        .map(LiteralIsRefused),
    );
    holder.check::<NaiveDate>("date NOT NULL", values).await;
    let values = vec![LiteralArrives("NULL"), LiteralIsRefused("'infinity'")];
    holder.check::<Option<NaiveDate>>("date", values).await;
}

async fn times(holder: &Holder) {
    let mut values = arrive(samples(time()));
    values.extend(
        [
            "'00:00'",
            "'23:59:59.999999'",
            "'12:00:00.1'",
            "'04:05:06.000001'",
        ]
        .map(LiteralArrives),
    );
    // A leap second is stored as the next minute, and that of the day's last minute as 24:00:00.
    values.push(LiteralArrives("'23:58:60'"));
    values.extend(["'24:00:00'", "'23:59:60'"].map(LiteralIsRefused));
    holder.check::<NaiveTime>("time NOT NULL", values).await;
    let values = arrive(samples(proptest::option::of(time())));
    holder.check::<Option<NaiveTime>>("time(6)", values).await;
}

async fn timestamps(holder: &Holder) {
    let mut values = arrive(samples(timestamp()));
    values.extend(
        [
            "'0001-01-01 00:00:00'",
            "'9999-12-31 23:59:59.999999'",
            "'1969-12-31 23:59:59.5'",
            "'2000-01-01 00:00:00.000001'",
        ]
        .map(LiteralArrives),
    );
    values.extend(
        [
            "'infinity'",
            "'-infinity'",
            "'0001-12-31 23:59:59 BC'",
            "'4713-01-01 00:00:00 BC'",
            "'10000-01-01 00:00:00'",
            "'294276-12-31 23:59:59.999999'",
        ]
        .map(LiteralIsRefused),
    );
    holder
        .check::<NaiveDateTime>("timestamp NOT NULL", values)
        .await;
    let values = arrive(samples(proptest::option::of(timestamp())));
    holder
        .check::<Option<NaiveDateTime>>("timestamp", values)
        .await;
}

async fn instants(holder: &Holder) {
    let literals = [
        "'0001-01-01 00:00:00+00'",
        "'9999-12-31 23:59:59.999999+00'",
        "'2024-03-31 02:30:00 Europe/Berlin'",
        "'1880-01-01 00:00:00+00'",
        "'2016-12-31 23:59:60+00'",
    ];
    let refused = [
        "'infinity'",
        "'-infinity'",
        "'0001-12-31 23:59:59+00 BC'",
        "'10000-01-01 00:00:00+00'",
        "'9999-12-31 23:59:59-01'",
        "'0001-01-01 00:00:00+01'",
    ];
    let mut values = arrive(samples(instant()));
    values.extend(literals.map(LiteralArrives));
    values.extend(refused.map(LiteralIsRefused));
    holder
        .check::<DateTime<Utc>>("timestamptz NOT NULL", values)
        .await;
    let zoned = (instant(), -50_400_i32..=50_400).prop_map(|(instant, offset)| {
        let offset = FixedOffset::east_opt(offset).expect("at most 14 hours");
        // A day inside, so that no offset leads out of the years that arrive.
        let day = TimeDelta::days(1);
        let instant = instant.clamp(instant_min() + day, instant_max() - day);
        instant.with_timezone(&offset)
    });
    let mut values = arrive(samples(zoned));
    values.extend(literals.map(LiteralArrives));
    values.extend(refused.map(LiteralIsRefused));
    holder
        .check::<DateTime<FixedOffset>>("timestamptz NOT NULL", values)
        .await;
}

fn instant_min() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH - TimeDelta::days(719_162)
}

fn instant_max() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(2_932_896)
}
