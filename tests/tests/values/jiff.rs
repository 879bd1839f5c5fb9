use std::error::Error;

use ::jiff_0_2::Timestamp;
use ::jiff_0_2::civil::{Date, DateTime, Time};
use aurora_trigger_gen::PgType;
use aurora_trigger_gen::describe::TypeDesc;
use bytes::BytesMut;
use proptest::prelude::*;
use serde::Deserialize;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::holder::Entry::{LiteralArrives, LiteralIsRefused};
use crate::holder::{Holder, arrive, in_every_session};
use crate::samples::samples;

in_every_session!(dates, times, timestamps, instants, of_version_1);

/// A type of jiff 1, which no driver reads yet: the type of jiff 0.2 that the driver reads has the same text.
macro_rules! version_1 {
    ($name:ident, $ty:ty, $driver:ty) => {
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(transparent)]
        struct $name($ty);

        impl PgType for $name {
            const TYPE: TypeDesc = <$ty>::TYPE;
        }

        impl From<$driver> for $name {
            fn from(value: $driver) -> Self {
                Self(value.to_string().parse().expect("both have the same text"))
            }
        }

        impl<'a> FromSql<'a> for $name {
            fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
                <$driver>::from_sql(ty, raw).map(Self::from)
            }

            fn accepts(ty: &Type) -> bool {
                <$driver as FromSql<'_>>::accepts(ty)
            }
        }

        impl ToSql for $name {
            fn to_sql(
                &self,
                ty: &Type,
                out: &mut BytesMut,
            ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
                let value: $driver = self.0.to_string().parse()?;
                value.to_sql(ty, out)
            }

            fn accepts(ty: &Type) -> bool {
                <$driver as ToSql>::accepts(ty)
            }

            to_sql_checked!();
        }
    };
}

version_1!(Date1, ::jiff::civil::Date, Date);
version_1!(Time1, ::jiff::civil::Time, Time);
version_1!(DateTime1, ::jiff::civil::DateTime, DateTime);
version_1!(Timestamp1, ::jiff::Timestamp, Timestamp);

async fn of_version_1(holder: &Holder) {
    let refused = ["'infinity'", "'0001-12-31 BC'", "'10000-01-01'"];
    let mut values = arrive(samples(date().prop_map(Date1::from)));
    values.extend(["'0001-01-01'", "'9999-12-31'"].map(LiteralArrives));
    values.extend(refused.map(LiteralIsRefused));
    holder.check::<Date1>("date NOT NULL", values).await;

    let mut values = arrive(samples(time().prop_map(Time1::from)));
    values.extend(["'00:00'", "'23:59:59.999999'"].map(LiteralArrives));
    values.extend(["'24:00:00'"].map(LiteralIsRefused));
    holder.check::<Time1>("time NOT NULL", values).await;

    let mut values = arrive(samples(timestamp().prop_map(DateTime1::from)));
    values.extend(["'0001-01-01 00:00:00'", "'9999-12-31 23:59:59.999999'"].map(LiteralArrives));
    values.extend(refused.map(LiteralIsRefused));
    holder
        .check::<DateTime1>("timestamp NOT NULL", values)
        .await;

    let mut values = arrive(samples(instant().prop_map(Timestamp1::from)));
    values.extend(
        [
            "'0001-01-01 00:00:00+00'",
            "'9999-12-30 21:59:59.999999+00'",
        ]
        .map(LiteralArrives),
    );
    values.extend(["'infinity'", "'9999-12-31 23:59:59+00'"].map(LiteralIsRefused));
    holder
        .check::<Timestamp1>("timestamptz NOT NULL", values)
        .await;
}

pub(crate) fn date() -> impl Strategy<Value = Date> {
    (1_i16..=9999, 1_i16..=365).prop_map(|(year, day)| {
        Date::constant(year, 1, 1)
            .with()
            .day_of_year(day)
            .build()
            .expect("each year has 365 days")
    })
}

pub(crate) fn time() -> impl Strategy<Value = Time> {
    (0_i8..24, 0_i8..60, 0_i8..60, 0_i32..1_000_000).prop_map(
        |(hour, minute, second, microsecond)| {
            Time::constant(hour, minute, second, microsecond * 1000)
        },
    )
}

pub(crate) fn timestamp() -> impl Strategy<Value = DateTime> {
    (date(), time()).prop_map(|(date, time)| date.to_datetime(time))
}

/// From the year 1 on, in microseconds.
pub(crate) fn instant() -> impl Strategy<Value = Timestamp> {
    (-62_135_596_800_000_000_i64..=Timestamp::MAX.as_microsecond()).prop_map(|microsecond| {
        Timestamp::from_microsecond(microsecond).expect("it is no later than the last")
    })
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
    holder.check::<Date>("date NOT NULL", values).await;
}

async fn times(holder: &Holder) {
    let mut values = arrive(samples(time()));
    values.extend(["'00:00'", "'23:59:59.999999'", "'23:58:60'"].map(LiteralArrives));
    values.extend(["'24:00:00'", "'23:59:60'"].map(LiteralIsRefused));
    holder.check::<Time>("time NOT NULL", values).await;
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
    holder.check::<DateTime>("timestamp NOT NULL", values).await;
}

async fn instants(holder: &Holder) {
    let mut values = arrive(samples(instant()));
    values.extend(
        [
            "'0001-01-01 00:00:00+00'",
            "'1880-01-01 00:00:00 Europe/Amsterdam'",
            "'2016-12-31 23:59:60+00'",
            "'9999-12-30 21:59:59.999999+00'",
        ]
        .map(LiteralArrives),
    );
    values.extend(
        [
            "'infinity'",
            "'-infinity'",
            "'0001-12-31 23:59:59+00 BC'",
            "'9999-12-31 23:59:59+00'",
            "'10000-01-01 00:00:00+00'",
        ]
        .map(LiteralIsRefused),
    );
    holder
        .check::<Timestamp>("timestamptz NOT NULL", values)
        .await;
}
