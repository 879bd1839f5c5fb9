use std::borrow::Cow;

use aurora_trigger_gen::PgType;
use aurora_trigger_gen::describe::{ColumnDesc, Delivery, KeyDesc, TableDesc};
use aurora_trigger_gen::wire::{BatchSource, Event, Record, Sequence};
use serde_json::value::RawValue;
use serde_json::{Value, json};

const LINES: TableDesc = TableDesc::new(
    "Line",
    "sales",
    "lines",
    &[
        ColumnDesc::new("text", "text", "text", &String::TYPE),
        ColumnDesc::new("line", "line", "li\"ne", &i32::TYPE).with_key(),
        ColumnDesc::new("order", "order", "order", &String::TYPE).with_key(),
    ],
    KeyDesc::Columns,
    Delivery::Async,
);
const SPREAD: TableDesc = TableDesc::new(
    "Reading",
    "sales",
    "readings",
    &[
        ColumnDesc::new("at", "at", "at", &i64::TYPE),
        ColumnDesc::new("meter", "meter_id", "meter", &<Option<i32>>::TYPE),
    ],
    KeyDesc::PartitionBy(&["meter_id"]),
    Delivery::Async,
);

fn source() -> BatchSource<'static> {
    BatchSource {
        db: Cow::Borrowed("shop"),
        schema: Cow::Borrowed("sales"),
        table: Cow::Borrowed("lines"),
        fingerprint: Cow::Borrowed("9f3a6c1e"),
        epoch: 1,
        tx_id: 7451,
        ts_us: 1_795_350_000_123_456,
        capture: Cow::Borrowed("5d1c"),
        snapshot: false,
    }
}

fn event(text: &str) -> Event<'_> {
    serde_json::from_str(text).expect("it is an event")
}

fn written(source: &BatchSource<'_>, key: Option<&str>, event: &Event<'_>) -> String {
    let key: Option<&RawValue> = key.map(|key| serde_json::from_str(key).expect("it is JSON"));
    let record = Record::new(source, event, key, 1_795_350_000_999);
    serde_json::to_string(&record).expect("a record is JSON")
}

/// To the byte, but for the version.
#[test]
fn a_record_is_the_envelope_of_debezium_with_fields_of_ours() {
    let event = event(
        r#"{"seq":1042,"op":"u","before":{"order":"a","li\"ne": 1,"text":null},
            "after":{"text":"é","li\"ne":1.0e0,"order":"a"}}"#,
    );
    let expected = concat!(
        r#"{"before":{"order":"a","li\"ne": 1,"text":null},"after":{"text":"é","li\"ne":1.0e0,"order":"a"},"#,
        r#""source":{"version":""#,
        env!("CARGO_PKG_VERSION"),
        r#"","connector":"aurora-trigger","name":"shop","ts_ms":1795350000123,"ts_us":1795350000123456,"#,
        r#""snapshot":"false","db":"shop","schema":"sales","table":"lines","txId":7451,"#,
        r#""sequence":"[\"1\",\"1042\"]"},"op":"u","ts_ms":1795350000999,"#,
        r#""key":{"li\"ne":1.0e0,"order":"a"},"id":"5d1c-1042","fingerprint":"9f3a6c1e"}"#,
    );
    let key = r#"{"li\"ne":1.0e0,"order":"a"}"#;
    assert_eq!(written(&source(), Some(key), &event), expected);
}

