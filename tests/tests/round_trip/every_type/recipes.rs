//! What no Rust type stands for: the driver writes and reads its text, in a session that nobody has set anything in.

use aurora_trigger_gen::PgType;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::edges::{any_float8, edges};
use super::letters::Letters;

#[derive(Debug, Deserialize, PgType)]
#[stream(sql_type = "money", encoding = "text")]
#[expect(dead_code, reason = "compared as `Debug` shows it")]
pub(super) struct Money(String);

impl Money {
    /// As it is written in no country.
    pub(super) fn of(amount: Decimal) -> Self {
        let cents = amount.mantissa().unsigned_abs();
        let digits = (cents / 100).to_string();
        let groups: Vec<&str> = digits
            .as_bytes()
            .rchunks(3)
            .rev()
            .map(|group| str::from_utf8(group).expect("these are digits"))
            .collect();
        let sign = if amount.mantissa() < 0 { "-" } else { "" };
        Self(format!("{sign}${}.{:02}", groups.join(","), cents % 100))
    }
}

pub(super) fn money() -> impl Strategy<Value = Decimal> {
    edges(any::<i64>(), [i64::MIN, -100, -1, 0, 99, 100_000, i64::MAX])
        .prop_map(|cents| Decimal::new(cents, 2))
}

pub(super) fn paths() -> impl Strategy<Value = String> {
    let letters: Vec<char> = ('a'..='z')
        .chain('A'..='Z')
        .chain('0'..='9')
        .chain(['_'])
        .collect();
    let label = vec(select(letters), 1..6).prop_map(String::from_iter);
    vec(label, 0..4).prop_map(|labels| labels.join("."))
}

/// Content without a declaration.
pub(super) fn xml(letters: Letters) -> impl Strategy<Value = String> {
    let escaped = |text: String| -> String {
        text.chars()
            .filter(|letter| !letter.is_control() && !matches!(letter, '\u{fffe}' | '\u{ffff}'))
            .flat_map(|letter| match letter {
                '<' => "&lt;".chars().collect(),
                '&' => "&amp;".chars().collect(),
                '"' => "&quot;".chars().collect(),
                '>' => "&gt;".chars().collect(),
                other => vec![other],
            })
            .collect()
    };
    let text = || letters.text(0..=12).prop_map(escaped);
    prop_oneof![
        3 => (text(), text()).prop_map(|(value, inner)| format!("<a b=\"{value}\">{inner}</a>")),
        1 => text().prop_map(|text| format!("<a/>{text}<![CDATA[<&]]>")),
    ]
}

pub(super) fn words(letters: Letters) -> impl Strategy<Value = String> {
    let word = letters
        .text(1..=8)
        .prop_filter("no word is empty", |word| !word.is_empty());
    let place = (1_u16..16_384, select(vec!["", "A", "B", "C"]));
    let entry = (word, vec(place, 0..3)).prop_map(|(word, places)| {
        let word = word.replace('\\', "\\\\").replace('\'', "''");
        let places: Vec<String> = places
            .into_iter()
            .map(|(place, weight)| format!("{place}{weight}"))
            .collect();
        let colon = if places.is_empty() { "" } else { ":" };
        format!("'{word}'{colon}{}", places.join(","))
    });
    vec(entry, 0..4).prop_map(|entries| entries.join(" "))
}

pub(super) fn points() -> impl Strategy<Value = String> {
    (any_float8(), any_float8()).prop_map(|(x, y)| format!("({x:e},{y:e})"))
}
