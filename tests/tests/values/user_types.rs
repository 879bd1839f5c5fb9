use aurora_trigger_gen::PgType;
use postgres_types::{FromSql, ToSql};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::holder::Entry::LiteralIsRefused;
use crate::holder::{Holder, Row, arrive, in_every_session};
use crate::samples::{decimal, samples, text};

in_every_session!(enums, enums_in_other_columns, newtypes, domains);

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, PgType, ToSql, FromSql)]
#[stream(type = "public.mood")]
#[postgres(name = "mood")]
pub(crate) enum Mood {
    #[serde(rename = "NULL")]
    #[postgres(name = "NULL")]
    Null,
    #[serde(rename = "so, so")]
    #[postgres(name = "so, so")]
    SoSo,
    #[serde(rename = "\"very\" {good}\\")]
    #[postgres(name = "\"very\" {good}\\")]
    VeryGood,
    #[serde(rename = "übel ")]
    #[postgres(name = "übel ")]
    Bad,
    #[serde(rename = "x'; --")]
    #[postgres(name = "x'; --")]
    Quoted,
}

pub(crate) const MOODS: [Mood; 5] = [
    Mood::Null,
    Mood::SoSo,
    Mood::VeryGood,
    Mood::Bad,
    Mood::Quoted,
];

pub(crate) const MOOD: &str =
    r#"CREATE TYPE public.mood AS ENUM ('NULL', 'so, so', '"very" {good}\', 'übel ', 'x''; --')"#;

async fn enums(holder: &Holder) {
    holder.run(MOOD).await;
    holder
        .check::<Mood>("public.mood NOT NULL", arrive(MOODS))
        .await;
    let values = arrive([None, Some(Mood::Null)]);
    holder.check::<Option<Mood>>("public.mood", values).await;
    let values = arrive(samples(vec(select(MOODS.to_vec()), 0..5)));
    holder
        .check::<Vec<Mood>>("public.mood[] NOT NULL", values)
        .await;
    let mood = proptest::option::of(select(MOODS.to_vec()));
    let mut values = arrive(samples(proptest::option::of(vec(mood, 0..5))));
    values.extend(arrive([None, Some(vec![None, Some(Mood::Null)])]));
    holder
        .check::<Option<Vec<Option<Mood>>>>("public.mood[]", values)
        .await;
}

#[derive(Debug, Clone, Copy, Deserialize, PgType)]
#[stream(as = "String")]
#[serde(rename_all = "snake_case")]
pub(crate) enum Segment {
    RetailTrade,
    #[serde(alias = "B2B")]
    Wholesale,
}

#[derive(Debug, Clone, Copy, Deserialize, PgType)]
#[stream(as = "i16")]
#[serde(try_from = "i16")]
pub(crate) enum Level {
    Low = -1,
    High = 300,
}

impl TryFrom<i16> for Level {
    type Error = String;

    fn try_from(number: i16) -> Result<Self, String> {
        match number {
            -1 => Ok(Self::Low),
            300 => Ok(Self::High),
            other => Err(format!("no level has the number {other}")),
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize, PgType)]
#[stream(as = "i32")]
#[serde(from = "i32")]
enum Sign {
    Negative = -1,
    Positive = 1,
}

impl From<i32> for Sign {
    fn from(number: i32) -> Self {
        if number < 0 {
            Self::Negative
        } else {
            Self::Positive
        }
    }
}

async fn enums_in_other_columns(holder: &Holder) {
    let segment = |label: String| match label.as_str() {
        "retail_trade" => Segment::RetailTrade,
        _ => Segment::Wholesale,
    };
    let mut values = arrive(["retail_trade", "wholesale", "B2B"].map(str::to_owned));
    values.extend(["'Wholesale'", "'wholesale '", "''"].map(LiteralIsRefused));
    holder
        .check_as::<Row<Segment>, String>("text NOT NULL", values, segment)
        .await;
    let mut values = arrive([-1, 300]);
    values.extend(["0", "301"].map(LiteralIsRefused));
    holder
        .check_as::<Row<Level>, i16>("int2 NOT NULL", values, |number| {
            Level::try_from(number).expect("the other ones are refused")
        })
        .await;
    holder
        .check_as::<Row<Sign>, i32>("int4 NOT NULL", arrive([i32::MIN, -1, 0, 7]), Sign::from)
        .await;
}

#[derive(Debug, Clone, PartialEq, Deserialize, PgType, ToSql, FromSql)]
#[postgres(transparent)]
struct Email(String);

#[derive(Debug, Clone, PartialEq, Deserialize, PgType, ToSql, FromSql)]
#[postgres(transparent)]
struct Price(Decimal);

#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
#[serde(try_from = "i32")]
struct Even(i32);

impl TryFrom<i32> for Even {
    type Error = &'static str;

