//! Relay and consumer as they are deployed: the release binaries, between a database, a stream and Lambda.
#![cfg(unix)]

mod deadlines;
mod function;
mod payload;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use aurora_trigger_gen::wire::Record;
use aws_lambda_events::event::kinesis::{KinesisEvent, KinesisEventRecord};
use function::{
    Function, LONG, STREAM, configured, consumer, kinesis, landed, relay, with_configuration,
};
use payload::{MARKER, batch, batch_of, created, payload};
use pipeline_tests::tests_deployed;
use relay_lambda::local::{Bootstrap, Kinesis};
use serde_json::{Value, json};
use tokio_postgres::error::DbError;

/// The smoke test of the documentation.
const HELLO: &str = r#"{"body": "Hello from Postgres!"}"#;

/// The number, the customer and the identity of each record, in the order in which they came.
fn records(kinesis: &Kinesis) -> Vec<(u64, String, String)> {
    kinesis
        .records(STREAM)
        .iter()
        .map(|record| {
            let record = Record::parse(&record.data).expect("the relay writes records");
            let key = record.key.expect("they are of rows").get().to_owned();
            (record.source.sequence.seq, key, record.id.to_string())
        })
        .collect()
}

/// A call as the trigger makes it, again until it succeeds. Gives how often it failed because its process was killed.
async fn insist(function: &Function, payload: &str) -> usize {
    let mut killed = 0;
    for _ in 0..5 {
        match function.invoke("RequestResponse", payload).await {
            Ok((_, answer)) => {
                assert_eq!(answer.expect("it answers")["refused"], json!([]));
                return killed;
            }
            Err(error) => killed += usize::from(is_killed(&error)),
        }
        // Where there was no room, there is then.
        assert!(function.endpoint.wait_until_idle(LONG));
    }
    panic!("the call fails again and again: {payload}");
}

fn is_killed(error: &DbError) -> bool {
    let detail = error.detail().unwrap_or_default();
    detail.contains("Runtime.ExitError") && detail.contains("signal: killed")
}

#[tokio::test]
async fn calls_of_which_processes_are_killed_lose_nothing() {
    const EVENTS: u64 = 3;
    const CUSTOMERS: u64 = 20;
    let calls = if tests_deployed() { 1000 } else { 300 };
    let kinesis = kinesis();
    let function = Function::start(configured(&kinesis)).await;
    let mut synchronous = BTreeSet::new();
    let mut killed = 0;
    let mut killed_in_a_call = 0;
    let mut tries = 0;

    for call in 0..calls {
        let events: Vec<String> = (1..=EVENTS)
            .map(|event| EVENTS * call + event)
            .map(|seq| created(seq, seq * 7 % CUSTOMERS))
            .collect();
        let is_event = call % 4 == 3;
        let name = if is_event { "Event" } else { "RequestResponse" };
        let payload = payload(name, &[batch(&events)]);
        if !is_event {
            synchronous.extend(EVENTS * call + 1..=EVENTS * (call + 1));
        }
        // Its records have landed, but the process does not know it yet: then it is killed.
        let dies = call % 50 == 20 || call % 50 == 43;
        if call % 50 == 5 {
            killed += function.endpoint.kill_environments();
        }
        if !dies {
            if is_event {
                function.send(&payload).await;
            } else {
                insist(&function, &payload).await;
            }
            continue;
        }
        tries += 1;
        assert!(function.endpoint.wait_until_idle(LONG));
        let before = kinesis.records(STREAM).len();
        kinesis.faults().delay_next(1, LONG);
        let kill = async {
            landed(&kinesis, before + 1).await;
            function.endpoint.kill_environments()
        };
        if is_event {
            function.send(&payload).await;
            killed += kill.await;
            killed_in_a_call += 1;
        } else {
            let (failed, gone) = tokio::join!(insist(&function, &payload), kill);
            killed += gone;
            killed_in_a_call += failed;
        }
    }
    assert!(function.endpoint.wait_until_idle(LONG));

    assert_eq!(function.endpoint.failed_events(), []);
    // A call that somebody waits for gives up after two seconds, which a busy machine may take.
    assert!(
        killed_in_a_call >= tries / 2,
        "{killed_in_a_call} of {tries}"
    );
    assert!(killed > killed_in_a_call, "{killed}");
    let records = records(&kinesis);
    let mut first = BTreeMap::new();
    let mut order: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (seq, customer, id) in &records {
        if first.insert(id, *seq).is_none() && synchronous.contains(seq) {
            order.entry(customer).or_default().push(*seq);
        }
    }
    let there: BTreeSet<u64> = first.values().copied().collect();
    assert_eq!(there, (1..=EVENTS * calls).collect());
    assert_eq!(first.len(), there.len(), "an event has one id");
    for (customer, order) in order {
        assert!(order.is_sorted(), "{customer}: {order:?}");
    }
    let duplicates = records.len() - first.len();
    eprintln!("{killed} processes were killed; {duplicates} records are duplicates");
    assert!(duplicates >= killed_in_a_call);
}

