use std::error::Error;

use aurora_trigger_gen::Interval;
use postgres_types::private::BytesMut;
use postgres_types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};
use proptest::prelude::*;

use crate::holder::Entry::{LiteralArrives, LiteralIsRefused};
use crate::holder::{Holder, Row, Struct, arrive, events, in_every_session};
use crate::samples::samples;

in_every_session!(intervals, more_hours_than_servers_before_15_print);

/// As the server sends it, and takes it: microseconds, days, months.
#[derive(Debug)]
pub(crate) struct Binary(pub(crate) Interval);

impl FromSql<'_> for Binary {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let (microseconds, rest) = raw.split_first_chunk().ok_or("too short")?;
        let (days, rest) = rest.split_first_chunk().ok_or("too short")?;
        let months = rest.try_into()?;
        Ok(Self(Interval {
            months: i32::from_be_bytes(months),
            days: i32::from_be_bytes(*days),
            microseconds: i64::from_be_bytes(*microseconds),
        }))
    }

    accepts!(INTERVAL);
}

impl ToSql for Binary {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.0.microseconds.to_be_bytes());
        out.extend_from_slice(&self.0.days.to_be_bytes());
        out.extend_from_slice(&self.0.months.to_be_bytes());
        Ok(IsNull::No)
    }

    accepts!(INTERVAL);
    to_sql_checked!();
}

fn interval() -> impl Strategy<Value = Interval> {
    let microseconds = prop_oneof![
        Just(0),
        any::<i64>(),
        any::<i32>().prop_map(i64::from),
        any::<i32>().prop_map(|seconds| i64::from(seconds) * 1_000_000),
    ];
    let number = || prop_oneof![Just(0), -40..40_i32, any::<i32>()];
    (number(), number(), microseconds).prop_map(|(months, days, microseconds)| Interval {
        months,
        days,
        microseconds,
    })
}

/// What servers before 15 can write, too: they have fewer hours.
pub(crate) fn printable_everywhere() -> impl Strategy<Value = Binary> {
    interval()
        .prop_filter("it has too many hours", |interval| {
            is_printable(interval, LONGEST_BEFORE_15)
        })
        .prop_map(Binary)
}

const LONGEST_BEFORE_15: i64 = i32::MAX as i64 * 3_600_000_000;

fn is_printable(interval: &Interval, longest: i64) -> bool {
    (-longest..=longest).contains(&interval.microseconds)
}

async fn intervals(holder: &Holder) {
    let longest = if holder.server_version().await < 150_000 {
        LONGEST_BEFORE_15
    } else {
        i64::MAX
    };
    let printable = interval().prop_filter("it has too many hours", move |interval| {
        is_printable(interval, longest)
    });
    // Where all three are at the same end it is, from PostgreSQL 17 on, infinite; so no random one is.
    let mut values = arrive(samples(printable).into_iter().map(Binary));
    values.extend(arrive([longest, -longest].map(|microseconds| {
        Binary(Interval {
            microseconds,
            ..Interval::default()
        })
    })));
    values.extend(
        [
            "'0'",
            "'1 year -2 mons 3 days -04:05:06.789'",
            "'-1 year 2 mons -3 days 04:05:06.000001'",
            "'-0.000001 seconds'",
            "'-59.5 seconds'",
            "'1 minute'",
            "'178000000 years'",
            "'-178000000 years'",
            "'2147483647 days'",
        ]
        .map(LiteralArrives),
    );
    if holder.server_version().await >= 170_000 {
        values.extend(["'infinity'", "'-infinity'"].map(LiteralIsRefused));
    }
    holder
        .check_as::<Row<Interval>, Binary>("interval NOT NULL", values, |binary| binary.0)
        .await;
    let values = vec![LiteralArrives("NULL"), LiteralArrives("'1 mon'")];
    holder
        .check_as::<Row<Option<Interval>>, Option<Binary>>("interval", values, |binary| {
            binary.map(|binary| binary.0)
        })
        .await;
}

/// Those can store it, and neither print nor send it: what captures it fails, as the write does that asked for that.
async fn more_hours_than_servers_before_15_print(holder: &Holder) {
    holder
        .make_table(Struct::of::<Row<Interval>>(), "interval NOT NULL")
        .await;
    // A literal of so many hours they refuse, a sum they do not.
    let hours = "interval '2147483647 hours' + interval '1 hour' + interval '0.5 seconds'";
    let interval = Interval {
        microseconds: (i64::from(i32::MAX) + 1) * 3_600_000_000 + 500_000,
        ..Interval::default()
    };
    let sent = holder
        .session()
        .query_one(&format!("SELECT {hours}"), &[])
        .await
        .expect("every server sends it");
    assert_eq!(sent.get::<_, Binary>(0).0, interval);
    let insert = format!("INSERT INTO public.holder VALUES (1, {hours})");
    let outcome = holder.session().batch_execute(&insert).await;
    if holder.server_version().await < 150_000 {
        let error = outcome.expect_err("this server can't print it");
        let message = error.as_db_error().expect("the server says so").message();
        assert!(message.contains("interval out of range"), "{message}");
        return;
    }
    outcome.expect("this server prints it");
    let read = events::<Row<Interval>>(&holder.take_calls().await).remove(&1);
    assert_eq!(read, Some(Ok(interval)));
}
