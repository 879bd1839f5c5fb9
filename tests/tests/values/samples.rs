//! Random values, the same in every run, so that what fails once fails again.

use std::ops::RangeInclusive;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};

/// So many of each type.
const COUNT: usize = 40;

pub(crate) fn samples<S: Strategy>(strategy: S) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..COUNT)
        .map(|_| {
            strategy
                .new_tree(&mut runner)
                .expect("no strategy here gives up")
                .current()
        })
        .collect()
}

/// Any bits but those of NaN and the infinities.
pub(crate) fn finite_f64() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        // Few digits: what people write.
        (any::<i32>(), 0_i32..9).prop_map(|(digits, scale)| f64::from(digits) / 10_f64.powi(scale)),
    ]
    .prop_filter("finite", |number| number.is_finite())
}

pub(crate) fn finite_f32() -> impl Strategy<Value = f32> {
    any::<u32>()
        .prop_map(f32::from_bits)
        .prop_filter("finite", |number| number.is_finite())
}

/// Text with all that some step could take for its own: quotes, escapes, braces, separators, NULL, line ends, characters
/// outside of the first plane, and control characters.
pub(crate) fn text(length: RangeInclusive<usize>) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        proptest::char::any(),
        proptest::char::range('\u{1}', '\u{7f}'),
        proptest::sample::select(vec![
            '"',
            '\'',
            '\\',
            '{',
            '}',
            '(',
            ')',
            ',',
            '/',
            '%',
            '$',
            ' ',
            '\n',
            '\r',
            '\t',
            '\u{b}',
            '\u{7f}',
            '\u{85}',
            '\u{a0}',
            '\u{2028}',
            '\u{feff}',
            '\u{fffd}',
            '\u{ffff}',
            '\u{10ffff}',
            '🙂',
            'N',
            'U',
            'L',
        ]),
    ]
    .prop_filter("PostgreSQL has no NUL in text", |c| *c != '\0');
    proptest::collection::vec(character, length).prop_map(String::from_iter)
}

pub(crate) fn date() -> impl Strategy<Value = NaiveDate> {
    // 3,652,058 days later is the last day of 9999.
    (0_u64..=3_652_058).prop_map(|days| {
        NaiveDate::from_ymd_opt(1, 1, 1)
            .and_then(|first| first.checked_add_days(Days::new(days)))
            .expect("chrono goes further than 9999")
    })
}

pub(crate) fn time() -> impl Strategy<Value = NaiveTime> {
    let microsecond = prop_oneof![
        0_i64..86_400_000_000,
        (0_i64..86_400).prop_map(|second| second * 1_000_000),
        (0_i64..86_400_000).prop_map(|millisecond| millisecond * 1000),
    ];
    microsecond.prop_map(|microsecond| NaiveTime::MIN + TimeDelta::microseconds(microsecond))
}

pub(crate) fn timestamp() -> impl Strategy<Value = NaiveDateTime> {
    (date(), time()).prop_map(|(date, time)| date.and_time(time))
}

pub(crate) fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    timestamp().prop_map(|timestamp| timestamp.and_utc())
}

/// 96 bits of digits, and up to 28 of them behind the point.
pub(crate) fn decimal() -> impl Strategy<Value = Decimal> {
    let digits = prop_oneof![
        any::<(u32, u32, u32, bool)>(),
        any::<(u32, bool)>().prop_map(|(low, negative)| (low, 0, 0, negative)),
    ];
    (digits, 0_u32..=28).prop_map(|((low, middle, high, negative), scale)| {
        Decimal::from_parts(low, middle, high, negative, scale)
    })
}

/// JSON that `jsonb` takes, too.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    json_with(text(0..=8), text(0..=4))
}

/// The same with these texts and keys.
pub(crate) fn json_with(
    texts: impl Strategy<Value = String> + 'static,
    keys: impl Strategy<Value = String> + 'static,
) -> impl Strategy<Value = Value> {
    let keys = keys.boxed();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        finite_f64().prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::from)),
        texts.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((keys.clone(), inner), 0..4)
                .prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}
