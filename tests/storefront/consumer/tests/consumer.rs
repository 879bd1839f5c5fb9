//! What the consumer makes of batches: Lambda hands out the same ones again, and not all of them are good.

use std::convert::Infallible;

use aurora_trigger_gen::ChangeEvent;
use aurora_trigger_gen::wire::Aggregate;
use aws_lambda_events::event::kinesis::{KinesisEvent, KinesisEventRecord};
use serde_json::{Value, json};
use storefront::Storefront;
use storefront_consumer::{Consumer, Handled};

/// A change event, as the relay writes it.
fn change(table: &str, seq: u64, operation: &str, key: &Value, images: [Value; 2]) -> Vec<u8> {
    let [before, after] = images;
    let (schema, table) = table.split_once('.').expect("a table has a schema");
    json!({
        "before": before, "after": after,
        "source": {
            "version": "0.1.0", "connector": "aurora-trigger", "name": "shop", "ts_ms": 1, "ts_us": 1000,
            "snapshot": "false", "db": "shop", "schema": schema, "table": table, "txId": 7,
            "sequence": format!("[\"1\",\"{seq}\"]"),
        },
        "op": operation, "ts_ms": 5, "key": key, "id": format!("5d1c-{seq}"), "fingerprint": "9f3a6c1e",
    })
    .to_string()
    .into_bytes()
}

fn customer(id: i64, seq: u64) -> Vec<u8> {
    let row = json!({
        "id": id, "name": format!("name {seq}"), "email": "****.com", "segment": "retail",
        "created_at": "2026-01-01T00:00:00+00:00",
    });
    change(
        "sales.customers",
        seq,
        "c",
        &json!({"id": id}),
        [Value::Null, row],
    )
}

fn person(id: i32, seq: u64) -> Vec<u8> {
    let row = json!({
        "id": id, "name": null, "dob": null, "category": null, "company": null, "age": null, "salary": null,
        "created_dt": null, "updated_dt": null,
    });
    let key = json!({"id": id});
    change(
        "public.testing_rds_trigger",
        seq,
        "c",
        &key,
        [Value::Null, row],
    )
}

