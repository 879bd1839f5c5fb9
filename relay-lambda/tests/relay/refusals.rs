//! Events that are refused, one by one, and the others go on.

use aurora_trigger_gen::StreamTrigger;
use relay_lambda::Refused;

use crate::{Order, batch, records, relayed};

#[test]
fn an_event_that_does_not_fit_is_refused_and_the_rest_goes_on() {
    let good = r#"{"seq":1,"op":"c","after":{"id":1,"note":null}}"#;
    let bad = [
        (
            r#"{"seq":2,"op":"c","after":{"id":"secret","note":null}}"#,
            "the after image: at `id`: invalid type, expected i64",
        ),
        (
            r#"{"seq":3,"op":"c","after":{"note":null}}"#,
            "the after image: missing field `id`",
        ),
        (
            r#"{"seq":4,"op":"c","after":[4,"secret"]}"#,
            "the image is no JSON object",
        ),
        (
            r#"{"seq":5,"op":"u","after":{"id":1,"note":null}}"#,
            "the before image is missing",
        ),
        (r#"{"seq":6,"op":"c"}"#, "the after image is missing"),
        (
            r#"{"seq":7,"op":"d","oversized":true}"#,
            "the key is missing",
        ),
        (
            r#"{"seq":8,"op":"u","before":{"id":1,"note":7},"after":{"id":1,"note":null}}"#,
            "the before image: at `note`: invalid type, expected a string",
        ),
        (
            r#"{"seq":9,"op":"d","before":{"id":1,"note":null},"after":{"id":1,"note":null}}"#,
            "the after image is there, and should not be",
        ),
        (
            r#"{"seq":10,"op":"t","key":{"id":1}}"#,
            "the key is there, and should not be",
        ),
        (
            r#"{"seq":11,"op":"u","key":{"note":"secret"},"oversized":true}"#,
            "the image lacks the key column `id`",
        ),
        // From here on not even the payload can be read in one go.
        (r#"{"seq":12,"op":"x"}"#, "unknown variant, expected one of"),
        (r#"{"seq":13,"op":"t","op":"t"}"#, "duplicate field `op`"),
        (r#"{"seq":14}"#, "missing field `op`"),
        (
            r#"{"seq":15,"op":"t","oversized":"secret"}"#,
            "invalid type, expected a boolean",
        ),
    ];
    let last = r#"{"seq":99,"op":"d","before":{"id":1,"note":null}}"#;
    let events: Vec<&str> = std::iter::once(good)
        .chain(bad.iter().map(|(event, _)| *event))
        .chain([last])
        .collect();
    let mut relayed = relayed(&[batch("orders", &events.join(","))]);
    let kept: Vec<u64> = records(&relayed).iter().map(|(seq, ..)| *seq).collect();
    assert_eq!(kept, [1, 99]);
    relayed.refused.sort_by_key(|refused| refused.seq);
    assert_eq!(relayed.refused.len(), bad.len());
    for (refused, (seq, (_, expected))) in relayed.refused.iter().zip((2..).zip(&bad)) {
        assert_eq!(refused.seq, Some(seq));
        assert!(refused.reason.contains(expected), "{refused:?}");
        assert!(!refused.reason.contains("secret"), "{refused:?}");
    }
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
    let refused: Vec<(Option<u64>, &str)> = relayed
        .refused
        .iter()
        .map(|Refused { seq, reason, .. }| (*seq, reason.as_str()))
        .collect();
    assert_eq!(refused, [(Some(1), &*reason), (Some(2), &*reason)]);
    assert_eq!(records(&relayed).len(), 1);
    assert_eq!(
        relayed.answer(),
        format!(
            r#"{{"accepted":1,"refused":[{{"seq":1,"reason":"{reason}"}},{{"seq":2,"reason":"{reason}"}}]}}"#
        )
    );
}

#[test]
fn a_table_of_an_endless_name_is_not_written_out_for_each_event() {
    let events = vec![r#"{"seq":1,"op":"t"}"#; 1000].join(",");
    let relayed = relayed(&[batch(&"é".repeat(100_000), &events)]);
    assert_eq!(relayed.refused.len(), 1000);
    assert!(
        relayed
            .refused
            .iter()
            .all(|refused| refused.reason.len() < 200)
    );
}

#[test]
fn a_batch_whose_source_is_wrong_takes_no_other_along() {
    let wrong =
        batch("orders", r#"{"seq":1,"op":"t"},{"op":"t"}"#).replace(r#""txId":7"#, r#""txId":-7"#);
    let right = batch("orders", r#"{"seq":3,"op":"t"}"#);
    let relayed = relayed(&[wrong, right]);
    assert_eq!(records(&relayed).len(), 1);
    let numbers: Vec<Option<u64>> = relayed.refused.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, [Some(1), None]);
    for refused in &relayed.refused {
        assert_eq!(
            refused.reason,
            "the source of its batch: invalid value, expected u64"
        );
    }
}

/// Of the same contract by its fingerprint, and yet with other keys: somebody lies.
#[test]
fn at_the_structs_fingerprint_the_keys_are_the_structs() {
    let fingerprint = Order::TABLE.fingerprint();
    let of_the_struct = |image: &str| {
        let event = format!(r#"{{"seq":1,"op":"c","after":{image}}}"#);
        relayed(&[batch("orders", &event).replace("9f3a6c1e", &fingerprint)])
    };
    assert_eq!(of_the_struct(r#"{"id":1,"note":null}"#).refused, []);
    for image in [
        r#"{"id":1}"#,
        r#"{"id":1,"note":null,"more":1}"#,
        r#"{"note":null,"id":1}"#,
    ] {
        let relayed = of_the_struct(image);
        assert!(relayed.refused[0].reason.contains("key"), "{relayed:?}");
    }
    // Of another contract they may differ, as long as the struct reads them.
    let newer = r#"{"seq":1,"op":"c","after":{"id":1,"note":null,"more":1}}"#;
    assert_eq!(relayed(&[batch("orders", newer)]).refused, []);
}
