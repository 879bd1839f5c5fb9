//! What a record holds.

use aurora_trigger_gen::wire::{Operation, Record};

use crate::{batch, places, records, relayed};

#[test]
fn every_event_becomes_a_record_in_the_order_of_the_payload() {
    let orders = batch(
        "orders",
        r#"{"seq":9,"op":"c","after":{"id":1,"note":null}},
        {"seq":4,"op":"u","before":{"id":1,"note":null},"after":{"id":1,"note":"x"}},
        {"seq":5,"op":"u","key":{"id":2},"oversized":true}"#,
    );
    let readings = batch(
        "readings",
        r#"{"seq":1,"op":"d","before":{"meter":null}},{"seq":2,"op":"t"}"#,
    );
    let relayed = relayed(&[orders, readings]);
    let key = |text: &str| Some(text.to_owned());
    assert_eq!(
        records(&relayed),
        [
            (9, Operation::Create, key(r#"{"id":1}"#)),
            (4, Operation::Update, key(r#"{"id":1}"#)),
            (5, Operation::Update, key(r#"{"id":2}"#)),
            (1, Operation::Delete, key(r#"{"meter":null}"#)),
            (2, Operation::Truncate, None),
        ]
    );
    assert_eq!(relayed.answer(), r#"{"accepted":5,"refused":[]}"#);
}

/// The envelope is put together from pieces: the pieces must be those of a record that serde writes.
#[test]
fn a_record_is_what_serde_would_have_written() {
    let hostile = r#"o\"}],\"-0\",\"fingerprint\":\"0\\\"]\"},\"op\":\"t"#;
    let event = r#"{"seq":18446744073709551615,"op":"c","after":{"id":1, "note":"\u00e9"}},
        {"seq":0,"op":"u","key":{"id":2},"oversized":true},
        {"seq":1000,"position":7,"op":"d","before":{"id":3, "note":null}},{"seq":10,"op":"t"}"#;
    let batch = batch("orders", event)
        .replace("\"shop\"", &format!("\"{hostile}\""))
        .replace("5d1c", hostile)
        .replace("9f3a6c1e", hostile);
    let relayed = relayed(&[batch]);
    assert_eq!(relayed.refused, []);
    for record in &relayed.records {
        let parsed = Record::parse(&record.data).expect("it is one");
        let written = serde_json::to_vec(&parsed).expect("a record is JSON");
        assert_eq!(
            String::from_utf8_lossy(&written),
            String::from_utf8_lossy(&record.data)
        );
    }
    let numbers = places(&relayed).into_iter().map(|(position, id, _)| {
        let seq = id.rsplit_once('-').map(|(_, seq)| seq.to_owned());
        (position, seq.expect("an id ends with the number"))
    });
    let expected = [
        (u64::MAX, u64::MAX.to_string()),
        (0, "0".to_owned()),
        (7, "1000".to_owned()),
        (10, "10".to_owned()),
    ];
    assert_eq!(numbers.collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_too_big_for_the_stream_goes_on_as_its_key_or_is_refused() {
    let long = "x".repeat(1 << 20);
    let order = format!(r#"{{"seq":1,"op":"c","after":{{"id":1,"note":"{long}"}}}}"#);
    let line =
        format!(r#"{{"seq":2,"op":"d","before":{{"text":"{long}","li\"ne":1,"order":"a"}}}}"#);
    let relayed = relayed(&[batch("orders", &order), batch("lines", &line)]);
    let record = Record::parse(&relayed.records[0].data).expect("it is one");
    assert!(record.oversized && record.after.is_none());
    assert_eq!(
        record.key.map(serde_json::value::RawValue::get),
        Some(r#"{"id":1}"#)
    );
    assert_eq!(relayed.refused[0].seq, Some(2));
    assert!(
        relayed.refused[0]
            .reason
            .contains("over the stream's limit of 1048576"),
        "{:?}",
        relayed.refused
    );
}
