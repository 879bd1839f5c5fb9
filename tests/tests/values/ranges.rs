use std::fmt::Debug;
use std::ops::Bound::{self, Excluded, Included, Unbounded};

use aurora_trigger_gen::Range::{Between, Empty};
use aurora_trigger_gen::{Multirange, PgType, Range};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use postgres_types::{FromSql, ToSql};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::driver::DriverRange;
use crate::holder::Entry::{self, LiteralArrives, LiteralIsRefused};
use crate::holder::{Holder, Row, arrive, in_every_session};
use crate::samples::{date, decimal, finite_f64, instant, samples, text, timestamp};

in_every_session!(
    of_built_in_types,
    of_edges,
    of_users,
    in_arrays_and_composites,
    multiranges
);

/// Ranges with bounds of all kinds; PostgreSQL has them in order.
pub(crate) fn ranges<S>(values: S) -> impl Strategy<Value = DriverRange<S::Value>>
where
    S: Strategy + 'static,
    S::Value: Clone + PartialOrd + Debug + 'static,
{
    let values = values.boxed();
    let bound = prop_oneof![
        values.clone().prop_map(Included),
        values.prop_map(Excluded),
        Just(Unbounded),
    ]
    .boxed();
    let value = |bound: &Bound<S::Value>| match bound {
        Included(value) | Excluded(value) => Some(value.clone()),
        Unbounded => None,
    };
    (bound.clone(), bound)
        .prop_map(move |(lower, upper)| match (value(&lower), value(&upper)) {
            (Some(first), Some(second)) if first > second => Empty,
            _ => Between(lower, upper),
        })
        .prop_map(DriverRange)
}

async fn check<T>(holder: &Holder, column: &str, values: Vec<Entry<DriverRange<T>>>)
where
    T: PgType + DeserializeOwned + for<'a> FromSql<'a> + ToSql + Sync + Debug,
{
    holder
        .check_as::<Row<Range<T>>, DriverRange<T>>(column, values, |range| range.0)
        .await;
}

async fn of_built_in_types(holder: &Holder) {
    // The last value has none behind it, which PostgreSQL makes of an included bound.
    let values = arrive(samples(ranges(i32::MIN..i32::MAX)));
    check::<i32>(holder, "int4range NOT NULL", values).await;
    let values = arrive(samples(ranges(i64::MIN..i64::MAX)));
    check::<i64>(holder, "int8range NOT NULL", values).await;
    let values = arrive(samples(ranges(decimal())));
    check::<Decimal>(holder, "numrange NOT NULL", values).await;
    let before_the_last = date().prop_filter("the day behind it has five digits", |date| {
        *date < NaiveDate::from_ymd_opt(9999, 12, 31).expect("it is a day")
    });
    let values = arrive(samples(ranges(before_the_last)));
    check::<NaiveDate>(holder, "daterange NOT NULL", values).await;
    let values = arrive(samples(ranges(timestamp())));
    check::<NaiveDateTime>(holder, "tsrange NOT NULL", values).await;
    let values = arrive(samples(ranges(instant())));
    check::<DateTime<Utc>>(holder, "tstzrange NOT NULL", values).await;
}

async fn of_edges(holder: &Holder) {
    let values = [
        "'empty'", "'(,)'", "'[3,3]'", "'[3,3)'", "'(3,)'", "'(,-3]'",
    ];
    check::<i32>(
        holder,
        "int4range NOT NULL",
        values.map(LiteralArrives).into(),
    )
    .await;
    let mut values = Vec::from(["'[1.10,1.100]'", "'(,0.5)'"].map(LiteralArrives));
    values.extend(
        [
            "'[0.12345678901234567890123456789,1)'",
            "'(,79228162514264337593543950336]'",
            "numrange('NaN', 'NaN', '[]')",
        ]
        .map(LiteralIsRefused),
    );
    check::<Decimal>(holder, "numrange NOT NULL", values).await;
    let mut values = Vec::from(["'[2020-02-29,)'"].map(LiteralArrives));
    values.extend(
        [
            "'[2020-02-29,infinity)'",
            "'[-infinity,2020-02-29]'",
            "'[4713-01-01 BC,2020-02-29)'",
        ]
        .map(LiteralIsRefused),
    );
    check::<NaiveDate>(holder, "daterange NOT NULL", values).await;
    let values = arrive([None, Some(DriverRange(Empty))]);
    holder
        .check_as::<Row<Option<Range<i64>>>, Option<DriverRange<i64>>>(
            "int8range",
            values,
            |range| range.map(|range| range.0),
        )
        .await;
}

#[derive(
    Debug,
    Clone,
    PartialEq,
    PartialOrd,
    Deserialize,
    PgType,
    postgres_types::ToSql,
    postgres_types::FromSql,
)]
#[stream(type = "public.size")]
#[postgres(name = "size")]
enum Size {
    #[serde(rename = "small, \"or\" so")]
    #[postgres(name = "small, \"or\" so")]
    Small,
    #[serde(rename = "NULL")]
    #[postgres(name = "NULL")]
    Large,
}

