//! What is kept means what a call in the statement means: the same statements, in two databases.

use std::collections::BTreeMap;

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::{Delivery, Level, OnFailure, Operations, TableDesc, Unchanged};
use pipeline_tests::{Call, Pipeline};
use relay_lambda::local::Fault;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.goods", delivery = "outbox")]
#[expect(dead_code, reason = "only described")]
struct Good {
    #[stream(key)]
    shelf: i32,
    #[stream(key)]
    id: i32,
    name: Option<String>,
    #[stream(mask = "last4")]
    code: String,
    #[stream(skip)]
    #[serde(default)]
    note: Option<String>,
}

/// The same without a key.
#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.goods",
    delivery = "outbox",
    key = "none",
    partition_by = "name"
)]
#[expect(dead_code, reason = "only described")]
struct Keyless {
    name: Option<String>,
    code: String,
}

const GOODS: &str = "
    CREATE SCHEMA shop;
    CREATE TABLE shop.goods (
        shelf integer, id integer, name text, code text NOT NULL, note text, PRIMARY KEY (shelf, id)
    ) PARTITION BY LIST (shelf);
    CREATE TABLE shop.goods_1 PARTITION OF shop.goods FOR VALUES IN (1);
    CREATE TABLE shop.goods_2 PARTITION OF shop.goods FOR VALUES IN (2);
";

const STATEMENTS: [&str; 14] = [
    "INSERT INTO shop.goods SELECT 1 + n % 2, n, 'n' || n, 'code' || n, 'x' FROM generate_series(1, 1500) AS n",
    "UPDATE shop.goods SET name = 'other' WHERE id % 3 = 0",
    "UPDATE shop.goods SET note = 'unseen' WHERE id % 5 = 0",
    "UPDATE shop.goods SET name = name",
    // To another key, to another partition, from one key to that of a neighbour.
    "UPDATE shop.goods SET id = id + 5000 WHERE id < 100",
    "UPDATE shop.goods SET shelf = 3 - shelf WHERE id BETWEEN 200 AND 250",
    "UPDATE shop.goods SET id = -id WHERE id > 5000",
    "UPDATE shop.goods SET name = NULL WHERE id % 7 = 0",
    "UPDATE shop.goods SET name = 'hidden' WHERE id % 11 = 0",
    "UPDATE shop.goods SET name = 'shown' WHERE id % 22 = 0",
    "INSERT INTO shop.goods VALUES (1, 2, 'up', 'sert'), (2, 1, 'in', 'sert')
     ON CONFLICT (shelf, id) DO UPDATE SET name = excluded.name",
    "DELETE FROM shop.goods WHERE id % 4 = 0",
    "UPDATE shop.goods SET name = 'nobody' WHERE false",
    "TRUNCATE shop.goods",
];

/// The events of each row, as they were sent: by table and key, what happened, before and after.
fn by_row(calls: &[Call], key: &[&str]) -> BTreeMap<String, Vec<Value>> {
    let mut rows: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for call in calls {
        let payload: Value = serde_json::from_str(&call.payload).expect("it is JSON");
        for batch in payload["batches"].as_array().expect("it has batches") {
            for event in batch["events"].as_array().expect("it has events") {
                let image = if event["after"].is_null() {
                    &event["before"]
                } else {
                    &event["after"]
                };
                let row: Vec<&Value> = key.iter().map(|name| &image[name]).collect();
                rows.entry(format!("{row:?}"))
                    .or_default()
                    .push(serde_json::json!({
                        "op": event["op"],
                        "before": event["before"],
                        "after": event["after"],
                        "fingerprint": batch["source"]["fingerprint"],
                    }));
            }
        }
    }
    if key.len() == 1 {
        // Several rows have the same value, and a scan may find them in another order.
        for events in rows.values_mut() {
            events.sort_by_key(Value::to_string);
        }
    }
    rows
}

async fn assert_the_same(table: TableDesc, key: &[&str]) {
    let calls_fail = table.delivery() == Delivery::Async;
    let called = Pipeline::start().await;
    let kept = Pipeline::start().await;
    let tables = [
        table
            .with_delivery(Delivery::Async)
            .with_on_failure(OnFailure::Abort),
        table,
    ];
    for (pipeline, table) in [&called, &kept].into_iter().zip(&tables) {
        pipeline.run(GOODS).await;
        pipeline.install_tables(&[table]).await;
    }
    let mut total = 0;
    for statement in STATEMENTS {
        called.run(statement).await;
        if calls_fail {
            kept.endpoint().faults().fail_all(Fault::Throttle);
        }
        kept.run(statement).await;
        kept.endpoint().faults().clear();
        kept.drain().await;
        let expected = by_row(&called.take_calls(), key);
        total += expected.len();
        assert_eq!(by_row(&kept.take_calls(), key), expected, "{statement}");
    }
    assert!(total > 1500, "{total} rows are few");
}

const ALL: Operations = Operations {
    insert: true,
    update: true,
    delete: true,
    truncate: true,
};
const KEY: [&str; 2] = ["shelf", "id"];

#[tokio::test]
async fn by_statement() {
    assert_the_same(Good::TABLE.with_operations(ALL), &KEY).await;
}

#[tokio::test]
async fn by_row_and_in_its_partitions() {
    let operations = Operations {
        truncate: false,
        ..ALL
    };
    assert_the_same(
        Good::TABLE
            .with_level(Level::Row)
            .with_operations(operations),
        &KEY,
    )
    .await;
}

#[tokio::test]
async fn of_a_subset() {
    let table = Good::TABLE
        .with_operations(ALL)
        .with_when("name <> 'hidden' AND id <> 17");
    assert_the_same(table, &KEY).await;
}

#[tokio::test]
async fn of_a_subset_by_row() {
    let operations = Operations {
        truncate: false,
        ..ALL
    };
    let table = Good::TABLE
        .with_level(Level::Row)
        .with_operations(operations)
        .with_when("name <> 'hidden' AND id <> 17")
        .with_unchanged(Unchanged::Emit);
    assert_the_same(table, &KEY).await;
}

#[tokio::test]
async fn with_unchanged_rows() {
    let table = Good::TABLE
        .with_operations(ALL)
        .with_unchanged(Unchanged::Emit);
    assert_the_same(table, &KEY).await;
}

#[tokio::test]
async fn without_a_key() {
    assert_the_same(Keyless::TABLE.with_operations(ALL), &["name"]).await;
}

#[tokio::test]
async fn at_commit() {
    let table = Good::TABLE
        .with_operations(ALL)
        .with_delivery(Delivery::Commit);
    assert_the_same(table, &KEY).await;
}

/// All that an asynchronous call could not take.
#[tokio::test]
async fn after_a_call_that_failed() {
    let table = Good::TABLE
        .with_operations(ALL)
        .with_delivery(Delivery::Async)
        .with_on_failure(OnFailure::Outbox);
    assert_the_same(table, &KEY).await;
}
