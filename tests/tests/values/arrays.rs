use aurora_trigger_gen::{Bytes, Float8, Interval, MacAddress, MacAddress8, PgType};
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
    of_other_shapes,
    of_other_types
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

async fn of_other_types(holder: &Holder) {
    holder
        .check_literals::<Vec<Option<MacAddress>>>(
            "macaddr[] NOT NULL",
            vec![(
                "ARRAY['08:00:2b:01:02:03', NULL]::pg_catalog.macaddr[]",
                vec![Some(MacAddress([8, 0, 0x2b, 1, 2, 3])), None],
            )],
        )
        .await;
    holder
        .check_literals::<Vec<Vec<MacAddress8>>>(
            "macaddr8[] NOT NULL",
            vec![(
                "'{{08:00:2b:01:02:03:04:05}}'",
                vec![vec![MacAddress8([8, 0, 0x2b, 1, 2, 3, 4, 5])]],
            )],
        )
        .await;
    holder
        .check_literals::<Vec<Vec<i16>>>(
            "int2[] NOT NULL",
            vec![(
                "'[2:3][-1:0]={{-32768,0},{1,32767}}'",
                vec![vec![i16::MIN, 0], vec![1, i16::MAX]],
            )],
        )
        .await;
    holder
        .check_literals::<Vec<Vec<i64>>>(
            "int8[] NOT NULL",
            vec![(
                "'{{-9223372036854775808},{9223372036854775807}}'",
                vec![vec![i64::MIN], vec![i64::MAX]],
            )],
        )
        .await;
    holder
        .check_literals::<Vec<Vec<Option<Float8>>>>(
            "float8[] NOT NULL",
            vec![(
                "ARRAY[ARRAY['0.30000000000000004', '-0'], ARRAY['Infinity', NULL]]::pg_catalog.float8[]",
                vec![
                    vec![Some(Float8(0.1 + 0.2)), Some(Float8(-0.0))],
                    vec![Some(Float8(f64::INFINITY)), None],
                ],
            )],
        )
        .await;
    let date = |year| NaiveDate::from_ymd_opt(year, 1, 2).expect("a date");
    holder
        .check_literals::<Vec<Vec<Option<NaiveDate>>>>(
            "date[] NOT NULL",
            vec![(
                "ARRAY[ARRAY['1936-01-02', NULL], ARRAY['0001-01-02', '9999-01-02']]::pg_catalog.date[]",
                vec![
                    vec![Some(date(1936)), None],
                    vec![Some(date(1)), Some(date(9999))],
                ],
            )],
        )
        .await;
    holder
        .check_literals::<Vec<Vec<Option<Bytes>>>>(
            "bytea[] NOT NULL",
            vec![(
                r"ARRAY[ARRAY[decode('00ff', 'hex'), NULL, '']]",
                vec![vec![
                    Some(Bytes::from(vec![0, 255])),
                    None,
                    Some(Bytes::from(vec![])),
                ]],
            )],
        )
        .await;
    let interval = Interval {
        months: 1,
        days: -2,
        microseconds: 10_800_000_001,
    };
    holder
        .check_literals::<Vec<Vec<Option<Interval>>>>(
            "interval[] NOT NULL",
            vec![(
                "ARRAY[ARRAY[make_interval(0, 1, 0, -2, 3, 0, 0.000001), NULL]]",
                vec![vec![Some(interval), None]],
            )],
        )
        .await;
}
