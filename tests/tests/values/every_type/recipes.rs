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

/// A word of a text search, in quotes.
fn word(letters: Letters) -> impl Strategy<Value = String> + Clone {
    letters
        .text(1..=8)
        .prop_filter("no word is empty", |word| !word.is_empty())
        .prop_map(|word| {
            let word = word.replace('\\', "\\\\").replace('\'', "''");
            format!("'{word}'")
        })
}

pub(super) fn words(letters: Letters) -> impl Strategy<Value = String> {
    let place = (1_u16..16_384, select(vec!["", "A", "B", "C"]));
    let entry = (word(letters), vec(place, 0..3)).prop_map(|(word, places)| {
        let places: Vec<String> = places
            .into_iter()
            .map(|(place, weight)| format!("{place}{weight}"))
            .collect();
        let colon = if places.is_empty() { "" } else { ":" };
        format!("{word}{colon}{}", places.join(","))
    });
    vec(entry, 0..4).prop_map(|entries| entries.join(" "))
}

pub(super) fn points() -> impl Strategy<Value = String> {
    (any_float8(), any_float8()).prop_map(|(x, y)| format!("({x:e},{y:e})"))
}

pub(super) fn endless_lines() -> impl Strategy<Value = String> {
    (any_float8(), any_float8()).prop_map(|(b, c)| format!("{{1,{b:e},{c:e}}}"))
}

pub(super) fn segments() -> impl Strategy<Value = String> {
    (points(), points()).prop_map(|(from, to)| format!("[{from},{to}]"))
}

pub(super) fn rectangles() -> impl Strategy<Value = String> {
    (points(), points()).prop_map(|(one, other)| format!("{one},{other}"))
}

pub(super) fn drawn_paths() -> impl Strategy<Value = String> {
    (vec(points(), 1..5), any::<bool>()).prop_map(|(points, is_open)| {
        let points = points.join(",");
        if is_open {
            format!("[{points}]")
        } else {
            format!("({points})")
        }
    })
}

pub(super) fn polygons() -> impl Strategy<Value = String> {
    vec(points(), 1..5).prop_map(|points| format!("({})", points.join(",")))
}

pub(super) fn circles() -> impl Strategy<Value = String> {
    (points(), any_float8()).prop_map(|(center, radius)| format!("<{center},{:e}>", radius.abs()))
}

pub(super) fn times_with_time_zone() -> impl Strategy<Value = String> {
    let microseconds = edges(
        0..=86_400_000_000_i64,
        [0, 1, 86_399_999_999, 86_400_000_000],
    );
    let minutes = edges(-15 * 60 - 59..=15 * 60 + 59_i32, [-959, -1, 0, 1, 345, 959]);
    (microseconds, minutes).prop_map(|(microseconds, minutes)| {
        let (seconds, microseconds) = (microseconds / 1_000_000, microseconds % 1_000_000);
        let sign = if minutes < 0 { '-' } else { '+' };
        let minutes = minutes.abs();
        format!(
            "{:02}:{:02}:{:02}.{microseconds:06}{sign}{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            minutes / 60,
            minutes % 60,
        )
    })
}

pub(super) fn log_positions() -> impl Strategy<Value = String> {
    (any::<u32>(), any::<u32>()).prop_map(|(file, offset)| format!("{file:X}/{offset:X}"))
}

pub(super) fn transactions() -> impl Strategy<Value = String> {
    any::<u32>().prop_map(|number| number.to_string())
}

pub(super) fn row_places() -> impl Strategy<Value = String> {
    (any::<u32>(), any::<u16>()).prop_map(|(block, offset)| format!("({block},{offset})"))
}

pub(super) fn queries(letters: Letters) -> impl Strategy<Value = String> {
    let not = select(vec!["", "!"]);
    let label = select(vec!["", ":A", ":*", ":BD*"]);
    let operand =
        (not, word(letters), label).prop_map(|(not, word, label)| format!("{not}{word}{label}"));
    let operator = select(vec![" & ", " | ", " <-> ", " <7> "]);
    (operand.clone(), vec((operator, operand), 0..3)).prop_map(|(first, rest)| {
        rest.into_iter().fold(first, |query, (operator, operand)| {
            query + operator + &operand
        })
    })
}

pub(super) fn json_paths(letters: Letters) -> impl Strategy<Value = String> {
    let key = letters.text(0..=8).prop_map(|key| {
        let key = serde_json::to_string(&key).expect("a text is JSON");
        format!(".{key}")
    });
    let step = prop_oneof![
        3 => key,
        1 => select(vec!["[*]", "[0 to last]", ".*", ".**", " ? (@ > 1.5e3)"]).prop_map(str::to_owned),
    ];
    (select(vec!["$", "strict $"]), vec(step, 0..4))
        .prop_map(|(start, steps)| start.to_owned() + &steps.concat())
}
