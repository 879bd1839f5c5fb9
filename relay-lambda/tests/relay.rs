//! What becomes of a payload: records for the stream, refusals with reasons, and the answer.

use aurora_trigger_gen::wire::{Operation, Record};
use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger};
use relay_lambda::{PayloadError, Refused, Relayed, relay};
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
    note: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "sales.readings",
    delivery = "async",
    key = "none",
    partition_by = "meter"
)]
struct Reading {
    meter: Option<i32>,
}

#[derive(Debug, ChangeStream)]
#[expect(dead_code, reason = "only decoded here")]
enum Shop {
    Order(Change<Order>),
    Reading(Change<Reading>),
}

fn batch(table: &str, events: &str) -> String {
    format!(
        r#"{{"source":{{"db":"shop","schema":"sales","table":"{table}","fingerprint":"9f3a6c1e","epoch":1,"txId":7,
        "ts_us":1000,"capture":"5d1c","snapshot":false}},"events":[{events}]}}"#
    )
}

fn payload(batches: &[String]) -> String {
    let batches = batches.join(",");
    format!(r#"{{"aurora_trigger":1,"invocation":"RequestResponse","batches":[{batches}]}}"#)
}

fn relayed(batches: &[String]) -> Relayed {
    relay::<Shop>(payload(batches).as_bytes(), 5).expect("it is a payload")
}

/// The number, the operation and the key of each record.
fn records(relayed: &Relayed) -> Vec<(u64, Operation, Option<String>)> {
    assert_eq!(relayed.accepted, relayed.records.len());
    relayed
        .records
        .iter()
        .map(|record| {
            Shop::decode(record).expect("the relay has read it");
            let record = Record::parse(record).expect("the relay has written it");
            assert_eq!((record.ts_ms, record.source.ts_ms), (5, 1));
            (
                record.source.sequence.seq,
                record.operation,
                record.key.map(|key| key.get().to_owned()),
            )
        })
        .collect()
}

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

#[test]
fn an_event_that_does_not_fit_is_refused_and_the_rest_goes_on() {
    let good = r#"{"seq":1,"op":"c","after":{"id":1,"note":null}}"#;
    let bad = [
        (
            r#"{"seq":2,"op":"c","after":{"id":"1","note":null}}"#,
            "expected i64",
        ),
        (
            r#"{"seq":3,"op":"c","after":{"note":null}}"#,
            "lacks the key column `id`",
        ),
        (r#"{"seq":4,"op":"c","after":[]}"#, "no JSON object"),
        (
            r#"{"seq":5,"op":"u","after":{"id":1,"note":null}}"#,
            "the before",
        ),
        (r#"{"seq":6,"op":"c"}"#, "it is missing"),
        (r#"{"seq":7,"op":"d","oversized":true}"#, "the key"),
        (
            r#"{"seq":8,"op":"u","before":{"id":1,"note":7},"after":{"id":1,"note":null}}"#,
            "the before",
        ),
    ];
    let last = r#"{"seq":99,"op":"d","before":{"id":1,"note":null}}"#;
    let events: Vec<&str> = std::iter::once(good)
        .chain(bad.iter().map(|(event, _)| *event))
        .chain([last])
        .collect();
    let relayed = relayed(&[batch("orders", &events.join(","))]);
    let kept: Vec<u64> = records(&relayed).iter().map(|(seq, ..)| *seq).collect();
    assert_eq!(kept, [1, 99]);
    for (refused, (seq, (_, expected))) in relayed.refused.iter().zip((2..).zip(&bad)) {
        assert_eq!(refused.seq, seq);
        assert!(refused.reason.contains(expected), "{refused:?}");
    }
    assert_eq!(relayed.refused.len(), bad.len());
}

#[test]
fn a_table_that_the_relay_does_not_know_is_refused_by_its_name() {
    let unknown = batch(
        "invoices",
        r#"{"seq":1,"op":"c","after":{"id":1}},{"seq":2,"op":"t"}"#,
    );
    let known = batch("orders", r#"{"seq":3,"op":"t"}"#);
    let relayed = relayed(&[unknown, known]);
    let reason = "this relay knows no table sales.invoices".to_owned();
    let refused = |seq| Refused {
        seq,
        reason: reason.clone(),
    };
    assert_eq!(relayed.refused, [refused(1), refused(2)]);
    assert_eq!(records(&relayed).len(), 1);
    assert_eq!(
        relayed.answer(),
        format!(
            r#"{{"accepted":1,"refused":[{{"seq":1,"reason":"{reason}"}},{{"seq":2,"reason":"{reason}"}}]}}"#
        )
    );
}

#[test]
fn a_payload_without_events_is_answered() {
    assert_eq!(relayed(&[]).answer(), r#"{"accepted":0,"refused":[]}"#);
    assert_eq!(relayed(&[batch("orders", "")]).accepted, 0);
}

#[test]
fn what_is_no_payload_is_an_error_of_the_call() {
    for text in [
        "",
        "[]",
        r#"{"body":"Hello from Postgres!"}"#,
        r#"{"aurora_trigger":1}"#,
    ] {
        let error = relay::<Shop>(text.as_bytes(), 0).expect_err("it is none");
        assert!(
            matches!(error, PayloadError::NotAPayload { .. }),
            "{error:?}"
        );
        assert!(
            error.to_string().starts_with("this is no payload: "),
            "{error}"
        );
    }
}

#[test]
fn another_version_of_the_format_says_which_relay_to_deploy() {
    let same_form = payload(&[batch("orders", r#"{"seq":1,"op":"t"}"#)])
        .replace(r#""aurora_trigger":1"#, r#""aurora_trigger":2"#);
    // What the next version looks like nobody knows.
    let other_forms = [
        r#"{"aurora_trigger":2}"#,
        r#"{"aurora_trigger":2,"invocation":"Later","batches":{"orders":[]}}"#,
        r#"{"events":[["c",1]],"aurora_trigger":2}"#,
    ];
    for text in std::iter::once(same_form.as_str()).chain(other_forms) {
        let error = relay::<Shop>(text.as_bytes(), 0).expect_err("it is of another version");
        assert_eq!(error, PayloadError::Version { found: 2 }, "{text}");
        let message = error.to_string();
        assert!(
            message.contains("version 2") && message.contains("version 1"),
            "{message}"
        );
    }
}
