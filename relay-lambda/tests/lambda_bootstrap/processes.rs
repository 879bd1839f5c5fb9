//! Which process serves a call, and what it is told.

use std::collections::BTreeSet;
use std::time::Duration;

use relay_lambda::local::LambdaEndpoint;
use rustix::process::{Pid, test_kill_process};
use serde_json::{Value, json};

use crate::LONG;
use crate::calls::{answer, send_event, session, sql};
use crate::endpoints::{bootstrap, logging, ran, start};
use crate::function::Meeting;
use crate::support::{Database, refusal, row};

#[tokio::test]
async fn one_process_serves_call_after_call() {
    let endpoint = start(bootstrap());
    let session = session(&endpoint).await;

    let first = answer(&session, json!({"do": "answer", "id": 42})).await;
    let second = answer(&session, json!({"do": "answer", "id": 43})).await;

    assert_eq!(first["got"], json!({"do": "answer", "id": 42}));
    assert_eq!(second["got"], json!({"do": "answer", "id": 43}));
    assert_eq!(first["pid"], second["pid"]);
    assert_ne!(first["request_id"], second["request_id"]);
    assert_eq!(endpoint.kill_environments(), 1);
}

#[tokio::test]
async fn a_process_knows_what_lambda_tells_it() {
    let endpoint = start(
        bootstrap()
            .env("STREAM_NAME", "changes")
            .memory_mb(256)
            .timeout(Duration::from_secs(20)),
    );
    let session = session(&endpoint).await;

    let payload = sql(
        &json!({"do": "answer"}),
        ", region => 'eu-central-1', qualifier => 'live', context =>
           '{\"custom\": {\"who\":\n\"Jürgen 🦀\"}}'",
    );
    let told = row(&session, &payload).await;

    let told: Value = serde_json::from_str(told.get(1)).expect("the answer is JSON");
    assert_eq!(
        told["arn"],
        "arn:aws:lambda:eu-central-1:123456789012:function:relay:live"
    );
    assert_eq!(told["custom"], json!({"who": "Jürgen 🦀"}));
    let left = told["left_ms"].as_i64().expect("it is a number");
    assert!((1..=20_000).contains(&left), "{left}");
    let names: BTreeSet<&str> = told["environment"]
        .as_object()
        .expect("it is a map")
        .keys()
        .map(String::as_str)
        .collect();
    let expected = [
        "AWS_DEFAULT_REGION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_FORMAT",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "LAMBDA_TASK_ROOT",
        "PATH",
        "STREAM_NAME",
        "TZ",
        "_HANDLER",
        // The Rust runtime sets this one itself.
        "_X_AMZN_TRACE_ID",
    ];
    assert_eq!(names, BTreeSet::from(expected));
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", "relay"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/relay"),
        ("AWS_REGION", "eu-central-1"),
        ("STREAM_NAME", "changes"),
    ] {
        assert_eq!(told["environment"][name], value, "{name}");
    }
}

#[tokio::test]
async fn calls_at_the_same_time_have_a_process_each_and_no_more_than_allowed() {
    let endpoint = LambdaEndpoint::builder()
        .concurrency(2)
        .start_bootstrap(bootstrap())
        .expect("a port is free, and the executable is there");
    let database = Database::with(&endpoint).await;
    let meeting = Meeting::open().await;
    let mut running = Vec::new();
    let mut visitors = Vec::new();
    for _ in 0..2 {
        let session = database.session().await;
        let call = sql(&meeting.payload(), "");
        running.push(tokio::spawn(async move { row(&session, &call).await }));
        visitors.push(meeting.visitor().await);
    }
    assert_ne!(visitors[0].pid, visitors[1].pid);
    let pids = BTreeSet::from_iter(visitors.iter().map(|visitor| visitor.pid));
    let session = database.session().await;

    let throttled = refusal(&session, &sql(&json!({"do": "answer"}), "")).await;
    // It waits until there is room, and has not been tried.
    send_event(&session, meeting.payload()).await;

    assert_eq!(throttled.message(), "invoke API failed");
    assert_eq!(
        throttled.detail(),
        Some("AWS Lambda client returned 'Rate Exceeded.'.")
    );
    visitors.pop().expect("there are two").tell("answer").await;
    let waited = meeting.visitor().await;
    assert!(pids.contains(&waited.pid));
    waited.tell("answer").await;
    visitors.pop().expect("there is one").tell("answer").await;
    for call in running {
        assert_eq!(call.await.expect("it is answered").get::<_, i32>(0), 200);
    }
    assert!(endpoint.wait_until_idle(LONG));
    assert_eq!(endpoint.failed_events(), []);
    assert_eq!(endpoint.kill_environments(), 2);
}

#[tokio::test]
async fn a_thousand_calls() {
    let (endpoint, lines) = logging(LambdaEndpoint::builder(), bootstrap());
    let session = session(&endpoint).await;

    let counted = row(
        &session,
        "SELECT count(*), count(DISTINCT called.payload ->> 'request_id'),
                count(DISTINCT called.payload ->> 'pid')
         FROM generate_series(1, 1000) AS number,
              aws_lambda.invoke('relay', json_build_object('do', 'answer', 'id', number)) AS called",
    )
    .await;
    let answered: [i64; 3] = [counted.get(0), counted.get(1), counted.get(2)];
    assert_eq!(answered, [1000, 1000, 1]);

    session
        .batch_execute(
            "SELECT aws_lambda.invoke('relay', '{\"do\": \"answer\"}'::json,
                                      invocation_type => 'Event')
             FROM generate_series(1, 1000)",
        )
        .await
        .expect("all of them are taken");

    assert!(endpoint.wait_until_idle(LONG));
    assert!((1..=10).contains(&endpoint.kill_environments()));
    drop(endpoint);
    assert_eq!(ran(&lines).len(), 2000);
}

/// The process has ended.
pub(crate) fn assert_gone(pid: &Value) {
    let raw = pid.as_i64().and_then(|pid| i32::try_from(pid).ok());
    let pid = raw.and_then(Pid::from_raw).expect("it is a process id");
    assert!(test_kill_process(pid).is_err(), "{pid:?} is still there");
}
