//! The processes end with their endpoint.

use std::time::{Duration, Instant};

use relay_lambda::local::LambdaEndpoint;
use serde_json::json;

use crate::LONG;
use crate::calls::{answer, send_event, session};
use crate::endpoints::{bootstrap, logging};
use crate::function::Meeting;
use crate::processes::assert_gone;

#[tokio::test]
async fn the_end_is_polite_first() {
    let (endpoint, lines) = logging(LambdaEndpoint::builder(), bootstrap());
    let session = session(&endpoint).await;
    let pid = answer(&session, json!({"do": "answer"})).await["pid"].clone();

    drop(endpoint);

    assert_gone(&pid);
    let lines: Vec<String> = lines.try_iter().collect();
    assert_eq!(lines.last().map(String::as_str), Some("ended by SIGTERM"));
}

#[tokio::test]
async fn a_process_that_ignores_the_end_is_killed() {
    let grace = Duration::from_millis(100);
    let (endpoint, lines) = logging(LambdaEndpoint::builder(), bootstrap().shutdown_grace(grace));
    let session = session(&endpoint).await;
    let meeting = Meeting::open().await;
    send_event(&session, meeting.payload()).await;
    let visitor = meeting.visitor().await;
    let pid = visitor.pid;

    let started = Instant::now();
    drop(endpoint);

    let took = started.elapsed();
    assert!(took >= grace && took < LONG, "{took:?}");
    assert_gone(&json!(pid));
    assert!(!lines.try_iter().any(|line| line == "ended by SIGTERM"));
    drop(visitor);
}
