//! A caller that takes a part for an answer: it sends what is left open again, and nothing else.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use aurora_trigger_gen::wire::{Operation, Record};
use relay_lambda::CallError;
use relay_lambda::local::{Kinesis, KinesisFault, StoredRecord};
use serde_json::{Value, json};

use crate::MACHINE;
use crate::calls::{LONG, STREAM, answer, failure, handle, relay_at, undelivered, with_shards};
use crate::shop::{line, order, orders, partial, payload};
use crate::stored::{assert_in_order, first_occurrences, numbers, seq};

fn open(answer: &Value) -> BTreeSet<u64> {
    let open = answer["open"].as_array().expect("a part is open");
    let numbers = open.iter().map(|seq| seq.as_u64().expect("a number"));
    numbers.collect()
}

/// Those of the events that are open.
fn rest(events: &[String], open: &BTreeSet<u64>) -> Vec<String> {
    let is_open = |event: &&String| {
        let event: Value = serde_json::from_str(event).expect("it is an event");
        event["seq"].as_u64().is_some_and(|seq| open.contains(&seq))
    };
    events.iter().filter(is_open).cloned().collect()
}

/// Throttles a shard when so many records have landed, and has the answers to them wait until it is done.
fn throttle_after(kinesis: &Kinesis, records: usize, shard: usize) {
    let faults = kinesis.faults().clone();
    faults.delay_all(Duration::from_millis(100));
    let landed = kinesis.subscribe(STREAM).expect("there is a stream");
    thread::spawn(move || {
        landed.iter().nth(records - 1);
        faults.throttle_shard(shard);
        faults.delay_all(Duration::ZERO);
    });
}

