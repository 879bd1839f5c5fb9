//! Calls that write nothing, and one whose answer is what the relay says without a stream.

use aurora_trigger_gen::wire::Record;
use relay_lambda::{Refused, relay};
use serde_json::json;

use crate::calls::{LONG, REJECTS, STREAM, answer, handle, with_shards};
use crate::shop::{Shop, order, payload};

#[tokio::test]
async fn a_dry_run_checks_and_answers_and_writes_nothing() {
    let (kinesis, relay) = with_shards(1, &[("RELAY_REJECT_STREAM", REJECTS)]);
    for invocation in ["Event", "RequestResponse"] {
        let wrong = r#"{"seq":2,"op":"c"}"#.to_owned();
        let truncate = r#"{"seq":3,"op":"t"}"#.to_owned();
        let payload = payload(invocation, &[("orders", &[order(1, 1), wrong, truncate])]);
        let payload = payload.replacen('{', r#"{"dry_run":true,"#, 1);
        assert_eq!(
            answer(&relay, &payload).await,
            json!({"accepted": 2, "refused": [{"seq": 2, "reason": "the after image is missing"}]})
        );
    }
    assert_eq!(kinesis.requests().requests, 0);
}

#[tokio::test]
async fn the_smoke_test_says_what_the_relay_is() {
    let (kinesis, relay) = with_shards(1, &[]);
    assert_eq!(
        answer(&relay, r#"{"body":"Hello from Postgres!"}"#).await,
        json!({
            "relay": "aurora-trigger",
            "version": env!("CARGO_PKG_VERSION"),
            "tables": ["sales.orders", "sales.lines"],
            "stream": STREAM,
        })
    );
    assert_eq!(kinesis.requests().requests, 0);
}

/// What the function without a stream says is what the relay does.
#[tokio::test]
async fn the_records_are_those_of_relay() {
    let (kinesis, deployed) = with_shards(1, &[]);
    let events = [order(1, 1), order(2, 2), r#"{"seq":3,"op":"c"}"#.to_owned()];
    let payload = payload("RequestResponse", &[("orders", &events)]);
    let answered = handle(&deployed, &payload, LONG).await.answer;
    let stored = kinesis.records(STREAM);
    let first = Record::parse(&stored[0].data).expect("it is a record");
    let relayed = relay::<Shop>(payload.as_bytes(), first.ts_ms).expect("it is a payload");
    assert_eq!(answered, Ok(relayed.answer()));
    let refused: &[Refused] = &relayed.refused;
    assert_eq!(refused.len(), 1);
    for (stored, record) in stored.iter().zip(&relayed.records) {
        assert_eq!(stored.partition_key, record.partition_key);
        assert_eq!(stored.data, record.data);
    }
    assert_eq!(stored.len(), relayed.records.len());
}
