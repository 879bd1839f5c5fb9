//! What goes wrong as a test orders it.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use aws_sdk_kinesis::error::SdkError;
use aws_sdk_kinesis::primitives::Blob;
use relay_lambda::local::KinesisFault;
use tokio::task::spawn_blocking;

use crate::client::{entries, landed, numbers, put, refusal, with_shards};
use crate::{SOON, STREAM, THROTTLED};

#[tokio::test]
async fn a_throttled_shard_takes_nothing_and_the_others_do() {
    let (kinesis, client) = with_shards(2);
    kinesis.faults().throttle_shard(1);

    let (taken, codes) = landed(&client, 20).await;

    assert_eq!(codes, BTreeSet::from([THROTTLED.to_owned()]));
    assert_eq!(numbers(&kinesis.records(STREAM)), taken);
    assert!(
        kinesis
            .records(STREAM)
            .iter()
            .all(|record| record.shard == 0)
    );
    let one = client.put_record().stream_name(STREAM).partition_key("k");
    let one = one
        .data(Blob::new("k"))
        .explicit_hash_key(u128::MAX.to_string());
    let (code, status) = refusal(one.send().await);
    assert_eq!((code.as_str(), status), (THROTTLED, 400));

    kinesis.faults().release_shard(1);
    assert_eq!(landed(&client, 20).await.0.len(), 20);
}

#[tokio::test]
async fn every_nth_entry_fails_and_the_later_ones_land() {
    let (kinesis, client) = with_shards(2);
    kinesis.faults().fail_every(3);

    let (first, codes) = landed(&client, 4).await;
    let (second, _) = landed(&client, 4).await;

    assert_eq!(first, [0, 1, 3]);
    assert_eq!(second, [0, 2, 3], "it counts through all requests");
    assert_eq!(codes, BTreeSet::from(["InternalFailure".to_owned()]));
    assert_eq!(numbers(&kinesis.records(STREAM)), [0, 1, 3, 0, 2, 3]);
    kinesis.faults().fail_every(1);
    let one = client.put_record().stream_name(STREAM).partition_key("k");
    let (code, status) = refusal(one.data(Blob::new("k")).send().await);
    assert_eq!((code.as_str(), status), ("InternalFailure", 500));
    kinesis.faults().clear();
    assert_eq!(landed(&client, 4).await.0.len(), 4);
}

#[tokio::test]
async fn a_seed_says_which_share_of_the_entries_fails() {
    let (kinesis, client) = with_shards(2);
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        kinesis.faults().fail_share(30, seed);
        let (taken, codes) = landed(&client, 500).await;
        assert_eq!(codes, BTreeSet::from(["InternalFailure".to_owned()]));
        assert_eq!(numbers(&kinesis.take_records(STREAM)), taken);
        runs.push(taken);
    }

    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    for taken in runs {
        assert!((300..400).contains(&taken.len()), "{}", taken.len());
    }
    kinesis.faults().fail_share(100, 1);
    assert_eq!(landed(&client, 500).await.0.len(), 0);
}

#[tokio::test]
async fn a_request_fails_whole_as_often_as_was_ordered() {
    let (kinesis, client) = with_shards(1);
    let faults = kinesis.faults();
    faults.fail_next(1, KinesisFault::InternalFailure);
    faults.fail_next(2, KinesisFault::LimitExceeded);
    faults.fail_next(1, KinesisFault::Throttle);
    let request = async || refusal(put(&client, entries(2)).await);

    // One that is malformed uses no order up, and neither does one that reads.
    assert_eq!(
        refusal(put(&client, entries(501)).await).0,
        "ValidationException"
    );
    client.list_streams().send().await.expect("it reads");

    assert_eq!(request().await, ("InternalFailure".to_owned(), 500));
    assert_eq!(request().await, ("LimitExceededException".to_owned(), 400));
    assert_eq!(request().await, ("LimitExceededException".to_owned(), 400));
    assert_eq!(request().await, (THROTTLED.to_owned(), 400));
    assert_eq!(kinesis.records(STREAM), []);
    assert_eq!(landed(&client, 2).await.0.len(), 2);

    faults.fail_all(KinesisFault::InternalFailure);
    assert_eq!(request().await.1, 500);
    assert_eq!(request().await.1, 500);
    faults.clear();
    assert_eq!(landed(&client, 2).await.0.len(), 2);
    assert_eq!(kinesis.requests().requests, 8);
}

#[tokio::test]
async fn a_late_answer_is_of_records_that_landed_at_once() {
    let (kinesis, client) = with_shards(1);
    let delay = Duration::from_millis(500);
    kinesis.faults().delay_next(1, delay);
    let started = Instant::now();
    // On a thread of its own, and there before the records: the request needs this one.
    let watched = Arc::new((kinesis, Barrier::new(2)));
    let watch = Arc::clone(&watched);
    let waiting = spawn_blocking(move || {
        let (kinesis, ready) = &*watch;
        ready.wait();
        let records = kinesis.wait_for(STREAM, 2, SOON);
        (numbers(&records), Instant::now())
    });
    watched.1.wait();

    let answer = put(&client, entries(2)).await.expect("it is taken");

    let answered = Instant::now();
    let (numbers, landed_at) = waiting.await.expect("it does not panic");
    assert_eq!(answer.failed_record_count(), Some(0));
    assert!(answered - started >= delay);
    assert_eq!(numbers, [0, 1]);
    assert!(landed_at < answered);
}

#[tokio::test]
async fn every_answer_is_late_until_it_is_cleared() {
    let (kinesis, client) = with_shards(1);
    let delay = Duration::from_millis(50);
    kinesis.faults().delay_all(delay);
    let started = Instant::now();

    landed(&client, 1).await;
    landed(&client, 1).await;

    assert!(started.elapsed() >= 2 * delay);
    kinesis.faults().delay_all(2 * SOON);
    kinesis.faults().clear();
    let cleared = Instant::now();
    landed(&client, 1).await;
    assert!(cleared.elapsed() < SOON);
}

#[tokio::test]
async fn a_connection_can_be_lost_before_and_after_the_records_land() {
    let (kinesis, client) = with_shards(1);
    landed(&client, 1).await;
    kinesis.faults().fail_next(1, KinesisFault::LoseRequest);
    kinesis.faults().fail_next(1, KinesisFault::LoseAnswer);

    for expected in [1, 3] {
        let error = put(&client, entries(2)).await.expect_err("no answer");
        assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
        assert_eq!(kinesis.records(STREAM).len(), expected);
    }
    landed(&client, 2).await;

    assert_eq!(numbers(&kinesis.records(STREAM)), [0, 0, 1, 0, 1]);
}
