//! Types of somebody's own, and those of extensions.

use std::collections::BTreeMap;

use aurora_trigger_gen::PgType;
use postgres_types::{FromSql, ToSql};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::letters::Letters;
use super::raw::Raw;
use crate::driver::DriverNumeric;
use crate::json::{Address, Place};
use crate::samples::{decimal, finite_f64};
use crate::user_types::{MOODS, Mood};

pub(super) const TYPES: &str = r#"
    CREATE EXTENSION citext;
    CREATE EXTENSION hstore;
    CREATE EXTENSION ltree;
    CREATE DOMAIN public.cents AS int8;
    CREATE DOMAIN public.more_cents AS public.cents;
    CREATE DOMAIN public.labels AS text[];
    CREATE TYPE public.amount AS ("the value" numeric, currency text);
    CREATE TYPE public.line AS (number int2, amounts public.amount[], mood public.mood);
    CREATE DOMAIN public.known_line AS public.line;
    CREATE TYPE public.half_known AS ENUM ('known');
"#;

/// The installation refuses an enum that has a label more than its type in Rust.
pub(super) const MIGRATION: &str = "ALTER TYPE public.half_known ADD VALUE 'unknown'";

#[derive(Debug, Clone, Deserialize, PgType, ToSql, FromSql)]
#[stream(type = "public.amount")]
#[postgres(name = "amount")]
pub(super) struct Amount {
    #[stream(column = "the value")]
    #[postgres(name = "the value")]
    value: Option<Decimal>,
    currency: Option<String>,
}

/// With more digits than [`Amount`] takes.
#[derive(Debug, ToSql)]
#[postgres(name = "amount")]
pub(super) struct LongAmount {
    #[postgres(name = "the value")]
    value: DriverNumeric,
    currency: Option<String>,
}

impl LongAmount {
    pub(super) fn new(value: &str) -> Self {
        Self {
            value: DriverNumeric(value.to_owned()),
            currency: None,
        }
    }
}

#[derive(Debug, Clone, Deserialize, PgType, ToSql, FromSql)]
#[stream(type = "public.line")]
#[postgres(name = "line")]
pub(super) struct Line {
    number: i16,
    amounts: Option<Vec<Option<Amount>>>,
    mood: Mood,
}

/// The type gets a label more.
#[derive(Debug, Clone, Copy, Deserialize, PgType)]
#[stream(type = "public.half_known")]
pub(super) enum HalfKnown {
    #[serde(rename = "known")]
    Known,
}

/// The driver compares the labels.
pub(super) fn half_known(raw: &Raw) -> HalfKnown {
    assert_eq!(raw.0, b"known");
    HalfKnown::Known
}

#[derive(Debug, Deserialize, PgType)]
#[stream(sql_type = "public.hstore", encoding = "json")]
#[expect(dead_code, reason = "compared as `Debug` shows it")]
pub(super) struct Attributes(pub(super) BTreeMap<String, Option<String>>);

#[derive(Debug, Deserialize, PgType)]
#[stream(sql_type = "public.ltree", encoding = "text")]
#[expect(dead_code, reason = "compared as `Debug` shows it")]
pub(super) struct Path(pub(super) String);

pub(super) fn moods() -> impl Strategy<Value = Mood> {
    select(MOODS.to_vec())
}

pub(super) fn amounts(letters: Letters) -> impl Strategy<Value = Amount> {
    (of(decimal()), of(letters.text(0..=4)))
        .prop_map(|(value, currency)| Amount { value, currency })
}

pub(super) fn lines(letters: Letters) -> impl Strategy<Value = Line> {
    let amounts = of(vec(of(amounts(letters)), 0..3));
    (any::<i16>(), amounts, moods()).prop_map(|(number, amounts, mood)| Line {
        number,
        amounts,
        mood,
    })
}

pub(super) fn addresses(letters: Letters) -> impl Strategy<Value = Address> {
    let place = prop_oneof![
        letters.text(0..=8).prop_map(|name| Place::Town { name }),
        (finite_f64(), finite_f64()).prop_map(|(latitude, longitude)| Place::Point {
            latitude,
            longitude
        }),
    ];
    (letters.text(0..=8), any::<Option<i8>>(), place).prop_map(|(street, floor, place)| Address {
        street,
        floor,
        place,
    })
}
