//! What must never leave the database: columns that are skipped or masked.

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::Level;
use pipeline_tests::{Call, Only, Pipeline, at_both_levels, events_in};
use serde::Deserialize;

use crate::capture::{created, deleted, updated};

at_both_levels!(
    hidden_values_are_nowhere_in_what_is_sent,
    short_and_missing_values_are_hidden_too,
    the_key_of_an_oversized_event_stays_hidden,
);

/// A customer of whom little is sent.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.customers", delivery = "async", on_failure = "abort")]
struct Customer {
    #[stream(key)]
    id: i32,
    #[stream(mask = "redact")]
    name: String,
    #[stream(mask = "redact")]
    nickname: Option<String>,
    #[stream(mask = "last4")]
    iban: Option<String>,
    #[stream(skip)]
    #[serde(default)]
    password: Option<String>,
    city: String,
}

const CUSTOMERS: &str = "
    CREATE TABLE customers (
        id integer PRIMARY KEY, name text NOT NULL, nickname text, iban text, password text, city text NOT NULL
    );
";

fn customer(id: i32, nickname: Option<&str>, iban: Option<&str>, city: &str) -> Customer {
    Customer {
        id,
        name: "***".to_owned(),
        nickname: nickname.map(str::to_owned),
        iban: iban.map(str::to_owned),
        password: None,
        city: city.to_owned(),
    }
}

fn assert_nowhere(calls: &[Call], secret: &str) {
    for call in calls {
        assert!(!call.payload.contains(secret), "{}", call.payload);
    }
}

async fn hidden_values_are_nowhere_in_what_is_sent(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Customer>>(level, CUSTOMERS).await;
    pipeline
        .run(
            "INSERT INTO customers VALUES (1, 'hidden-a', 'hidden-b', 'hidden-c1234', 'hidden-d', 'Rome');
             UPDATE customers SET city = 'Oslo', name = 'hidden-e', nickname = 'hidden-f',
                 iban = 'hidden-g5678', password = 'hidden-h';
             DELETE FROM customers",
        )
        .await;
    let calls = pipeline.take_calls();
    assert_nowhere(&calls, "hidden");
    assert_nowhere(&calls, "password");
    let first = customer(1, Some("***"), Some("***1234"), "Rome");
    let second = customer(1, Some("***"), Some("***5678"), "Oslo");
    assert_eq!(
        events_in(&calls),
        [
            created(first.clone()),
            updated(first, second.clone()),
            deleted(second),
        ]
    );
}

/// Of a short value, the last four would be all of it. A character is one, however many bytes it has.
async fn short_and_missing_values_are_hidden_too(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Customer>>(level, CUSTOMERS).await;
    let values = [
        ("NULL", None),
        ("''", Some("***")),
        ("'§'", Some("***")),
        ("'§§§§'", Some("***")),
        ("'§abcd'", Some("***abcd")),
        ("'§üé🙂\"'", Some("***üé🙂\"")),
        ("E'§\\n\\\\\\t\\''", Some("***\n\\\t'")),
    ];
    let rows: Vec<String> = values
        .iter()
        .zip(1..)
        .map(|((sql, _), id)| format!("({id}, '§', {sql}, {sql}, '§', 'Rome')"))
        .collect();
    pipeline
        .run(&format!(
            "INSERT INTO customers VALUES {}; DELETE FROM customers",
            rows.join(", ")
        ))
        .await;
    let calls = pipeline.take_calls();
    assert_nowhere(&calls, "§");
    let expected: Vec<Customer> = values
        .iter()
        .zip(1..)
        .map(|((_, masked), id)| customer(id, masked.map(|_| "***"), *masked, "Rome"))
        .collect();
    let events = expected
        .iter()
        .cloned()
        .map(created)
        .chain(expected.iter().cloned().map(deleted));
    assert_eq!(events_in(&calls), events.collect::<Vec<_>>());
}

/// A card, known by the end of its number.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.cards", delivery = "async", on_failure = "abort")]
struct Card {
    #[stream(key, mask = "last4")]
    number: String,
    #[stream(mask = "redact")]
    holder: String,
    picture: String,
}

async fn the_key_of_an_oversized_event_stays_hidden(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Card>>(
        level,
        "CREATE TABLE cards (number text PRIMARY KEY, holder text NOT NULL, picture text NOT NULL)",
    )
    .await;
    pipeline
        .run("INSERT INTO cards VALUES ('hidden-1234', 'hidden', repeat('x', 1100000))")
        .await;
    let calls = pipeline.take_calls();
    assert_nowhere(&calls, "hidden");
    let payload = calls[0].payload();
    let key = payload.batches[0].events[0].key.expect("it is too big");
    assert_eq!(key.get().replace(' ', ""), r#"{"number":"***1234"}"#);
}
