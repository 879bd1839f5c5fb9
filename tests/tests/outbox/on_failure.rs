//! `on_failure = "outbox"`: an asynchronous call that fails leaves its events in the outbox.

use aurora_trigger_gen::StreamTrigger;
use pipeline_tests::{Only, Pipeline, error_of};
use relay_lambda::local::{Fault, InvocationType};
use serde::Deserialize;
use tokio_postgres::Client;

use crate::{number, pending, run, start_with};

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.items",
    delivery = "async",
    on_failure = "outbox",
    ops = "insert, update, delete, truncate"
)]
struct AsyncItem {
    #[stream(key)]
    id: i32,
    name: String,
}

async fn start() -> (Pipeline, Client) {
    start_with::<Only<AsyncItem>>().await
}

#[tokio::test]
async fn a_call_that_works_leaves_nothing() {
    let (pipeline, session) = start().await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
    let calls = pipeline.take_calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].invocation_type, InvocationType::Event);
    assert_eq!(pending(&session).await, 0);
    // Nobody has counted that call, so the status doesn't say 0.
    let unknown = "SELECT count(*) FROM aurora_trigger.status
        WHERE calls IS NULL AND sent IS NULL AND refused IS NULL AND failed_calls = 0";
    assert_eq!(number(&session, unknown).await, 1);
}

#[tokio::test]
async fn a_call_that_fails_is_made_up_for_by_the_drain() {
    let (pipeline, session) = start().await;
    pipeline.endpoint().faults().fail_all(Fault::Throttle);
    run(
        &session,
        "INSERT INTO shop.items VALUES (1, 'a'), (2, 'b');
         UPDATE shop.items SET name = 'c' WHERE id = 1;
         UPDATE shop.items SET id = 3 WHERE id = 2;
         DELETE FROM shop.items WHERE id = 1;
         TRUNCATE shop.items;",
    )
    .await;
    assert_eq!(pending(&session).await, 7);
    let row = session
        .query_one(
            "SELECT count(*), min(sqlstate), min(message), min(detail) FROM aurora_trigger.failed_call
             WHERE caller = 'async' AND table_name = 'items'",
            &[],
        )
        .await
        .expect("it is one row");
    assert_eq!(row.get::<_, i64>(0), 5);
    for column in 1..4 {
        assert!(!row.get::<_, String>(column).is_empty());
    }
    pipeline.endpoint().faults().clear();
    pipeline.drain().await;
    let events = pipeline.take_events::<AsyncItem>();
    assert_eq!(events.len(), 7);
    assert_eq!(events[6], aurora_trigger_gen::ChangeEvent::Truncated);
}

#[tokio::test]
async fn after_three_failed_calls_a_statement_makes_no_more_and_loses_nothing() {
    let (pipeline, session) = start().await;
    let faults = pipeline.endpoint().faults();
    faults.fail_all(Fault::Throttle);
    run(
        &session,
        "INSERT INTO shop.items SELECT n, repeat('x', 20000) FROM generate_series(1, 100) AS n",
    )
    .await;
    assert_eq!(
        number(&session, "SELECT count(*) FROM aurora_trigger.failed_call").await,
        3
    );
    assert_eq!(pending(&session).await, 100);
}

/// The application asked for that: the statement is gone, and so is what was kept of it.
#[tokio::test]
async fn a_statement_that_times_out_in_a_call_fails_and_leaves_nothing() {
    let (pipeline, session) = start().await;
    pipeline.endpoint().faults().fail_next(1, Fault::TimeOut);
    run(&session, "SET statement_timeout = '500ms'").await;
    let error = error_of(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
    assert_eq!(error.code().code(), "57014", "{error:?}");
    assert_eq!(pending(&session).await, 0);
}

#[tokio::test]
async fn a_paused_table_makes_no_calls() {
    let (pipeline, session) = start().await;
    run(&session, "SELECT aurora_trigger.pause()").await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
    assert!(pipeline.take_calls().is_empty());
    assert_eq!(pending(&session).await, 1);
    run(&session, "SELECT aurora_trigger.resume('shop.items')").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<AsyncItem>().len(), 1);
}
