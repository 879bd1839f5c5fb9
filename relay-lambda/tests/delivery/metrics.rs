//! The metrics of a call, and the lines that CloudWatch reads them from.

use aurora_trigger_gen::StreamTrigger;
use relay_lambda::local::KinesisFault;
use relay_lambda::{Handled, Metrics};
use serde_json::Value;

use crate::calls::{LONG, REJECTS, handle, with_shards};
use crate::shop::{Line, line, orders, payload};

/// By the specification of CloudWatch's embedded metric format.
fn assert_embedded_metrics(line: &str) -> Value {
    let line: Value = serde_json::from_str(line).expect("a line is a JSON object");
    assert!(line["_aws"]["Timestamp"].is_u64());
    let directives = line["_aws"]["CloudWatchMetrics"].as_array();
    for directive in directives.expect("there is a list of directives") {
        let namespace = directive["Namespace"].as_str().expect("it has one");
        assert!((1..=1024).contains(&namespace.len()));
        for set in directive["Dimensions"].as_array().expect("a list of sets") {
            let set = set.as_array().expect("a set is a list");
            assert!(set.len() <= 30);
            for dimension in set {
                let name = dimension.as_str().expect("a name");
                assert!(line[name].is_string(), "{name} in {line}");
            }
        }
        let metrics = directive["Metrics"].as_array().expect("a list of metrics");
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let name = metric["Name"].as_str().expect("a name");
            assert!(matches!(
                metric["Unit"].as_str(),
                Some("Count" | "Milliseconds")
            ));
            let values = &line[name];
            let of_numbers = values.as_array().is_some_and(|values| {
                (1..=100).contains(&values.len()) && values.iter().all(Value::is_number)
            });
            assert!(values.is_number() || of_numbers, "{name} in {line}");
        }
    }
    line
}

#[tokio::test]
async fn metrics_count_what_became_of_the_events() {
    let (kinesis, relay) = with_shards(2, &[("RELAY_REJECT_STREAM", REJECTS)]);
    kinesis.faults().fail_next(1, KinesisFault::Throttle);
    let mut events = orders(10, 10);
    events.push(r#"{"seq":11,"op":"c"}"#.to_owned());
    events.push(r#"{"seq":12,"op":"later"}"#.to_owned());
    let other = [line(13, "a", "b")];
    let payload = payload(
        "Event",
        &[("orders", &events), ("lines", &other), ("lines", &other)],
    )
    .replace(&Line::TABLE.fingerprint(), "9f3a6c1e");
    let Handled {
        answer, metrics, ..
    } = handle(&relay, &payload, LONG).await;
    assert_eq!(answer.as_deref(), Ok(r#"{"accepted":12}"#));
    let Metrics {
        received,
        written,
        refused,
        retried,
        ref put_latencies,
        oldest_event_ms,
        ref fingerprint_mismatches,
        ..
    } = metrics;
    assert_eq!((received, written, refused), (14, 12, 2));
    // The eleven keys' first changes were in the request that failed.
    assert_eq!(retried, 11);
    // That one, its second try, perhaps in parts, the second change of a line, the rejects.
    assert!(put_latencies.len() >= 4, "{put_latencies:?}");
    assert!(oldest_event_ms.is_some());
    assert_eq!(
        *fingerprint_mismatches,
        [("sales.lines".to_owned(), 2)].into()
    );

    let lines = metrics.to_lines("relay", true, 1_795_350_000_000);
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| assert_embedded_metrics(line))
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["EventsReceived"], 14);
    assert_eq!(lines[0]["EventsWritten"], 12);
    assert_eq!(lines[0]["EventsRefused"], 2);
    assert_eq!(lines[0]["EntriesRetried"], 11);
    assert_eq!(lines[0]["ColdStart"], 1);
    assert_eq!(lines[1]["Table"], "sales.lines");
    assert_eq!(lines[1]["FingerprintMismatch"], 2);
    // Without a request there is no latency, and a metric without a value would void the line.
    for line in Metrics::default().to_lines("relay", false, 0) {
        assert_embedded_metrics(&line);
    }
}

/// A drain of tables that fit no struct sends nothing else.
#[tokio::test]
async fn a_payload_without_events_is_a_metric_of_dead_letters() {
    let (kinesis, relay) = with_shards(1, &[]);
    let payload = r#"{"aurora_trigger":1,"invocation":"RequestResponse","partial":true,"dead_letters":7,"batches":[]}"#;
    let Handled {
        answer, metrics, ..
    } = handle(&relay, payload, LONG).await;
    assert_eq!(answer.as_deref(), Ok(r#"{"accepted":0,"refused":[]}"#));
    let [call] = &metrics.to_lines("relay", false, 1)[..] else {
        panic!("there is one line");
    };
    assert_eq!(assert_embedded_metrics(call)["DeadLetters"], 7);
    assert_eq!(kinesis.requests().requests, 0);

    // Who does not tell has no such metric.
    let silent = payload.replace(r#""dead_letters":7,"#, "");
    let metrics = handle(&relay, &silent, LONG).await.metrics;
    let [call] = &metrics.to_lines("relay", false, 1)[..] else {
        panic!("there is one line");
    };
    assert!(assert_embedded_metrics(call)["DeadLetters"].is_null());
}