async fn of_users(holder: &Holder) {
    holder
        .run(
            r#"CREATE TYPE public.floats AS RANGE (subtype = float8);
               CREATE TYPE public."Te'xts" AS RANGE (subtype = text, collation = "C");
               CREATE DOMAIN public.some_texts AS public."Te'xts" CHECK (NOT isempty(VALUE));
               CREATE TYPE public.size AS ENUM ('small, "or" so', 'NULL');
               CREATE TYPE public.sizes AS RANGE (subtype = public.size)"#,
        )
        .await;
    let values = arrive(samples(ranges(finite_f64())));
    check::<f64>(holder, "public.floats NOT NULL", values).await;
    let values = arrive(samples(ranges(text(0..=8))));
    check::<String>(holder, r#"public."Te'xts" NOT NULL"#, values).await;
    let values = vec![
        LiteralArrives(r#"'["a,""","b)"]'"#),
        LiteralArrives("'[,NULL]'"),
    ];
    check::<String>(holder, "public.some_texts NOT NULL", values).await;
    let values = arrive([
        DriverRange(Between(Included(Size::Small), Excluded(Size::Large))),
        DriverRange(Between(Excluded(Size::Small), Included(Size::Large))),
        DriverRange(Between(Unbounded, Unbounded)),
    ]);
    check::<Size>(holder, "public.sizes NOT NULL", values).await;
}

#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
#[stream(type = "public.offer")]
struct Offer {
    during: Option<Range<DateTime<Utc>>>,
    prices: Vec<Range<Decimal>>,
}

async fn in_arrays_and_composites(holder: &Holder) {
    let range = |lower: i32, upper: i32| Between(Included(lower), Excluded(upper));
    holder
        .check_literals::<Vec<Option<Range<i32>>>>(
            "int4range[] NOT NULL",
            vec![
                ("'{}'", vec![]),
                (
                    r#"ARRAY['[1,3)', NULL, 'empty', '(,)']::int4range[]"#,
                    vec![
                        Some(range(1, 3)),
                        None,
                        Some(Empty),
                        Some(Between(Unbounded, Unbounded)),
                    ],
                ),
            ],
        )
        .await;
    holder
        .run("CREATE TYPE public.offer AS (during tstzrange, prices numrange[])")
        .await;
    let day = "2020-02-29T22:10:12.000001Z"
        .parse::<DateTime<Utc>>()
        .expect("it is a time");
    let price = |units, scale| Included(Decimal::new(units, scale));
    holder
        .check_literals::<Vec<Offer>>(
            "public.offer[] NOT NULL",
            vec![(
                "ARRAY[
                    ('[\"2020-03-01 03:55:12.000001+05:45\",)', ARRAY['[1.10,2]', '[3,3]']::numrange[]),
                    (NULL, '{}')
                ]::public.offer[]",
                vec![
                    Offer {
                        during: Some(Between(Included(day), Unbounded)),
                        prices: vec![
                            Between(price(110, 2), price(2, 0)),
                            Between(price(3, 0), price(3, 0)),
                        ],
                    },
                    Offer {
                        during: None,
                        prices: vec![],
                    },
                ],
            )],
        )
        .await;
    holder
        .check_refused::<Vec<Offer>>(
            "public.offer[] NOT NULL",
            &["ARRAY[(NULL, ARRAY['[0.12345678901234567890123456789,)']::numrange[])]::public.offer[]"],
        )
        .await;
}

async fn multiranges(holder: &Holder) {
    if holder.server_version().await < 140_000 {
        println!("not tested: before PostgreSQL 14 there is none");
        return;
    }
    let range = |lower: i32, upper: i32| Between(Included(lower), Excluded(upper));
    holder
        .check_literals::<Multirange<i32>>(
            "int4multirange NOT NULL",
            vec![
                ("'{}'", Multirange(vec![])),
                (
                    "'{[5,7), (,-1], [1,3), [2,4)}'",
                    Multirange(vec![
                        Between(Unbounded, Excluded(0)),
                        range(1, 4),
                        range(5, 7),
                    ]),
                ),
            ],
        )
        .await;
    holder
        .check_literals::<Vec<Option<Multirange<Decimal>>>>(
            "nummultirange[] NOT NULL",
            vec![(
                "ARRAY['{[1.10,1.10]}', NULL, '{}']::nummultirange[]",
                vec![
                    Some(Multirange(vec![Between(
                        Included(Decimal::new(110, 2)),
                        Included(Decimal::new(110, 2)),
                    )])),
                    None,
                    Some(Multirange(vec![])),
                ],
            )],
        )
        .await;
    holder
        .check_refused::<Multirange<Decimal>>(
            "nummultirange NOT NULL",
            &["'{[1,2],[3,3.12345678901234567890123456789]}'"],
        )
        .await;
    holder
        .check_literals::<Option<Multirange<NaiveDate>>>(
            "datemultirange",
            vec![
                ("NULL", None),
                (
                    "'{[2020-02-29,)}'",
                    NaiveDate::from_ymd_opt(2020, 2, 29)
                        .map(|day| Multirange(vec![Between(Included(day), Unbounded)])),
                ),
            ],
        )
        .await;
}