#[test]
fn an_event_in_another_place_than_its_own_keeps_its_identity() {
    let moved = event(r#"{"seq":1043,"position":1042,"op":"t"}"#);
    let text = written(&source(), None, &moved);
    let record = Record::parse(text.as_bytes()).expect("it is one");
    let sequence = Sequence {
        epoch: 1,
        seq: 1042,
    };
    assert_eq!(
        (record.source.sequence, &*record.id),
        (sequence, "5d1c-1043")
    );
}

#[test]
fn a_record_without_images_has_nulls_in_their_place() {
    let truncate = event(r#"{"seq":1,"op":"t"}"#);
    let text = written(&source(), None, &truncate);
    assert!(
        text.starts_with(r#"{"before":null,"after":null,"#),
        "{text}"
    );
    assert!(text.contains(r#""key":null"#), "{text}");
    let oversized = event(r#"{"seq":2,"op":"d","key":{"id":42},"oversized":true}"#);
    let text = written(&source(), Some(r#"{"id":42}"#), &oversized);
    assert!(
        text.starts_with(r#"{"before":null,"after":null,"#),
        "{text}"
    );
    assert!(text.contains(r#""key":{"id":42}"#), "{text}");
    assert!(text.ends_with(r#","oversized":true}"#), "{text}");
}

#[test]
fn times_before_1970_are_rounded_down() {
    let mut source = source();
    source.ts_us = -1;
    source.snapshot = true;
    let event = event(r#"{"seq":1,"op":"t"}"#);
    let record = Record::new(&source, &event, None, 0);
    assert_eq!((record.source.ts_us, record.source.ts_ms), (-1, -1));
    assert_eq!(record.source.snapshot, "true");
}

fn record() -> Value {
    serde_json::from_str(&written(
        &source(),
        Some(r#"{"li\"ne":1,"order":"a"}"#),
        &event(r#"{"seq":1042,"op":"c","after":{"text":"x","li\"ne":1,"order":"a"}}"#),
    ))
    .expect("a record is JSON")
}

#[test]
fn a_newer_relay_can_add_fields_anywhere() {
    let mut value = record();
    value["transaction"] = json!({"id": "1", "total_order": 1});
    value["source"]["lsn"] = json!([1]);
    let text = value.to_string();
    let record = Record::parse(text.as_bytes()).expect("unknown fields are passed over");
    assert_eq!(record.id, "5d1c-1042");
    assert!(record.is_of(&LINES));
    assert!(!record.is_of(&SPREAD));
}

#[test]
fn a_record_that_lacks_a_field_or_has_one_twice_is_refused() {
    let refusal = |text: &str| {
        Record::parse(text.as_bytes())
            .expect_err("this is no record")
            .to_string()
    };
    for (place, names) in [
        ("", &["source", "op", "ts_ms", "id", "fingerprint"][..]),
        (
            "/source",
            &[
                "version",
                "connector",
                "name",
                "ts_ms",
                "ts_us",
                "snapshot",
                "db",
                "schema",
                "table",
                "txId",
                "sequence",
            ],
        ),
    ] {
        for name in names {
            let mut value = record();
            let object = value
                .pointer_mut(place)
                .and_then(Value::as_object_mut)
                .expect("the record has it");
            object.remove(*name).expect("the record has it");
            let refusal = refusal(&value.to_string());
            assert!(
                refusal.contains(&format!("missing field `{name}`")),
                "{refusal}"
            );
        }
    }
    let twice = record()
        .to_string()
        .replacen(r#""op":"c""#, r#""op":"c","op":"d""#, 1);
    assert!(refusal(&twice).contains("duplicate field `op`"));
}

#[test]
fn a_sequence_is_the_text_of_an_array_of_two_texts() {
    let sequence = Sequence {
        epoch: -2,
        seq: u64::MAX,
    };
    let text = r#""[\"-2\",\"18446744073709551615\"]""#;
    assert_eq!(
        serde_json::to_string(&sequence).expect("a text is JSON"),
        text
    );
    assert_eq!(
        serde_json::from_str::<Sequence>(text).expect("it is one"),
        sequence
    );
    // White space means nothing in JSON.
    let spaced: Sequence = serde_json::from_str(r#""[ \"1\" , \"2\" ]""#).expect("it is one");
    assert_eq!(spaced, Sequence { epoch: 1, seq: 2 });
    for wrong in [
        r#""""#,
        r#""[]""#,
        r#""[\"1\"]""#,
        r#""[\"1\",\"2\",\"3\"]""#,
        r#""[1,2]""#,
        r#""[null,\"2\"]""#,
        r#""[\"1\",\"-2\"]""#,
        r#""[\"1\",\"18446744073709551616\"]""#,
        r#""[\"one\",\"2\"]""#,
        r#"["1","2"]"#,
        "12",
        "null",
    ] {
        let error = serde_json::from_str::<Sequence>(wrong).expect_err("this is none");
        assert!(
            error.to_string().contains(r#"["1","1042"]"#),
            "{wrong}: {error}"
        );
    }
}

#[test]
fn the_epoch_comes_before_the_number() {
    let sequence = |epoch, seq| Sequence { epoch, seq };
    assert!(sequence(2, 1) > sequence(1, u64::MAX));
    assert!(sequence(1, 10) > sequence(1, 9));
}