#[tokio::test]
async fn without_configuration_it_says_all_that_is_missing_at_once() {
    let bootstrap = Bootstrap::new(relay()).env("RELAY_MAX_RECORD_KIB", "1 MiB");
    let function = Function::start(bootstrap).await;

    let error = function
        .invoke("RequestResponse", HELLO)
        .await
        .expect_err("it can't start");

    assert_eq!(error.message(), "lambda invocation failed");
    let detail = error.detail().unwrap_or_default();
    assert!(
        detail.contains("Runtime exited with error: exit status 1"),
        "{detail}"
    );
    let lines = function.end();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line: Value = serde_json::from_str(&lines[0]).expect("the log holds JSON");
    assert_eq!(line["level"], "ERROR");
    assert_eq!(
        line["message"],
        "the relay is not configured: RELAY_STREAM is missing: set it to the name or ARN of the stream; \
         RELAY_MAX_RECORD_KIB is `1 MiB`, which is no number from 1024 to 10240; \
         AWS_ACCESS_KEY_ID is missing, which Lambda sets; \
         AWS_SECRET_ACCESS_KEY is missing, which Lambda sets"
    );
}

#[tokio::test]
async fn the_log_is_json_and_says_what_runs_and_nothing_of_the_rows() {
    let kinesis = kinesis();
    let function = Function::start(configured(&kinesis).env("AWS_LAMBDA_LOG_LEVEL", "TRACE")).await;
    let misfit = created(2, 2).replace("retail", MARKER);
    let refused = created(3, 3).replace(r#""op":"c""#, &format!(r#""op":"{MARKER}""#));
    let batches = [
        batch(&[created(1, 1), misfit, refused]),
        batch_of("refunds", &[created(4, 4)]),
    ];

    let answer = function
        .answer(&payload("RequestResponse", &batches))
        .await
        .to_string();
    // There is no stream for the refused, so it fails.
    function.send(&payload("Event", &batches)).await;
    let no_payload = function
        .invoke(
            "RequestResponse",
            &format!(r#"{{"aurora_trigger":"{MARKER}"}}"#),
        )
        .await
        .expect_err("it is no payload");
    assert!(function.endpoint.wait_until_idle(LONG));
    kinesis
        .faults()
        .fail_all(relay_lambda::local::KinesisFault::InternalFailure);
    let undelivered = function
        .invoke(
            "RequestResponse",
            &payload("RequestResponse", &[batch(&[created(5, 1)])]),
        )
        .await
        .expect_err("the stream takes nothing");
    let failed = function.endpoint.failed_events();
    let lines = function.end();

    assert_eq!(failed.len(), 1);
    assert!(answer.starts_with(r#"{"accepted":1,"#), "{answer}");
    let told = [
        answer,
        format!("{:?}", failed[0].error),
        format!("{no_payload:?}"),
        format!("{undelivered:?}"),
    ];
    for text in lines.iter().chain(&told) {
        assert!(!text.contains(MARKER), "{text}");
    }
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    assert_eq!(lines[0]["message"], "the relay starts");
    assert_eq!(lines[0]["version"], env!("CARGO_PKG_VERSION"));
    // Only who deploys by mistake what was built for development gets that.
    assert_eq!(lines[0]["featureLocal"], !tests_deployed());
    assert_eq!(lines[0]["stream"], STREAM);
    let metrics: Vec<&Value> = lines
        .iter()
        .filter(|line| line["_aws"].is_object())
        .collect();
    assert_eq!(metrics[0]["EventsReceived"], 4);
    assert_eq!(metrics[0]["EventsWritten"], 1);
    assert_eq!(metrics[0]["EventsRefused"], 3);
    assert_eq!(metrics[0]["ColdStart"], 1);
    let errors = lines.iter().filter(|line| line["level"] == "ERROR");
    // Three tries of the one that nobody waits for, and one each of the others.
    assert_eq!(errors.count(), 5);
}

#[tokio::test]
async fn a_sigterm_ends_it_after_the_call_that_it_is_at() {
    // Tells which process it is and how that ended.
    const WATCH: &str =
        r#""$0" & child=$!; echo "{\"pid\":$child}"; wait $child; echo "{\"status\":$?}""#;
    let kinesis = kinesis();
    let watched = Bootstrap::new("/bin/sh").arg("-c").arg(WATCH).arg(relay());
    let function = Function::start(with_configuration(watched, &kinesis)).await;
    let call = payload("Event", &[batch(&[created(1, 1)])]);

    // The answer of the stream comes when the signal has come.
    kinesis
        .faults()
        .delay_next(1, std::time::Duration::from_secs(2));
    function.send(&call).await;
    landed(&kinesis, 1).await;
    let pid: Value = serde_json::from_str(&function.line()).expect("it says its number");
    let sent = Command::new("/bin/sh")
        .args(["-c", &format!("kill -TERM {}", pid["pid"])])
        .status()
        .expect("there is a shell");
    assert!(sent.success());

    assert!(function.endpoint.wait_until_idle(LONG));
    assert_eq!(function.endpoint.failed_events(), []);
    assert_eq!(kinesis.records(STREAM).len(), 1, "it was called once");
    let mut lines: Vec<Value> = Vec::new();
    // To end the function would end the shell, too, which may have a line to write yet.
    while lines.last().is_none_or(|line| line["status"].is_null()) {
        let line = function.line();
        lines.push(serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}")));
    }
    let end = lines.len() - 3;
    assert_eq!(lines[end]["EventsWritten"], 1, "{lines:?}");
    assert_eq!(lines[end + 1]["message"], "the relay ends");
    assert_eq!(lines[end + 2], json!({"status": 0}));
}

#[tokio::test]
async fn what_is_only_tried_writes_nothing() {
    let kinesis = kinesis();
    let function = Function::start(configured(&kinesis)).await;
    let dry_run = payload(
        "RequestResponse",
        &[
            batch(&[created(1, 1)]),
            batch_of("refunds", &[created(2, 2)]),
        ],
    );
    let dry_run = dry_run.replacen('{', r#"{"dry_run":true,"#, 1);

    let permitted = function.invoke("DryRun", &dry_run).await;
    assert_eq!(permitted.expect("it may be called"), (204, None));
    assert_eq!(function.endpoint.kill_environments(), 0);
    let smoke_test = function.answer(HELLO).await;
    let answer = function.answer(&dry_run).await;

    assert_eq!(
        smoke_test,
        json!({
            "relay": "aurora-trigger",
            "version": env!("CARGO_PKG_VERSION"),
            "stream": STREAM,
            "tables": [
                "sales.customers", "sales.orders", "sales.order_items", "public.testing_rds_trigger",
            ],
        })
    );
    assert_eq!(answer["accepted"], 1);
    assert_eq!(answer["refused"][0]["seq"], 2);
    assert_eq!(kinesis.requests().requests, 0);
}

#[tokio::test]
async fn the_consumer_takes_what_the_relay_wrote_and_names_what_it_can_not_read() {
    let kinesis = kinesis();
    let function = Function::start(configured(&kinesis)).await;
    let events: Vec<String> = (1..=3).map(|seq| created(seq, seq)).collect();
    function
        .answer(&payload("RequestResponse", &[batch(&events)]))
        .await;
    let mut event = KinesisEvent::default();
    for record in kinesis.records(STREAM) {
        let mut handed = KinesisEventRecord::default();
        *handed.kinesis.data = record.data;
        handed.kinesis.sequence_number = record.sequence_number;
        event.records.push(handed);
    }
    let good = serde_json::to_string(&event).expect("an event is JSON");
    *event.records[1].kinesis.data = format!(r#"{{"before":"{MARKER}"}}"#).into_bytes();
    let bad = serde_json::to_string(&event).expect("an event is JSON");

    let function = Function::start(Bootstrap::new(consumer()).timeout(LONG)).await;
    let failed = function.answer(&bad).await;
    let taken = function.answer(&good).await;

    let checkpoint = &event.records[1].kinesis.sequence_number;
    assert_eq!(
        failed,
        json!({"batchItemFailures": [{"itemIdentifier": checkpoint}]})
    );
    assert_eq!(taken, json!({"batchItemFailures": []}));
    let lines = function.end();
    let levels: Vec<Value> = lines
        .iter()
        .inspect(|line| assert!(!line.contains(MARKER), "{line}"))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .map(|line: Value| line["level"].clone())
        .collect();
    assert_eq!(levels, ["INFO", "ERROR", "INFO", "INFO"], "{lines:?}");
}
