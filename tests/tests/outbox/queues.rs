//! The queue of a table is of a version of its struct, and a table has several while what was written under an older one
//! waits.

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::{Delivery, OnFailure, TableDesc};
use pipeline_tests::{Pipeline, texts};
use serde::Deserialize;
use tokio::time::{Duration, Instant};
use tokio_postgres::Client;

use crate::{ITEMS, Item, number, pending, run};

/// The same rows after a migration.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.items",
    delivery = "outbox",
    ops = "insert, update, delete, truncate"
)]
struct Noted {
    #[stream(key)]
    id: i32,
    name: String,
    note: Option<String>,
}

/// For each event that was sent, the contract and the image.
fn sent(pipeline: &Pipeline) -> Vec<(String, String)> {
    let mut sent: Vec<(String, String)> = pipeline
        .take_calls()
        .iter()
        .flat_map(|call| {
            let payload = call.payload();
            payload
                .batches
                .iter()
                .flat_map(|batch| {
                    batch.events.iter().map(|event| {
                        let image = event.after.expect("rows are only inserted").get();
                        (batch.source.fingerprint.to_string(), image.to_owned())
                    })
                })
                .collect::<Vec<_>>()
        })
        .collect();
    sent.sort_by(|one, other| one.1.cmp(&other.1));
    sent
}

async fn start() -> (Pipeline, Client) {
    let pipeline = Pipeline::installed(ITEMS, &[&Item::TABLE]).await;
    let session = pipeline.session().await;
    (pipeline, session)
}

/// The objects of the table's queues.
async fn objects(session: &Client) -> Vec<String> {
    texts(
        session,
        "SELECT name FROM (
             SELECT c.relname::text FROM pg_class AS c
             WHERE c.relnamespace = 'aurora_trigger'::regnamespace AND c.relkind IN ('r', 'c')
             UNION ALL
             SELECT p.proname::text FROM pg_proc AS p WHERE p.pronamespace = 'aurora_trigger'::regnamespace
         ) AS o (name)
         WHERE name ~ '^shop_items_(image|queue|events)_' ORDER BY name",
    )
    .await
}

/// Installs until all have ended on the server, in any database, that could be at an older queue.
async fn install_until_left(
    pipeline: &Pipeline,
    session: &Client,
    table: &TableDesc,
    count: usize,
) -> Vec<String> {
    let began = Instant::now();
    loop {
        pipeline.install_tables(&[table]).await;
        let left = objects(session).await;
        if left.len() == count {
            return left;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{left:?}");
    }
}

async fn only_queue(pipeline: &Pipeline, session: &Client, table: &TableDesc) -> Vec<String> {
    install_until_left(pipeline, session, table, 4).await
}

#[tokio::test]
async fn what_waits_when_the_struct_changes_is_sent_as_it_was_written() {
    let (pipeline, session) = start().await;
    let first = objects(&session).await;
    assert_eq!(first.len(), 4, "{first:?}");
    run(&session, "INSERT INTO shop.items VALUES (1, 'cup')").await;
    run(&session, "ALTER TABLE shop.items ADD COLUMN note text").await;
    run(&session, "INSERT INTO shop.items VALUES (2, 'mug', 'new')").await;
    pipeline.install_tables(&[&Noted::TABLE]).await;
    assert_eq!(objects(&session).await.len(), 8);
    run(&session, "INSERT INTO shop.items VALUES (3, 'jug', 'big')").await;
    assert_eq!(pending(&session).await, 3);
    pipeline.drain().await;
    let (older, newer) = (Item::TABLE.fingerprint(), Noted::TABLE.fingerprint());
    assert_ne!(older, newer);
    assert_eq!(
        sent(&pipeline),
        [
            (older.clone(), r#"{"id":1,"name":"cup"}"#.to_owned()),
            (older, r#"{"id":2,"name":"mug"}"#.to_owned()),
            (newer, r#"{"id":3,"name":"jug","note":"big"}"#.to_owned()),
        ]
    );

    let second = only_queue(&pipeline, &session, &Noted::TABLE).await;
    assert!(
        second.iter().all(|name| !first.contains(name)),
        "{second:?}"
    );
}

/// It is out of use, but what waits in it would be lost.
#[tokio::test]
async fn an_older_queue_stays_while_something_waits_in_it() {
    let (pipeline, session) = start().await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'cup')").await;
    run(&session, "ALTER TABLE shop.items ADD COLUMN note text").await;
    for _ in 0..3 {
        pipeline.install_tables(&[&Noted::TABLE]).await;
    }
    assert_eq!(objects(&session).await.len(), 8);
    let retired = "SELECT count(*) FROM aurora_trigger.stream_queue WHERE retired_by IS NOT NULL";
    assert_eq!(number(&session, retired).await, 1);
    pipeline.drain().await;
    assert_eq!(sent(&pipeline).len(), 1);
}

/// A migration that is taken back finds its queue again.
#[tokio::test]
async fn a_struct_that_comes_back_has_its_queue_again() {
    let (pipeline, session) = start().await;
    run(&session, "ALTER TABLE shop.items ADD COLUMN note text").await;
    pipeline.install_tables(&[&Noted::TABLE]).await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'cup', 'a')").await;
    pipeline.install_tables(&[&Item::TABLE]).await;
    run(&session, "INSERT INTO shop.items VALUES (2, 'mug', 'b')").await;
    pipeline.drain().await;
    assert_eq!(sent(&pipeline).len(), 2);
    only_queue(&pipeline, &session, &Item::TABLE).await;
    run(&session, "INSERT INTO shop.items VALUES (3, 'jug', 'c')").await;
    pipeline.drain().await;
    assert_eq!(sent(&pipeline).len(), 1);
}

#[tokio::test]
async fn a_table_that_is_delivered_in_another_way_has_no_queue_in_the_end() {
    let (pipeline, session) = start().await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'cup')").await;
    let called = Item::TABLE
        .with_delivery(Delivery::Async)
        .with_on_failure(OnFailure::Outbox);
    pipeline.install_tables(&[&called]).await;
    pipeline.drain().await;
    assert_eq!(sent(&pipeline).len(), 1);
    install_until_left(&pipeline, &session, &called, 0).await;
}

/// A writer that holds it open is not waited for, and its events are not lost.
#[tokio::test]
async fn an_installation_does_not_wait_for_a_writer_at_an_older_queue() {
    let (pipeline, session) = start().await;
    run(&session, "ALTER TABLE shop.items ADD COLUMN note text").await;
    let writer = pipeline.session().await;
    run(&writer, "BEGIN; INSERT INTO shop.items VALUES (1, 'cup')").await;
    run(&session, "SET lock_timeout = '20s'").await;
    for _ in 0..2 {
        pipeline.install_tables(&[&Noted::TABLE]).await;
    }
    run(&writer, "COMMIT").await;
    pipeline.drain().await;
    assert_eq!(sent(&pipeline).len(), 1);
    only_queue(&pipeline, &session, &Noted::TABLE).await;
}
