use aurora_trigger_gen::{Bytes, Float4, Float8, Oid};
use bigdecimal::BigDecimal;
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::holder::Entry::{LiteralArrives, LiteralIsRefused};
use crate::holder::{Holder, Row, Struct, arrive, in_every_session};
use crate::samples::{decimal, finite_f32, finite_f64, samples};

in_every_session!(
    integers,
    floats,
    digits_of_floats,
    floats_with_all_values,
    decimals,
    decimals_of_any_length,
    bytes,
    identifiers
);

async fn integers(holder: &Holder) {
    holder
        .check::<bool>("bool NOT NULL", arrive([true, false]))
        .await;
    let mut values = arrive(samples(any::<i16>()));
    values.extend(arrive([i16::MIN, -1, 0, i16::MAX]));
    holder.check::<i16>("int2 NOT NULL", values).await;
    let mut values = arrive(samples(any::<i32>()));
    values.extend(arrive([i32::MIN, -1, 0, i32::MAX]));
    holder.check::<i32>("int4 NOT NULL", values).await;
    let mut values = arrive(samples(any::<i64>()));
    values.extend(arrive([i64::MIN, (1 << 53) + 1, 0, i64::MAX]));
    holder.check::<i64>("int8 NOT NULL", values).await;
    let mut values = arrive(samples(any::<Option<i64>>()));
    values.push(LiteralArrives("NULL"));
    holder.check::<Option<i64>>("int8", values).await;

    let values = arrive([0, 1, 4_000_000_000, u32::MAX]);
    holder
        .check_as::<Row<Oid>, u32>("oid NOT NULL", values, Oid)
        .await;

    // Narrower columns fit, too.
    let values = || arrive([i16::MIN, 0, i16::MAX]);
    holder
        .check_as::<Row<i32>, i16>("int2 NOT NULL", values(), i32::from)
        .await;
    holder
        .check_as::<Row<i64>, i16>("int2 NOT NULL", values(), i64::from)
        .await;
    let values = arrive([i32::MIN, 0, i32::MAX]);
    holder
        .check_as::<Row<Box<i64>>, i32>("int4 NOT NULL", values, |value| Box::new(value.into()))
        .await;
}

async fn floats(holder: &Holder) {
    let mut values = arrive(samples(finite_f64()));
    values.extend(arrive([
        0.0,
        -0.0,
        0.1,
        1e22,
        1e23,
        1e300,
        f64::MIN,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        2_f64.powi(53) + 2.0,
        123_456_789.123_456_78,
    ]));
    values.extend(["'NaN'", "'Infinity'", "'-Infinity'"].map(LiteralIsRefused));
    holder.check::<f64>("float8 NOT NULL", values).await;
    let mut values = arrive(samples(finite_f32()));
    values.extend(arrive([
        0.0,
        -0.0,
        0.1,
        f32::MIN,
        f32::MAX,
        f32::MIN_POSITIVE,
        1e-45,
        16_777_217.0,
        7.038_531e-26,
    ]));
    values.extend(["'NaN'", "'Infinity'", "'-Infinity'"].map(LiteralIsRefused));
    holder.check::<f32>("float4 NOT NULL", values).await;
    let values = vec![LiteralArrives("NULL"), LiteralIsRefused("'NaN'")];
    holder.check::<Option<f64>>("float8", values).await;
}

/// More on the wire before 12, and the same numbers.
async fn digits_of_floats(holder: &Holder) {
    let (single, double) = if holder.server_version().await < 120_000 {
        ("0.100000001", "0.100000000000000006")
    } else {
        ("0.1", "0.1")
    };
    holder
        .make_table(Struct::of::<Row<f32>>(), "float4 NOT NULL")
        .await;
    sends_a_tenth_as(holder, single).await;
    holder
        .make_table(Struct::of::<Row<f64>>(), "float8 NOT NULL")
        .await;
    sends_a_tenth_as(holder, double).await;
}

