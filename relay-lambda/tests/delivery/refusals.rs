//! Who hears of the events that the stream does not get.

use relay_lambda::CallError;
use serde_json::{Value, json};

use crate::calls::{LONG, REJECTS, STREAM, answer, failure, relay_at, with_shards};
use crate::limits::MIB;
use crate::shop::{line, order, payload};
use crate::stored::{numbers, seq};

#[tokio::test]
async fn a_synchronous_call_is_answered_with_what_was_accepted_and_what_was_refused() {
    let (kinesis, relay) = with_shards(2, &[("RELAY_REJECT_STREAM", REJECTS)]);
    let wrong = r#"{"seq":2,"op":"c","after":{"id":"x","note":null}}"#.to_owned();
    let payload = payload(
        "RequestResponse",
        &[("orders", &[order(1, 1), wrong, order(3, 1)])],
    );
    assert_eq!(
        answer(&relay, &payload).await,
        json!({
            "accepted": 2,
            "refused": [{"seq": 2, "reason": "the after image: at `id`: invalid type, expected i64"}],
        })
    );
    let numbers: Vec<u64> = kinesis.records(STREAM).iter().map(seq).collect();
    assert_eq!(numbers, [1, 3]);
    // The caller has the refusals: nobody else needs to keep them.
    assert_eq!(kinesis.records(REJECTS), []);
}

#[tokio::test]
async fn refusals_of_an_asynchronous_call_go_to_the_reject_stream() {
    let (kinesis, relay) = with_shards(2, &[("RELAY_REJECT_STREAM", REJECTS)]);
    let wrong = r#"{"seq":2,"op":"c","after":{"id":"x","note":null}}"#;
    let unread = r#"{"op":"later"}"#;
    let events = [
        order(1, 1),
        wrong.to_owned(),
        unread.to_owned(),
        order(3, 2),
    ];
    let payload = payload("Event", &[("orders", &events)]);
    assert_eq!(answer(&relay, &payload).await, json!({"accepted": 2}));
    assert_eq!(numbers(&kinesis.records(STREAM)), [1, 3].into());
    let rejects: Vec<Value> = kinesis
        .records(REJECTS)
        .iter()
        .map(|record| serde_json::from_slice(&record.data).expect("it is JSON"))
        .collect();
    let sent: Value = serde_json::from_str(&payload).expect("it is JSON");
    let source = &sent["batches"][0]["source"];
    let reject = |event: &str| {
        let event: Value = serde_json::from_str(event).expect("it is JSON");
        let found = rejects.iter().find(|reject| reject["event"] == event);
        found.expect("it is kept")
    };
    assert_eq!(rejects.len(), 2);
    assert_eq!(
        *reject(wrong),
        json!({
            "seq": 2,
            "reason": "the after image: at `id`: invalid type, expected i64",
            "source": source,
            "event": {"seq": 2, "op": "c", "after": {"id": "x", "note": null}},
        })
    );
    assert_eq!(reject(unread)["seq"], Value::Null);
    assert_eq!(reject(unread)["source"], *source);
}

#[tokio::test]
async fn without_a_reject_stream_a_refusal_fails_the_call_and_all_else_is_in_the_stream() {
    let (kinesis, relay) = with_shards(2, &[]);
    let wrong = r#"{"seq":2,"op":"c","after":{"id":"x","note":null}}"#.to_owned();
    let payload = payload("Event", &[("orders", &[order(1, 1), wrong, order(3, 2)])]);
    match failure(&relay, &payload, LONG).await {
        CallError::Refused { refused, .. } => {
            let numbers: Vec<Option<u64>> = refused.iter().map(|refused| refused.seq).collect();
            assert_eq!(numbers, [Some(2)]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(numbers(&kinesis.records(STREAM)), [1, 3].into());
}

/// Its payload is kept by whoever keeps those of failed calls.
#[tokio::test]
async fn a_refusal_that_the_reject_stream_can_not_hold_fails_the_call() {
    let (kinesis, relay) = with_shards(1, &[("RELAY_REJECT_STREAM", REJECTS)]);
    let lines = [line(1, "a", &"x".repeat(MIB)), line(2, "b", "y")];
    let too_big = payload("Event", &[("lines", &lines)]);
    let error = failure(&relay, &too_big, LONG).await;
    let CallError::Refused { refused, not_kept } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(refused[0].seq, Some(1));
    assert!(not_kept.contains("record limit"), "{not_kept}");
    assert!(refused[0].reason.contains("over the stream's limit"));
    assert_eq!(numbers(&kinesis.records(STREAM)), [2].into());
    assert_eq!(kinesis.records(REJECTS), []);
    // The same where the reject stream is not there.
    let relay = relay_at(&kinesis.endpoint_url(), &[("RELAY_REJECT_STREAM", "gone")]);
    let wrong = r#"{"seq":2,"op":"c"}"#.to_owned();
    let error = failure(&relay, &payload("Event", &[("orders", &[wrong])]), LONG).await;
    assert!(matches!(error, CallError::Refused { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("ResourceNotFoundException"), "{text}");
}
