//! The plans of a trigger's statements, which run in the writer's.

use super::{ITEMS, Item};
use aurora_trigger_gen::describe::{Delivery, OnFailure};
use aurora_trigger_gen::{ChangeStream, StreamTrigger};
use pipeline_tests::{Notices, Only, Pipeline};

/// The plan of the one statement that holds the text.
fn only_plan(notices: &Notices, text: &str) -> String {
    let plans: Vec<String> = notices
        .take()
        .iter()
        .map(|notice| notice.message().to_owned())
        .filter(|plan| plan.contains(text))
        .collect();
    assert_eq!(plans.len(), 1, "{plans:?}");
    plans[0].clone()
}

const EXPLAIN: &str = "
    LOAD 'auto_explain';
    SET auto_explain.log_min_duration = 0;
    SET auto_explain.log_nested_statements = on;
    SET auto_explain.log_analyze = on;
    SET auto_explain.log_timing = off;
    SET jit = on;
    SET jit_above_cost = 0;";

/// A plan that is made for millions of rows, and kept, would be compiled for each single row.
#[tokio::test]
async fn no_statement_of_a_trigger_is_compiled() {
    let called = Item::TABLE
        .with_delivery(Delivery::Async)
        .with_on_failure(OnFailure::Outbox);
    for table in [
        Item::TABLE,
        Item::TABLE.with_when("true"),
        Item::TABLE.with_delivery(Delivery::Commit),
        called,
    ] {
        let pipeline = Pipeline::installed(ITEMS, &[&table]).await;
        let (session, notices) = pipeline.listening_session().await;
        super::run(&session, EXPLAIN).await;
        super::run(&session, "SET client_min_messages = log").await;
        for statement in [
            "INSERT INTO shop.items SELECT n, 'cup' FROM generate_series(1, 10) AS n",
            "UPDATE shop.items SET name = 'mug'",
            "DELETE FROM shop.items",
        ] {
            super::run(&session, statement).await;
            let plans: Vec<String> = notices
                .take()
                .iter()
                .map(|notice| notice.message().to_owned())
                .filter(|plan| plan.contains("_rows AS "))
                .collect();
            assert!(!plans.is_empty(), "{statement}");
            for plan in plans {
                assert!(!plan.contains("JIT:"), "{:?}: {plan}", table.delivery());
            }
        }
    }
}

/// The plan is made for what the first statements change, and then kept.
#[tokio::test]
async fn an_update_is_paired_by_a_join_that_stays_linear_and_is_not_compiled() {
    let pipeline = Pipeline::installed(ITEMS, Only::<Item>::TABLES).await;
    let (session, notices) = pipeline.listening_session().await;
    super::run(
        &session,
        "INSERT INTO shop.items SELECT n, 'cup' FROM generate_series(1, 20000) AS n",
    )
    .await;
    super::run(&session, EXPLAIN).await;
    for number in 0..10 {
        let update = format!("UPDATE shop.items SET name = 'mug {number}' WHERE id = 1");
        super::run(&session, &update).await;
    }
    super::run(&session, "SET client_min_messages = log").await;
    drop(notices.take());
    super::run(&session, "UPDATE shop.items SET name = name || '!'").await;
    let plan = only_plan(&notices, "INSERT INTO aurora_trigger.\"shop_items_queue_");
    assert!(plan.contains("Full Join"), "{plan}");
    assert!(!plan.contains("Nested Loop"), "{plan}");
    assert!(!plan.contains("JIT:"), "{plan}");

    super::drain_once(&session).await;
    let plan = only_plan(&notices, "pair_key");
    assert!(plan.contains("Full Join"), "{plan}");
    assert!(!plan.contains("Nested Loop"), "{plan}");
    assert!(!plan.contains("JIT:"), "{plan}");
}
