//! A row is told by the values of its key, not by their names or spelling.

use aurora_trigger_gen::{Change, ChangeEvent, ChangeStream, Deduplicator, Effect, StreamTrigger};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::record::Record;
use crate::{HasSource, ROWS, given};

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.lines", delivery = "async")]
struct Line {
    #[stream(key)]
    #[serde(alias = "order_id")]
    order: String,
    #[stream(key, as = "i64")]
    #[serde(deserialize_with = "doubled")]
    number: i64,
    product: Option<String>,
}

/// A reading of its own, which the key has to use, too.
fn doubled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(2 * i64::deserialize(deserializer)?)
}

#[derive(Debug, PartialEq, ChangeStream)]
enum Lines {
    Line(Change<Line>),
}

impl HasSource for Lines {
    fn source(&self) -> &aurora_trigger_gen::Source {
        let Self::Line(change) = self;
        &change.source
    }
}

fn line(key: &str, seq: u64) -> Record {
    let row = json!({"order": "a", "number": 1, "product": null});
    let key: Box<serde_json::value::RawValue> = serde_json::from_str(key).expect("it is JSON");
    Record::created("lines", 0, seq)
        .with("/after", row)
        .with_key(&key)
}

#[test]
fn a_key_is_its_values_in_the_order_of_the_columns() {
    let spellings = [
        r#"{"order":"\u0061","number":1}"#,
        r#"{"number":1,"order":"a"}"#,
        r#"{"order_id":"a","number":1}"#,
        r#"{"order":"a","number":1}"#,
    ];
    for first in spellings {
        for second in spellings {
            let mut deduplicator = Deduplicator::<Lines>::new(ROWS);
            let records = [line(first, 2), line(second, 1)];
            assert_eq!(given(&mut deduplicator, records), [2], "{first} {second}");
        }
    }
    let mut deduplicator = Deduplicator::<Lines>::new(ROWS);
    let others = [
        r#"{"order":"a","number":2}"#,
        r#"{"order":"1","number":1}"#,
        r#"{"order":"a,1","number":1}"#,
        r#"{"place":"a","number":1}"#,
    ];
    let records = [line(spellings[0], 9)]
        .into_iter()
        .chain(others.iter().zip(1..).map(|(key, seq)| line(key, seq)));
    assert_eq!(given(&mut deduplicator, records), [9, 1, 2, 3, 4]);
}

#[test]
fn the_typed_key_is_read_as_the_fields_are() {
    let oversized = line(r#"{"order_id":"a","number":21}"#, 1)
        .with("/op", "u")
        .with("/after", serde_json::Value::Null)
        .oversized();
    let Lines::Line(change) = Lines::decode(&oversized.data()).expect("it can be read");
    let key = ("a".to_owned(), 42);
    assert_eq!(change.key(), Some(key.clone()));
    assert_eq!(change.effect(), Effect::Fetch(key.clone()));

    let deleted = oversized.with("/op", "d");
    let Lines::Line(change) = Lines::decode(&deleted.data()).expect("it can be read");
    assert_eq!(change.effect(), Effect::Delete(key));

    let Lines::Line(change) =
        Lines::decode(&line(r#"{"order":"a","number":1}"#, 1).data()).expect("it can be read");
    assert_eq!(change.key(), Some(("a".to_owned(), 2)));
    assert!(matches!(change.event, ChangeEvent::Created(_)));

    for (key, expected) in [
        (r#"{"order":"a"}"#, "at `number`: it is missing"),
        (r#"{"order":1,"number":1}"#, "at `order`: invalid type"),
    ] {
        let record = line(key, 1)
            .with("/after", serde_json::Value::Null)
            .oversized();
        let error = Lines::decode(&record.data()).expect_err("it is no key");
        assert!(error.without_values().contains(expected), "{error}");
    }
}