#[tokio::test]
async fn what_a_throttled_shard_leaves_open_is_sent_again_and_nothing_is_there_twice() {
    const ROWS: usize = 20;
    const EVENTS: usize = 200;
    const THROTTLED: usize = 1;
    let _machine = MACHINE.lock().await;
    let (kinesis, relay) = with_shards(4, &[]);
    let mut events = orders(EVENTS, ROWS);
    // One that makes the payload be read event by event.
    events.push(r#"{"seq":201}"#.to_owned());
    throttle_after(&kinesis, 3 * ROWS, THROTTLED);
    let handled = handle(&relay, &partial(&[("orders", &events)]), LONG).await;
    let answer_of_a_part = handled.answer.expect("a part is an answer");
    let part: Value = serde_json::from_str(&answer_of_a_part).expect("an answer is JSON");
    let open = open(&part);
    let in_the_stream = numbers(&kinesis.records(STREAM));
    assert_eq!(part["accepted"], in_the_stream.len());
    assert!(in_the_stream.is_disjoint(&open));
    assert_eq!(in_the_stream.len() + open.len(), EVENTS);
    assert_eq!(
        part["refused"],
        json!([{"seq": 201, "reason": "missing field `op`"}])
    );
    let reason = part["reason"].as_str().expect("it says why");
    assert!(
        reason.contains("ProvisionedThroughputExceededException"),
        "{reason}"
    );
    assert_eq!(handled.left_open.as_deref(), Some(reason));
    let metrics = handled.metrics;
    assert_eq!((metrics.received, metrics.refused), (201, 1));
    assert_eq!(usize::try_from(metrics.written), Ok(in_the_stream.len()));
    // Some rows are there in part, and of these the end is open.
    let row = |seq: &u64| seq % 20;
    let latest = |numbers: &BTreeSet<u64>, of: u64| {
        let numbers = numbers.iter().filter(|seq| row(seq) == of);
        numbers.max().copied()
    };
    let rows: BTreeSet<u64> = open.iter().map(row).collect();
    assert!(rows.iter().any(|of| latest(&in_the_stream, *of).is_some()));
    for seq in &open {
        assert!(latest(&in_the_stream, row(seq)) < Some(*seq), "{seq}");
    }

    kinesis.faults().clear();
    let rest = rest(&events, &open);
    assert_eq!(
        answer(&relay, &partial(&[("orders", &rest)])).await,
        json!({"accepted": open.len(), "refused": []})
    );
    let records = kinesis.records(STREAM);
    assert_eq!(numbers(&records), (1..=200).collect());
    assert_in_order(&records);
    assert_eq!(first_occurrences(&records).1, 0);
}

/// As a call would fail that takes no part: not for want of time, but with what is wrong.
#[tokio::test]
async fn what_no_later_try_can_mend_leaves_all_open_and_says_why() {
    let (kinesis, _) = with_shards(1, &[]);
    let gone = relay_at(&kinesis.endpoint_url(), &[("RELAY_STREAM", "gone")]);
    let wrong = r#"{"seq":2,"op":"c"}"#.to_owned();
    // A TRUNCATE asks for the shards first.
    let truncate = r#"{"seq":3,"op":"t"}"#.to_owned();
    for third in [order(3, 1), truncate] {
        let payload = partial(&[("orders", &[order(1, 1), wrong.clone(), third])]);
        let mut answered = answer(&gone, &payload).await;
        let reason = answered["reason"].take();
        assert_eq!(
            answered,
            json!({
                "accepted": 0,
                "refused": [{"seq": 2, "reason": "the after image is missing"}],
                "open": [1, 3],
                "reason": null,
            })
        );
        let reason = reason.as_str().expect("it says why");
        assert!(reason.starts_with("ResourceNotFoundException"), "{reason}");
    }
}

/// What has landed without an answer is not known to be there.
#[tokio::test]
async fn what_was_not_answered_is_open_though_it_may_have_landed() {
    let _machine = MACHINE.lock().await;
    let (kinesis, relay) = with_shards(2, &[]);
    let events = orders(40, 20);
    kinesis.faults().fail_next(1, KinesisFault::LoseAnswer);
    kinesis.faults().fail_all(KinesisFault::Throttle);
    let part = answer(&relay, &partial(&[("orders", &events)])).await;
    assert_eq!(part["accepted"], 0);
    assert_eq!(open(&part), (1..=40).collect());
    assert_eq!(numbers(&kinesis.records(STREAM)), (1..=20).collect());

    kinesis.faults().clear();
    assert_eq!(
        answer(&relay, &partial(&[("orders", &events)])).await,
        json!({"accepted": 40, "refused": []})
    );
    assert_in_order(&kinesis.records(STREAM));
}

/// Nobody waits for the one, and the other's caller wants all or an error.
#[tokio::test]
async fn only_who_waits_and_says_so_gets_a_part() {
    let (kinesis, relay) = with_shards(1, &[]);
    kinesis.faults().throttle_shard(0);
    let batches: &[(&str, &[String])] = &[("orders", &[order(1, 1)])];
    let time = Duration::from_millis(300);
    let asynchronous = partial(batches).replace("RequestResponse", "Event");
    let whole = partial(batches).replace(r#""partial":true"#, r#""partial":false"#);
    for payload in [asynchronous, whole, payload("RequestResponse", batches)] {
        let (accepted, open, _) = undelivered(failure(&relay, &payload, time).await);
        assert_eq!((accepted.len(), open), (0, 1));
    }
    // Of a dry run nothing is left open.
    let dry_run = partial(batches).replacen('{', r#"{"dry_run":true,"#, 1);
    assert_eq!(
        answer(&relay, &dry_run).await,
        json!({"accepted": 1, "refused": []})
    );
}

fn in_shard(records: &[StoredRecord], shard: usize) -> Vec<u64> {
    let records = records.iter().filter(|record| record.shard == shard);
    records.map(seq).collect()
}

/// A TRUNCATE that is in some shards is open, and so is all behind it, in every shard.
#[tokio::test]
async fn a_truncate_is_accepted_when_every_shard_has_it() {
    let _machine = MACHINE.lock().await;
    let (kinesis, relay) = with_shards(4, &[]);
    kinesis.faults().throttle_shard(1);
    let truncate = r#"{"seq":101,"op":"t"}"#.to_owned();
    let mut events: Vec<String> = (1..=100).map(|seq| order(seq, seq)).collect();
    events.push(truncate.clone());
    events.extend((102..=201).map(|seq| order(seq, seq - 101)));
    let part = answer(&relay, &partial(&[("orders", &events)])).await;
    let before = numbers(&kinesis.records(STREAM));
    assert!(before.iter().all(|seq| *seq < 101), "it waits");
    let open_of_first = open(&part);
    assert_eq!(part["accepted"], before.len());
    assert_eq!(open_of_first, &(1..=201).collect() - &before);

    kinesis.faults().release_shard(1);
    let mut rest = rest(&events, &open_of_first);
    let accepted = answer(&relay, &partial(&[("orders", &rest)])).await;
    assert_eq!(
        accepted,
        json!({"accepted": open_of_first.len(), "refused": []})
    );
    let records = kinesis.take_records(STREAM);
    assert_eq!(numbers(&records), (1..=201).collect());
    assert_eq!(records.len(), 200 + 4);
    for shard in 0..4 {
        let at = |seq: u64| seq.cmp(&101);
        assert!(in_shard(&records, shard).into_iter().map(at).is_sorted());
    }

    kinesis.faults().throttle_shard(1);
    rest = vec![truncate, order(102, 1)];
    let part = answer(&relay, &partial(&[("orders", &rest)])).await;
    assert_eq!(
        (&part["accepted"], &part["open"]),
        (&json!(0), &json!([101, 102]))
    );
    let records = kinesis.records(STREAM);
    assert!(records.iter().all(|record| seq(record) == 101));
    assert_eq!(records.len(), 3);
}

/// In the next call the rest of the chain would no longer be one, and keep places that have been given away.
#[tokio::test]
async fn a_chain_that_was_put_right_is_accepted_as_a_whole() {
    let _machine = MACHINE.lock().await;
    let (kinesis, relay) = with_shards(1, &[]);
    let update = |seq: u64, before: &str, after: &str| {
        format!(
            r#"{{"seq":{seq},"op":"u","before":{{"id":1,"note":"{before}"}},"after":{{"id":1,"note":"{after}"}}}}"#
        )
    };
    let events = [order(4, 2), update(5, "b", "c"), update(6, "a", "b")];
    throttle_after(&kinesis, 2, 0);
    let part = answer(&relay, &partial(&[("orders", &events)])).await;
    // The first of the chain is there, in the place that it got.
    let stored = kinesis.records(STREAM);
    let places = |records: &[StoredRecord]| -> Vec<(u64, String)> {
        let of_the_row = records.iter().filter(|record| record.partition_key == "1");
        let place = |record: &StoredRecord| {
            let record = Record::parse(&record.data).expect("it is a record");
            assert_eq!(record.operation, Operation::Update);
            (record.source.sequence.seq, record.id.into_owned())
        };
        of_the_row.map(place).collect()
    };
    let first = || (5, "5d1c-6".to_owned());
    assert_eq!(places(&stored), [first()]);
    assert_eq!((&part["accepted"], open(&part)), (&json!(1), [5, 6].into()));

    kinesis.faults().clear();
    let rest = rest(&events, &open(&part));
    assert_eq!(
        answer(&relay, &partial(&[("orders", &rest)])).await,
        json!({"accepted": 2, "refused": []})
    );
    assert_eq!(
        places(&kinesis.records(STREAM)),
        [first(), first(), (6, "5d1c-5".to_owned())]
    );
}

/// Rows of several tables can share a partition key: their events go in the order of the payload.
#[tokio::test]
async fn batches_of_several_tables_are_answered_together() {
    let _machine = MACHINE.lock().await;
    let (kinesis, relay) = with_shards(1, &[]);
    let batches: [(&str, &[String]); 3] = [
        ("orders", &[order(3, 1)]),
        ("lines", &[line(1, "1", "x")]),
        ("orders", &[order(2, 1)]),
    ];
    kinesis.faults().throttle_shard(0);
    let part = answer(&relay, &partial(&batches)).await;
    assert_eq!(
        (&part["accepted"], &part["open"]),
        (&json!(0), &json!([3, 1, 2]))
    );
    kinesis.faults().clear();
    assert_eq!(
        answer(&relay, &partial(&batches)).await,
        json!({"accepted": 3, "refused": []})
    );
    let in_order: Vec<u64> = kinesis.records(STREAM).iter().map(seq).collect();
    assert_eq!(in_order, [3, 1, 2]);
}

/// Lambda would not pass it on: the caller hears of an error at least.
#[tokio::test]
async fn a_part_that_no_answer_can_hold_fails_the_call() {
    const REFUSED: usize = 55_000;
    let _machine = MACHINE.lock().await;
    let (kinesis, relay) = with_shards(1, &[]);
    let gone = relay_at(&kinesis.endpoint_url(), &[("RELAY_STREAM", "gone")]);
    let unknown = "x".repeat(63);
    let events = vec![r#"{"seq":2,"op":"t"}"#.to_owned(); REFUSED];
    let payload = partial(&[(&unknown, &events), ("orders", &[order(1, 1)])]);
    let (accepted, open, reason) = undelivered(failure(&gone, &payload, LONG).await);
    assert_eq!((accepted.len(), open), (0, 1));
    assert!(reason.starts_with("ResourceNotFoundException"), "{reason}");
    // With all in the stream it is the refusals alone that are too many.
    let error = failure(&relay, &payload, LONG).await;
    assert_eq!(error, CallError::AnswerTooLong { refused: REFUSED });
}