fn truncate(seq: u64) -> Vec<u8> {
    change(
        "public.testing_rds_trigger",
        seq,
        "t",
        &Value::Null,
        [Value::Null, Value::Null],
    )
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
fn handle(
    consumer: &mut Consumer,
    records: impl IntoIterator<Item = Vec<u8>>,
) -> (Vec<u64>, Handled) {
    let mut taken = Vec::new();
    let handled = consumer.handle(&batch(records), |change| {
        taken.push(seq(&change));
        Ok::<_, Infallible>(())
    });
    (taken, handled)
}

fn take(consumer: &mut Consumer, records: impl IntoIterator<Item = Vec<u8>>) -> Vec<u64> {
    let (taken, handled) = handle(consumer, records);
    assert_eq!(handled, Handled::default());
    taken
}

#[test]
fn what_comes_twice_is_taken_once() {
    let mut consumer = Consumer::default();
    let records = || [customer(1, 1), customer(2, 2), customer(1, 1), person(1, 3)];

    assert_eq!(take(&mut consumer, records()), [1, 2, 3]);
    assert!(take(&mut consumer, records()).is_empty());
}

#[test]
fn what_is_older_than_what_is_known_of_its_row_is_dropped() {
    let mut consumer = Consumer::default();

    let taken = take(
        &mut consumer,
        [customer(1, 5), customer(1, 4), customer(2, 3)],
    );

    assert_eq!(taken, [5, 3]);
}

#[test]
fn rows_without_a_key_do_not_overtake_each_other() {
    let mut consumer = Consumer::default();

    assert_eq!(
        take(&mut consumer, [person(1, 5), person(1, 4), person(1, 5)]),
        [5, 4]
    );
}

#[test]
fn from_the_first_bad_record_on_all_come_again() {
    let mut consumer = Consumer::default();
    let poison = || b"{\"before\": \"secret\"}".to_vec();

    let (taken, handled) = handle(
        &mut consumer,
        [customer(1, 1), poison(), customer(2, 2), poison()],
    );

    assert_eq!(taken, [1]);
    assert_eq!(
        serde_json::to_value(&handled.response).expect("a response is JSON"),
        json!({"batchItemFailures": [{"itemIdentifier": "101"}]})
    );
    let failure = handled.failure.expect("it says why");
    assert!(!failure.contains("secret"), "{failure}");
    // Lambda has mended nothing, but the app has another version.
    assert_eq!(
        take(&mut consumer, [customer(1, 9), customer(2, 2)]),
        [9, 2]
    );
}

#[test]
fn an_image_that_does_not_fit_says_so_without_its_values() {
    let mut misfit = customer(1, 1);
    let text = String::from_utf8(misfit).expect("it is JSON");
    misfit = text.replace("\"retail\"", "\"secret\"").into_bytes();

    let (taken, handled) = handle(&mut Consumer::default(), [misfit]);

    assert!(taken.is_empty());
    assert_eq!(
        handled.failure.as_deref(),
        Some(
            "the after of event 5d1c-1 of sales.customers does not fit its struct: at `segment`: \
             unknown variant, expected `retail` or `wholesale`"
        )
    );
}

#[test]
fn what_is_refused_is_not_known_and_comes_again() {
    let mut consumer = Consumer::default();

    let handled = consumer.handle(&batch([customer(1, 1)]), |_| Err("the database is away"));

    assert_eq!(handled.failure.as_deref(), Some("the database is away"));
    assert_eq!(take(&mut consumer, [customer(1, 1)]), [1]);
}

#[test]
fn an_aggregate_is_taken_apart_and_fails_as_one() {
    let aggregate = |changes: &[Vec<u8>]| {
        let mut aggregate = Aggregate::new("1");
        for change in changes {
            aggregate.add(change);
        }
        aggregate.finish()
    };
    let mut consumer = Consumer::default();
    let broken = aggregate(&[customer(1, 1), b"{}".to_vec(), customer(1, 2)]);
    let mended = aggregate(&[customer(1, 1), customer(1, 2), customer(1, 3)]);

    let (taken, handled) = handle(&mut consumer, [customer(2, 7), broken]);

    assert_eq!(taken, [7, 1]);
    let failed = &handled.response.batch_item_failures[0];
    assert_eq!(failed.item_identifier.as_deref(), Some("101"));
    assert_eq!(take(&mut consumer, [mended]), [2, 3]);
}

#[test]
fn a_truncate_takes_what_came_before_it_with_it() {
    let mut consumer = Consumer::default();
    let mut events = Vec::new();

    // It is in every shard, and so comes more than once.
    let handled = consumer.handle(
        &batch([
            person(1, 1),
            truncate(3),
            person(2, 2),
            truncate(3),
            person(2, 4),
            customer(1, 1),
        ]),
        |change| {
            let number = seq(&change);
            let truncated = matches!(
                change,
                Storefront::Person(change) if change.event == ChangeEvent::Truncated
            );
            events.push((number, truncated));
            Ok::<_, Infallible>(())
        },
    );

    assert_eq!(handled, Handled::default());
    assert_eq!(events, [(1, false), (3, true), (4, false), (1, false)]);
}

#[test]
fn a_table_that_the_consumer_does_not_know_waits_for_one_that_does() {
    let mut consumer = Consumer::default();
    let unknown = change(
        "sales.refunds",
        2,
        "d",
        &json!({"id": 1}),
        [json!({"id": 1}), Value::Null],
    );

    let (taken, handled) = handle(&mut consumer, [customer(1, 1), unknown, customer(1, 3)]);

    assert_eq!(taken, [1]);
    let failed = &handled.response.batch_item_failures[0];
    assert_eq!(failed.item_identifier.as_deref(), Some("101"));
    let failure = handled.failure.expect("it says why");
    assert!(
        failure.starts_with("this consumer knows no table sales.refunds: "),
        "{failure}"
    );
}
