use aurora_trigger_gen::PgType;
use postgres_types::{FromSql, ToSql};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::holder::Entry::{LiteralArrives, LiteralIsRefused};
use crate::holder::{Holder, arrive, in_every_session};
use crate::samples::{decimal, samples, text};

in_every_session!(flat, nested);

#[derive(Debug, Clone, PartialEq, Deserialize, PgType, ToSql, FromSql)]
#[stream(type = "public.money_amount")]
#[postgres(name = "money_amount")]
struct Money {
    #[stream(column = "the amount")]
    #[postgres(name = "the amount")]
    amount: Option<Decimal>,
    #[serde(rename = "cur\"rency")]
    currency: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, PgType, ToSql, FromSql)]
#[stream(type = "public.order_line")]
#[postgres(name = "order_line")]
struct Line {
    number: i16,
    price: Option<Money>,
    discounts: Option<Vec<Option<Money>>>,
    tags: Vec<Option<String>>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, PgType, ToSql, FromSql)]
#[stream(type = "public.parcel")]
#[postgres(name = "parcel")]
struct Parcel {
    lines: Vec<Option<Line>>,
    first: Option<Line>,
}

const TYPES: &str = r#"
    CREATE TYPE public.money_amount AS ("the amount" numeric, currency text);
    CREATE TYPE public.order_line AS (
        number int2, price public.money_amount, discounts public.money_amount[], tags text[]
    );
    CREATE TYPE public.parcel AS (lines public.order_line[], first public.order_line);
"#;

fn money() -> impl Strategy<Value = Money> {
    (of(decimal()), of(text(0..=4))).prop_map(|(amount, currency)| Money { amount, currency })
}

fn line() -> impl Strategy<Value = Line> {
    (
        any::<i16>(),
        of(money()),
        of(vec(of(money()), 0..3)),
        vec(of(text(0..=4)), 0..3),
    )
        .prop_map(|(number, price, discounts, tags)| Line {
            number,
            price,
            discounts,
            tags,
        })
}

fn parcel() -> impl Strategy<Value = Parcel> {
    (vec(of(line()), 0..3), of(line())).prop_map(|(lines, first)| Parcel { lines, first })
}

async fn flat(holder: &Holder) {
    holder.run(TYPES).await;
    let mut values = arrive(samples(of(money())));
    values.extend(
        [
            "NULL",
            // All of its attributes are NULL, and it is not.
            "ROW(NULL, NULL)",
            "ROW(1.10, '')",
        ]
        .map(LiteralArrives),
    );
    values.push(LiteralIsRefused("ROW('NaN', NULL)"));
    values.push(LiteralIsRefused(
        "ROW(0.12345678901234567890123456789, NULL)",
    ));
    holder
        .check::<Option<Money>>("public.money_amount", values)
        .await;
    let mut values = arrive(samples(vec(of(money()), 0..4)));
    values.push(LiteralArrives(
        "ARRAY[NULL, ROW(NULL, NULL)]::public.money_amount[]",
    ));
    values.push(LiteralArrives("'{}'"));
    values.push(LiteralArrives("'[3:3]={\"(1.10,)\"}'"));
    values.push(LiteralIsRefused(
        "ARRAY[ARRAY[ROW(1, 'a')]]::public.money_amount[]",
    ));
    values.push(LiteralIsRefused(
        "ARRAY[ROW(0.12345678901234567890123456789, NULL)]::public.money_amount[]",
    ));
    holder
        .check::<Vec<Option<Money>>>("public.money_amount[] NOT NULL", values)
        .await;
    let values = vec![
        LiteralArrives("'{}'"),
        LiteralIsRefused("ARRAY[NULL]::public.money_amount[]"),
    ];
    holder
        .check::<Vec<Money>>("public.money_amount[] NOT NULL", values)
        .await;
}

async fn nested(holder: &Holder) {
    holder.run(TYPES).await;
    let mut values = arrive(samples(line()));
    // An attribute can always be NULL, whatever the struct takes.
    values.push(LiteralIsRefused("ROW(NULL, NULL, NULL, '{}')"));
    values.push(LiteralIsRefused("ROW(1, NULL, NULL, NULL)"));
    holder
        .check::<Line>("public.order_line NOT NULL", values)
        .await;
    let values = arrive(samples(of(parcel())));
    holder
        .check::<Option<Parcel>>("public.parcel", values)
        .await;
    let values = arrive(samples(vec(parcel(), 0..3)));
    holder
        .check::<Vec<Parcel>>("public.parcel[] NOT NULL", values)
        .await;
}
