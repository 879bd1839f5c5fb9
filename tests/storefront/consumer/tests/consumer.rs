//! What the consumer makes of batches: Lambda hands out the same ones again, and not all of them are good.

use std::convert::Infallible;

use aurora_trigger_gen::Deduplicator;
use aurora_trigger_gen::wire::Aggregate;
use aws_lambda_events::event::kinesis::{KinesisEvent, KinesisEventRecord};
use aws_lambda_events::event::streams::KinesisEventResponse;
use serde_json::{Value, json};
use storefront::Storefront;
use storefront_consumer::handle;
use tokio::task::yield_now;

/// A change event, as the relay writes it.
fn change(table: &str, seq: u64, key: &Value, after: &Value) -> Vec<u8> {
    let (schema, table) = table.split_once('.').expect("a table has a schema");
    json!({
        "before": null, "after": after,
        "source": {
            "version": "0.1.0", "connector": "aurora-trigger", "name": "shop", "ts_ms": 1, "ts_us": 1000,
            "snapshot": "false", "db": "shop", "schema": schema, "table": table, "txId": 7,
            "sequence": format!("[\"1\",\"{seq}\"]"),
        },
        "op": "c", "ts_ms": 5, "key": key, "id": format!("5d1c-{seq}"), "fingerprint": "9f3a6c1e",
    })
    .to_string()
    .into_bytes()
}

fn customer(id: i64, seq: u64) -> Vec<u8> {
    let row = json!({
        "id": id, "name": format!("name {seq}"), "email": "****.com", "segment": "retail",
        "created_at": "2026-01-01T00:00:00+00:00",
    });
    change("sales.customers", seq, &json!({"id": id}), &row)
}

/// A row of the table without key.
fn person(id: i32, seq: u64) -> Vec<u8> {
    let row = json!({
        "id": id, "name": null, "dob": null, "category": null, "company": null, "age": null, "salary": null,
        "created_dt": null, "updated_dt": null,
    });
    change("public.testing_rds_trigger", seq, &json!({"id": id}), &row)
}

/// The records have the sequence numbers 100, 101 and so on.
fn batch(records: impl IntoIterator<Item = Vec<u8>>) -> KinesisEvent {
    let mut event = KinesisEvent::default();
    for (number, data) in (100..).zip(records) {
        let mut record = KinesisEventRecord::default();
        *record.kinesis.data = data;
        record.kinesis.sequence_number = format!("{number}");
        event.records.push(record);
    }
    event
}

fn seq(change: &Storefront) -> u64 {
    let source = match change {
        Storefront::Customer(change) => &change.source,
        Storefront::Order(change) => &change.source,
        Storefront::OrderItem(change) => &change.source,
        Storefront::Person(change) => &change.source,
    };
    source.sequence.seq
}

/// The numbers of the changes that were taken, and what Lambda is told.
async fn take(
    changes: &mut Deduplicator<Storefront>,
    records: impl IntoIterator<Item = Vec<u8>>,
) -> (Vec<u64>, KinesisEventResponse) {
    let mut taken = Vec::new();
    let response = handle(changes, &batch(records), async |change| {
        taken.push(seq(&change));
        Ok::<_, Infallible>(())
    })
    .await;
    (taken, response)
}

fn failure(sequence_number: &str) -> KinesisEventResponse {
    let mut response = KinesisEventResponse::default();
    response.add_failure(sequence_number);
    response
}

#[tokio::test]
async fn a_batch_that_comes_twice_is_taken_once() {
    let mut changes = Deduplicator::new(100);
    let records = || [customer(1, 1), customer(2, 2), person(1, 4), person(1, 3)];

    let first = take(&mut changes, records()).await;
    let second = take(&mut changes, records()).await;

    assert_eq!(first, (vec![1, 2, 4, 3], KinesisEventResponse::default()));
    assert_eq!(second, (vec![], KinesisEventResponse::default()));
}

#[tokio::test]
async fn from_the_first_bad_record_on_all_come_again() {
    let mut changes = Deduplicator::new(100);
    let poison = || b"{}".to_vec();

    let failed = take(
        &mut changes,
        [customer(1, 1), poison(), customer(2, 2), poison()],
    )
    .await;

    assert_eq!(failed, (vec![1], failure("101")));
    assert_eq!(
        serde_json::to_value(&failed.1).expect("a response is JSON"),
        json!({"batchItemFailures": [{"itemIdentifier": "101"}]})
    );
    // Lambda has mended nothing, but the app has another version.
    let mended = take(&mut changes, [customer(1, 9), customer(2, 2)]).await;
    assert_eq!(mended, (vec![9, 2], KinesisEventResponse::default()));
}

#[tokio::test]
async fn what_is_refused_comes_again() {
    let mut changes = Deduplicator::new(100);
    let records = || [customer(1, 1), customer(2, 2), customer(3, 3)];

    let response = handle(&mut changes, &batch(records()), async |change| {
        // What it is told, it is told in the end only.
        yield_now().await;
        match seq(&change) {
            1 => Ok(()),
            _ => Err("the database is away"),
        }
    })
    .await;

    assert_eq!(response, failure("101"));
    let again = take(&mut changes, records()).await;
    assert_eq!(again, (vec![2, 3], KinesisEventResponse::default()));
}

#[tokio::test]
async fn an_aggregate_is_taken_apart_and_fails_as_one() {
    let mut changes = Deduplicator::new(100);
    let mut broken = Aggregate::new("1");
    for change in [customer(1, 1), b"{}".to_vec(), customer(1, 2)] {
        broken.add(&change);
    }

    let failed = take(&mut changes, [customer(2, 7), broken.finish()]).await;

    assert_eq!(failed, (vec![7, 1], failure("101")));
}

#[tokio::test]
async fn a_table_that_the_consumer_does_not_know_waits_for_one_that_does() {
    let mut changes = Deduplicator::new(100);
    let row = json!({"id": 1});
    let unknown = change("sales.refunds", 2, &row, &row);

    let failed = take(&mut changes, [customer(1, 1), unknown, customer(1, 3)]).await;

    assert_eq!(failed, (vec![1], failure("101")));
}
