//! The batches that Lambda hands to a function.

use aurora_trigger_gen::{ConsumeError, Deduplicator};
use aws_lambda_events::event::kinesis::{KinesisEvent, KinesisEventRecord};
use serde_json::{Value, json};

use crate::{HasSource, ROWS, Shop, aggregate, customer};

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

/// The numbers of the changes that are delivered, and the answer for Lambda. The app fails with that one.
fn take(
    deduplicator: &mut Deduplicator<Shop>,
    records: impl IntoIterator<Item = Vec<u8>>,
    failing: Option<u64>,
) -> (Vec<u64>, Value) {
    let event = batch(records);
    let mut changes = deduplicator.batch(&event);
    let mut given = Vec::new();
    while let Ok(Some(change)) = changes.next() {
        let seq = change.source().sequence.seq;
        given.push(seq);
        if failing == Some(seq) {
            break;
        }
    }
    let response = serde_json::to_value(changes.response()).expect("a response is JSON");
    (given, response)
}

fn failure(sequence_number: &str) -> Value {
    json!({"batchItemFailures": [{"itemIdentifier": sequence_number}]})
}

fn success() -> Value {
    json!({"batchItemFailures": []})
}

#[test]
fn a_batch_that_comes_twice_is_delivered_once() {
    let mut deduplicator = Deduplicator::new(ROWS);
    let records = || [customer(1, 1), customer(2, 2)].map(|record| record.data());

    assert_eq!(
        take(&mut deduplicator, records(), None),
        (vec![1, 2], success())
    );
    assert_eq!(
        take(&mut deduplicator, records(), None),
        (vec![], success())
    );
    assert_eq!(take(&mut deduplicator, [], None), (vec![], success()));
}

#[test]
fn the_answer_names_the_record_of_the_first_change_that_is_not_delivered() {
    let records = || {
        [
            customer(1, 1).data(),
            aggregate(&[customer(2, 2).data(), customer(3, 3).data()]),
            customer(4, 4).data(),
        ]
    };
    for (failing, given, again, sequence_number) in [
        (1, vec![1], vec![1, 2, 3, 4], "100"),
        (2, vec![1, 2], vec![2, 3, 4], "101"),
        (3, vec![1, 2, 3], vec![3, 4], "101"),
        // The last change counts as delivered when the next one is asked for.
        (4, vec![1, 2, 3, 4], vec![4], "102"),
    ] {
        let mut deduplicator = Deduplicator::new(ROWS);
        let failed = take(&mut deduplicator, records(), Some(failing));
        assert_eq!(failed, (given, failure(sequence_number)), "{failing}");
        assert_eq!(take(&mut deduplicator, records(), None), (again, success()));
    }
    let mut deduplicator = Deduplicator::<Shop>::new(ROWS);
    let event = batch(records());
    let changes = deduplicator.batch(&event);
    let response = serde_json::to_value(changes.response()).expect("a response is JSON");
    assert_eq!(response, failure("100"), "nothing was asked for");
}

#[test]
fn from_the_first_broken_record_on_all_records_come_again_unless_it_is_passed_over() {
    // The right checksum over a message that is cut.
    let mut broken = vec![0xf3, 0x89, 0x9a, 0xc2, 0x80];
    broken.extend([
        0x8d, 0x39, 0xdd, 0x7e, 0xef, 0x11, 0x5e, 0xa6, 0x97, 0x54, 0x46, 0xef, 0x40, 0x82, 0x95,
        0x1f,
    ]);
    for broken in [b"{}".to_vec(), broken] {
        let mut deduplicator = Deduplicator::new(ROWS);
        let records = [customer(1, 1).data(), broken, customer(2, 2).data()];
        assert_eq!(
            take(&mut deduplicator, records.clone(), None),
            (vec![1], failure("101"))
        );

        let event = batch(records);
        let mut changes = deduplicator.batch(&event);
        for _ in 0..2 {
            let error = changes.next().expect_err("it can't be read");
            assert!(matches!(error, ConsumeError::Aggregate(_)) || error.is_foreign());
        }
        changes.skip();
        let change = changes.next().expect("it can be read").expect("it is new");
        assert_eq!(change.source().sequence.seq, 2);
        assert!(changes.next().expect("it can be read").is_none());
        assert!(changes.response().batch_item_failures.is_empty());
    }
}
