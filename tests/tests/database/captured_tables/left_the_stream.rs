//! Structs that have left a stream.

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::Delivery;
use pipeline_tests::error_of;
use tokio_postgres::error::SqlState;

use super::{A, B, SCHEMA, created, functions, run, said, start, status, triggers};

#[tokio::test]
async fn a_struct_that_has_left_the_stream_is_named_and_removed_without_it() {
    let (pipeline, session) = start(&format!(
        "{SCHEMA} CREATE TABLE app.b (id bigint PRIMARY KEY)"
    ))
    .await;
    pipeline.install_tables(&[&A::TABLE, &B::TABLE]).await;
    for _ in 0..2 {
        assert_eq!(
            said(&pipeline, &[&B::TABLE]).await,
            ["WARNING: aurora_trigger: captured, but not in this file: app.a"]
        );
    }
    let waiting: i64 = session
        .query_one("SELECT aurora_trigger.stop_capture('App.A')", &[])
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
        .get(0);
    assert_eq!(waiting, 0);
    assert_eq!(
        functions(&session).await,
        [
            "app_b_delete",
            "app_b_insert",
            "app_b_to_json",
            "app_b_update"
        ]
    );
    assert_eq!(status(&session).await, ["app.b of database: captured"]);
    assert_eq!(said(&pipeline, &[&B::TABLE]).await, [""; 0]);
    run(
        &session,
        "INSERT INTO app.a VALUES (1); INSERT INTO app.b VALUES (1)",
    )
    .await;
    assert_eq!(pipeline.take_events::<B>(), [created(B { id: 1 })]);
    let refused = error_of(&session, "SELECT aurora_trigger.stop_capture('app.a')").await;
    assert_eq!(refused.message(), "aurora_trigger: app.a is not captured");
    assert_eq!(refused.hint(), Some("Captured are: app.b"));
    let refused = error_of(&session, "SELECT aurora_trigger.stop_capture('a')").await;
    assert!(
        refused
            .message()
            .contains("does not name a schema and a table"),
        "{refused:?}"
    );
}

/// The registration has what the drain needs to know of the table.
#[tokio::test]
async fn what_waits_of_a_table_that_is_no_longer_captured_is_sent() {
    let (pipeline, session) = start(SCHEMA).await;
    let table = A::TABLE.with_delivery(Delivery::Outbox);
    pipeline.install_tables(&[&table]).await;
    run(
        &session,
        "INSERT INTO app.a VALUES (1), (2); ALTER TABLE app.a RENAME TO a_old; DROP TABLE app.a_old",
    )
    .await;
    let stop = "SELECT aurora_trigger.stop_capture('app.a')";
    let waiting: i64 = session
        .query_one(stop, &[])
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
        .get(0);
    assert_eq!(waiting, 2);
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<A>().len(), 2);
    run(&session, stop).await;
    assert_eq!(status(&session).await, [""; 0]);
    assert_eq!(functions(&session).await, [""; 0]);
}

/// The table stays locked for as long as the removal of its triggers waits.
#[tokio::test]
async fn the_end_of_a_capture_does_not_wait_for_who_changes_its_registration() {
    let (pipeline, session) = start(SCHEMA).await;
    pipeline.install_tables(&[&A::TABLE]).await;
    let before = triggers(&session).await;
    let operator = pipeline.session().await;
    run(
        &operator,
        "BEGIN; UPDATE aurora_trigger.stream_table SET paused = true",
    )
    .await;
    let error = error_of(&session, "SELECT aurora_trigger.stop_capture('app.a')").await;
    assert_eq!(error.code(), &SqlState::LOCK_NOT_AVAILABLE, "{error:?}");
    assert_eq!(
        error.message(),
        "aurora_trigger: the registration of app.a is in use"
    );
    assert_eq!(triggers(&session).await, before);
    run(&operator, "ROLLBACK").await;
    run(&session, "SELECT aurora_trigger.stop_capture('app.a')").await;
    assert_eq!(triggers(&session).await, [""; 0]);
}
