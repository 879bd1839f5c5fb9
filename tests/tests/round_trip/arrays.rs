use aurora_trigger_gen::{Bytes, PgType};
use chrono::{DateTime, NaiveDate, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::holder::Entry::{LiteralArrives, LiteralIsRefused};
use crate::holder::{Holder, Row, arrive, in_every_session};
use crate::samples::{date, decimal, finite_f64, instant, json, samples, text};

in_every_session!(
    of_one_dimension,
    of_nulls,
    of_two_dimensions,
    of_other_shapes
);

async fn of_one_dimension(holder: &Holder) {
    let values = arrive(samples(vec(any::<i32>(), 0..5)));
    holder.check::<Vec<i32>>("int4[] NOT NULL", values).await;
    let values = arrive(samples(vec(finite_f64(), 0..5)));
    holder.check::<Vec<f64>>("float8[] NOT NULL", values).await;
    let values = arrive(samples(vec(text(0..=8), 0..5)));
    holder.check::<Vec<String>>("text[] NOT NULL", values).await;
    let values = arrive(samples(vec(decimal(), 0..5)));
    holder
        .check::<Vec<Decimal>>("numeric[] NOT NULL", values)
        .await;
    let values = arrive(samples(vec(date(), 0..5)));
    holder
        .check::<Vec<NaiveDate>>("date[] NOT NULL", values)
        .await;
    let values = arrive(samples(vec(instant(), 0..5)));
    holder
        .check::<Vec<DateTime<Utc>>>("timestamptz[] NOT NULL", values)
        .await;
    let values = arrive(samples(vec(any::<u128>().prop_map(Uuid::from_u128), 0..5)));
    holder.check::<Vec<Uuid>>("uuid[] NOT NULL", values).await;
    let values = arrive(samples(vec(json(), 0..5)));
    holder.check::<Vec<Value>>("jsonb[] NOT NULL", values).await;
    let values = arrive(samples(vec(any::<Vec<u8>>(), 0..5)));
    holder
        .check_as::<Row<Vec<Bytes>>, Vec<Vec<u8>>>("bytea[] NOT NULL", values, |bytes| {
            bytes.into_iter().map(Bytes::from).collect()
        })
        .await;
}

async fn of_nulls(holder: &Holder) {
    let values = arrive(samples(vec(any::<Option<bool>>(), 0..5)));
    holder
        .check::<Vec<Option<bool>>>("bool[] NOT NULL", values)
        .await;
    let mut values = arrive(samples(proptest::option::of(vec(
        proptest::option::of(text(0..=8)),
        0..5,
    ))));
    values.extend(arrive([
        None,
        Some(vec![]),
        Some(vec![None, Some("NULL".to_owned()), Some(String::new())]),
    ]));
    holder
        .check::<Option<Vec<Option<String>>>>("varchar[]", values)
        .await;
    let values = arrive(samples(vec(proptest::option::of(decimal()), 0..5)));
    holder
        .check::<Vec<Option<Decimal>>>("numeric[] NOT NULL", values)
        .await;
    // The struct takes none inside, and the catalogue can't say so.
    let values = vec![
        LiteralArrives("'{1}'"),
        LiteralArrives("'{}'"),
        LiteralIsRefused("ARRAY[1, NULL]"),
    ];
    holder.check::<Vec<i32>>("int4[] NOT NULL", values).await;
    let values = vec![
        LiteralIsRefused("ARRAY['NaN', 1]::numeric[]"),
        LiteralIsRefused("ARRAY[1, 0.12345678901234567890123456789]"),
    ];
    holder
        .check::<Vec<Decimal>>("numeric[] NOT NULL", values)
        .await;
    let values = vec![LiteralIsRefused("ARRAY['NaN']::float8[]")];
    holder.check::<Vec<f64>>("float8[] NOT NULL", values).await;
}

async fn of_two_dimensions(holder: &Holder) {
    holder
        .check_literals::<Vec<Vec<i32>>>(
            "int4[] NOT NULL",
            vec![
                ("'{{1,2},{3,4}}'", vec![vec![1, 2], vec![3, 4]]),
                ("'[2:2][7:9]={{-1,0,1}}'", vec![vec![-1, 0, 1]]),
                ("'{}'", vec![]),
            ],
        )
        .await;
    let text = |text: &str| Some(text.to_owned());
    holder
        .check_literals::<Vec<Vec<Option<String>>>>(
            "text[] NOT NULL",
            vec![(
                "ARRAY[['a', NULL], ['NULL', '{,}\"''']]",
                vec![vec![text("a"), None], vec![text("NULL"), text("{,}\"'")]],
            )],
        )
        .await;
    holder
        .check_literals::<Vec<Vec<Decimal>>>(
            "numeric[] NOT NULL",
            vec![(
                "'{{1.10},{-0.5}}'",
                vec![vec![Decimal::new(110, 2)], vec![Decimal::new(-5, 1)]],
            )],
        )
        .await;
    holder
        .run("CREATE TYPE public.side AS ENUM ('left', 'right, or so')")
        .await;
    holder
        .check_literals::<Vec<Vec<Option<Side>>>>(
            "public.side[] NOT NULL",
            vec![(
                "ARRAY[ARRAY['left', NULL], ARRAY[NULL, 'right, or so']]::public.side[]",
                vec![vec![Some(Side::Left), None], vec![None, Some(Side::Right)]],
            )],
        )
        .await;
}

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "public.side")]
enum Side {
    #[serde(rename = "left")]
    Left,
    #[serde(rename = "right, or so")]
    Right,
}

async fn of_other_shapes(holder: &Holder) {
    // Lower bounds are lost, here and in the driver.
    let values = vec![
        LiteralArrives("'[5:6]={1,2}'"),
        LiteralArrives("'[-1:0]={1,2}'"),
    ];
    holder.check::<Vec<i32>>("int4[] NOT NULL", values).await;
    let values = vec![LiteralIsRefused("'{{1,2},{3,4}}'")];
    holder.check::<Vec<i32>>("int4[] NOT NULL", values).await;
    let values = vec![LiteralIsRefused("'{{a,b}}'")];
    holder.check::<Vec<String>>("text[] NOT NULL", values).await;
}