    fn try_from(number: i32) -> Result<Self, &'static str> {
        if number % 2 == 0 {
            Ok(Self(number))
        } else {
            Err("this is odd")
        }
    }
}

async fn newtypes(holder: &Holder) {
    let values = arrive(samples(text(0..=8).prop_map(Email)));
    holder.check::<Email>("text NOT NULL", values).await;
    let mut values = arrive(samples(decimal().prop_map(Price)));
    values.push(LiteralIsRefused("0.12345678901234567890123456789"));
    holder.check::<Price>("numeric NOT NULL", values).await;
    let values = arrive(samples(vec(decimal().prop_map(Price), 0..4)));
    holder
        .check::<Vec<Price>>("numeric[] NOT NULL", values)
        .await;
    let mut values = arrive([0, -2, i32::MIN]);
    values.push(LiteralIsRefused("1"));
    holder
        .check_as::<Row<Even>, i32>("int4 NOT NULL", values, Even)
        .await;
}

#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
#[stream(type = "public.cents")]
struct Cents(i64);

#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
#[stream(type = "public.amount")]
struct Amount(Decimal);

/// No `type`: an array of a domain is fine for an array of its base.
#[derive(Debug, Clone, PartialEq, Deserialize, PgType, ToSql, FromSql)]
#[postgres(name = "label")]
struct Label(String);

const DOMAINS: &str = "
    CREATE DOMAIN public.cents AS int8 CHECK (VALUE >= 0);
    CREATE DOMAIN public.more_cents AS public.cents;
    CREATE DOMAIN public.amount AS numeric NOT NULL;
    CREATE DOMAIN public.label AS text;
    CREATE DOMAIN public.labels AS text[];
    CREATE DOMAIN public.feeling AS public.mood;
";

async fn domains(holder: &Holder) {
    holder.run(MOOD).await;
    holder.run(DOMAINS).await;
    let cents = || arrive([0, 1, i64::MAX]);
    holder
        .check_as::<Row<Cents>, i64>("public.cents NOT NULL", cents(), Cents)
        .await;
    // A field of the base type takes any domain over it.
    holder
        .check::<i64>("public.more_cents NOT NULL", cents())
        .await;
    let mut amounts = arrive(samples(decimal()));
    amounts.push(LiteralIsRefused("0.12345678901234567890123456789"));
    holder
        .check_as::<Row<Amount>, Decimal>("public.amount", amounts, Amount)
        .await;
    let labels = arrive(samples(text(0..=8)));
    holder
        .check::<String>("public.label NOT NULL", labels)
        .await;
    let labels = arrive(samples(vec(text(0..=8), 0..4)));
    holder
        .check::<Vec<String>>("public.labels NOT NULL", labels)
        .await;
    let labels = arrive(samples(proptest::option::of(vec(
        text(0..=8).prop_map(Label),
        0..4,
    ))));
    holder
        .check::<Option<Vec<Label>>>("public.label[]", labels)
        .await;
    holder
        .check::<Mood>("public.feeling NOT NULL", arrive(MOODS))
        .await;
}
