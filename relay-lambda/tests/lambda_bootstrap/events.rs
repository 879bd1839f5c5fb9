//! Calls that nobody waits for: when they run, how often, and what becomes of those that fail.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use relay_lambda::local::{EventQueue, Fault, FunctionError, LambdaEndpoint};
use serde_json::json;

use crate::LONG;
use crate::calls::{answer, send_event, session, sql};
use crate::endpoints::{bootstrap, logging, ran, start};
use crate::function::Meeting;
use crate::support::{refusal, row};

#[tokio::test]
async fn an_event_runs_later_and_a_dry_run_never() {
    let (endpoint, lines) = logging(LambdaEndpoint::builder(), bootstrap());
    let session = session(&endpoint).await;
    let meeting = Meeting::open().await;

    let dry = row(
        &session,
        &sql(&meeting.payload(), ", invocation_type => 'DryRun'"),
    )
    .await;
    // It is answered while the function still runs.
    send_event(&session, meeting.payload()).await;
    let visitor = meeting.visitor().await;
    assert!(!endpoint.wait_until_idle(Duration::ZERO));
    let request_id = visitor.request_id.clone();
    visitor.tell("answer").await;

    assert_eq!(dry.get::<_, i32>(0), 204);
    assert!(endpoint.wait_until_idle(LONG));
    drop(endpoint);
    assert_eq!(ran(&lines), [request_id]);
}

#[tokio::test]
async fn an_event_that_fails_is_tried_three_times_and_then_kept() {
    let endpoint = start(bootstrap());
    let session = session(&endpoint).await;
    let meeting = Meeting::open().await;

    send_event(&session, meeting.payload()).await;
    let mut tries = Vec::new();
    for action in ["fail", "exit", "fail"] {
        let visitor = meeting.visitor().await;
        tries.push(visitor.request_id.clone());
        visitor.tell(action).await;
    }

    assert!(endpoint.wait_until_idle(LONG));
    let failed = endpoint.failed_events();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].attempts, 3);
    assert_eq!(
        failed[0].error,
        FunctionError::new("Broken", "as it was told")
    );
    assert_eq!(failed[0].invocation.payload, meeting.payload().to_string());
    let request_id = &failed[0].invocation.request_id;
    assert_eq!(tries, vec![request_id.clone(); 3]);

    // One that succeeds in the end is not kept.
    send_event(&session, meeting.payload()).await;
    meeting.visitor().await.tell("fail").await;
    meeting.visitor().await.tell("answer").await;

    assert!(endpoint.wait_until_idle(LONG));
    assert_eq!(endpoint.failed_events().len(), 1);
}

#[tokio::test]
async fn a_retry_comes_after_its_delay() {
    let delays = [Duration::from_millis(80), Duration::from_millis(160)];
    let (sender, tries) = mpsc::channel();
    let endpoint = LambdaEndpoint::builder()
        .queue(EventQueue::default().retry_delays(delays))
        .start(move |_| {
            sender.send(Instant::now())?;
            Err(FunctionError::new("Broken", "as always"))
        })
        .expect("a port is free");
    let session = session(&endpoint).await;

    send_event(&session, json!(1)).await;

    assert!(endpoint.wait_until_idle(LONG));
    let tries: Vec<Instant> = tries.try_iter().collect();
    assert_eq!(tries.len(), 3);
    assert!(tries[1] - tries[0] >= delays[0], "{tries:?}");
    assert!(tries[2] - tries[1] >= delays[1], "{tries:?}");
}

#[tokio::test]
async fn faults_meet_the_call_and_the_first_try() {
    let (endpoint, lines) = logging(
        LambdaEndpoint::builder().queue(EventQueue::default().retry_delays([])),
        bootstrap(),
    );
    let session = session(&endpoint).await;
    let event = sql(&json!({"do": "answer"}), ", invocation_type => 'Event'");
    session
        .batch_execute("SET aws_lambda.request_timeout_ms = 100")
        .await
        .expect("any setting with a dot can be set");

    endpoint.faults().fail_next(1, Fault::Throttle);
    refusal(&session, &event).await;
    endpoint.faults().fail_next(1, Fault::TimeOut);
    refusal(&session, &event).await;
    assert!(endpoint.wait_until_idle(Duration::ZERO));
    endpoint.faults().fail_next(1, Fault::LoseAnswer);
    refusal(&session, &event).await;
    assert!(endpoint.wait_until_idle(LONG));
    let broken = Fault::FunctionError(FunctionError::new("Broken", "as ordered"));
    endpoint.faults().fail_next(1, broken);
    send_event(&session, json!({"do": "answer"})).await;

    assert!(endpoint.wait_until_idle(LONG));
    let failed = endpoint.failed_events();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].attempts, 1);
    assert_eq!(failed[0].error, FunctionError::new("Broken", "as ordered"));
    drop(endpoint);
    // The one whose answer was lost.
    assert_eq!(ran(&lines).len(), 1);
}

#[tokio::test]
async fn an_event_may_come_twice() {
    let (endpoint, lines) = logging(LambdaEndpoint::builder(), bootstrap());
    let session = session(&endpoint).await;

    endpoint.deliver_next_twice(1);
    answer(&session, json!({"do": "answer"})).await;
    send_event(&session, json!({"do": "answer"})).await;
    send_event(&session, json!({"do": "answer"})).await;

    assert!(endpoint.wait_until_idle(LONG));
    drop(endpoint);
    let ran = ran(&lines);
    assert_eq!(ran.len(), 4);
    assert_eq!(BTreeSet::from_iter(ran).len(), 3);
}

#[tokio::test]
async fn a_closure_without_a_queue_gets_it_twice_before_the_answer() {
    let (sender, calls) = mpsc::channel();
    let endpoint = LambdaEndpoint::start(move |call| {
        sender.send(call.request_id.clone())?;
        Err(FunctionError::new("Broken", "as always"))
    })
    .expect("a port is free");
    let session = session(&endpoint).await;

    endpoint.deliver_next_twice(1);
    send_event(&session, json!(1)).await;

    let calls: Vec<String> = calls.try_iter().collect();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0], calls[1]);
    let failed = endpoint.failed_events();
    assert_eq!(failed.len(), 2);
    assert_eq!(failed[0].attempts, 1);
}