async fn sends_a_tenth_as(holder: &Holder, sent: &str) {
    holder
        .execute("INSERT INTO public.holder VALUES (1, 0.1)")
        .await;
    let calls = holder.take_calls().await;
    let image = format!(r#"{{"id":1,"value":{sent}}}"#);
    assert!(calls[0].payload.contains(&image), "{}", calls[0].payload);
}

async fn floats_with_all_values(holder: &Holder) {
    let mut values = arrive(samples(any::<u64>().prop_map(f64::from_bits)));
    values.extend(arrive([
        0.0,
        -0.0,
        0.300_000_000_000_000_04,
        1e300,
        f64::MAX,
        5e-324,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ]));
    holder
        .check_as::<Row<Float8>, f64>("float8 NOT NULL", values, Float8)
        .await;
    let mut values = arrive(samples(any::<u32>().prop_map(f32::from_bits)));
    values.extend(arrive([
        0.0,
        -0.0,
        0.1,
        f32::MAX,
        1e-45,
        7.038_531e-26,
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
    ]));
    holder
        .check_as::<Row<Float4>, f32>("float4 NOT NULL", values, Float4)
        .await;
    let values = arrive([
        vec![],
        vec![Some(f64::NAN), None, Some(-0.0)],
        vec![Some(f64::NEG_INFINITY)],
    ]);
    holder
        .check_as::<Row<Vec<Option<Float8>>>, Vec<Option<f64>>>(
            "float8[] NOT NULL",
            values,
            |numbers| {
                numbers
                    .into_iter()
                    .map(|number| number.map(Float8))
                    .collect()
            },
        )
        .await;
}

async fn decimals(holder: &Holder) {
    let mut values = arrive(samples(decimal()));
    values.extend(arrive([
        Decimal::MAX,
        Decimal::MIN,
        Decimal::ZERO,
        Decimal::ONE,
        Decimal::new(110, 2),
        Decimal::new(-1, 28),
        Decimal::new(0, 28),
        Decimal::from_parts(u32::MAX, u32::MAX, u32::MAX, true, 28),
        Decimal::new(100_000, 0),
        Decimal::new(100_000_000, 4),
    ]));
    values.extend(["1e28", "0e-20", "1.10", "-0.00"].map(LiteralArrives));
    values.extend(
        [
            "'NaN'",
            // One more than Decimal::MAX, and one more digit behind the point than it takes.
            "79228162514264337593543950336",
            "0.12345678901234567890123456789",
            "1e29",
            "1e-29",
            "1e1000",
            "7.9228162514264337593543950336",
        ]
        .map(LiteralIsRefused),
    );
    holder.check::<Decimal>("numeric NOT NULL", values).await;
    let values = arrive([
        Some(Decimal::new(12_345, 2)),
        Some(Decimal::new(5, 1)),
        None,
    ]);
    holder
        .check::<Option<Decimal>>("numeric(12, 2)", values)
        .await;
}

async fn decimals_of_any_length(holder: &Holder) {
    let digits = (
        any::<bool>(),
        "[1-9][0-9]{0,60}",
        proptest::option::of("[0-9]{1,60}"),
    );
    let mut texts = samples(digits.prop_map(|(negative, whole, fraction)| {
        let sign = if negative { "-" } else { "" };
        let fraction = fraction.map_or(String::new(), |digits| format!(".{digits}"));
        format!("{sign}{whole}{fraction}")
    }));
    texts.extend(["0", "0.00", "1.10", "-0.5"].map(str::to_owned));
    // As long as they get: 131,072 digits before the point, and 16,383 behind it.
    texts.push("9".repeat(131_072) + "." + &"8".repeat(16_383));
    let literals = texts
        .iter()
        .map(|text| (&**text, text.parse::<BigDecimal>().expect("it is a number")))
        .collect();
    holder.check_literals("numeric NOT NULL", literals).await;
    let refused: &[&str] = if holder.server_version().await < 140_000 {
        &["'NaN'"]
    } else {
        &["'NaN'", "'Infinity'", "'-Infinity'"]
    };
    holder
        .check_refused::<BigDecimal>("numeric NOT NULL", refused)
        .await;
}

async fn bytes(holder: &Holder) {
    let mut values = arrive(samples(any::<Vec<u8>>()));
    values.extend(arrive([
        vec![],
        (0..=255).collect(),
        b"\\x00\\000''".to_vec(),
    ]));
    holder
        .check_as::<Row<Bytes>, Vec<u8>>("bytea NOT NULL", values, Bytes::from)
        .await;
    let values = arrive([None, Some(vec![0, 0x5c, 0xff])]);
    holder
        .check_as::<Row<Option<Bytes>>, Option<Vec<u8>>>("bytea", values, |value| {
            value.map(Bytes::from)
        })
        .await;
}

async fn identifiers(holder: &Holder) {
    let mut values = arrive(samples(any::<u128>().prop_map(Uuid::from_u128)));
    values.extend(arrive([Uuid::nil(), Uuid::max()]));
    holder.check::<Uuid>("uuid NOT NULL", values).await;
}
