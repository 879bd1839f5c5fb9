//! What another try mends, and what none does.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use futures::future::join_all;
use relay_lambda::local::KinesisFault;
use tokio::time::{Instant, timeout};

use crate::MACHINE;
use crate::calls::{LONG, STREAM, failure, handle, relay_at, undelivered, with_shards};
use crate::limits::MIB;
use crate::shop::{line, order, payload};
use crate::stored::first_occurrences;
use crate::workload::{CALLERS, number_of_events, work};

#[tokio::test]
async fn whatever_fails_nothing_is_lost_and_each_key_keeps_its_order() {
    const SEED: u64 = 42;
    const THROTTLED: usize = 2;
    /// Each caller waits in its first call for the shard, so it is released before they all do.
    const RELEASED_AT: usize = 5_000;
    let _machine = MACHINE.lock().await;
    let (kinesis, relay) = with_shards(4, &[]);
    let faults = kinesis.faults().clone();
    faults.fail_share(30, SEED);
    faults.throttle_shard(THROTTLED);
    faults.fail_next(1, KinesisFault::LoseAnswer);
    // What has landed drives what goes wrong next, so no clock does.
    let landed = kinesis.subscribe(STREAM).expect("there is a stream");
    let saboteur = thread::spawn(move || {
        for (count, _) in landed.iter().enumerate() {
            match count % 1_000 {
                100 => faults.fail_next(1, KinesisFault::LoseAnswer),
                300 => faults.fail_next(1, KinesisFault::LoseRequest),
                500 => faults.fail_next(1, KinesisFault::InternalFailure),
                700 => faults.delay_next(2, Duration::from_millis(100)),
                900 => faults.fail_next(1, KinesisFault::Throttle),
                _ => {}
            }
            if count == RELEASED_AT {
                faults.release_shard(THROTTLED);
            }
        }
    });
    let mut random = fastrand::Rng::with_seed(SEED);
    let events = number_of_events();
    let work: Vec<_> = (0..CALLERS)
        .map(|caller| work(caller, events, &mut random))
        .collect();
    let relay = &relay;
    let calls = work.iter().map(|(payloads, _)| async move {
        let mut metrics = (0, 0);
        for payload in payloads {
            let handled = handle(relay, payload, LONG).await;
            handled.answer.expect("there is time enough");
            metrics.0 += handled.metrics.written;
            metrics.1 += handled.metrics.retried;
        }
        metrics
    });
    let start = Instant::now();
    let metrics = join_all(calls).await;
    let took = start.elapsed();
    let written: u64 = metrics.iter().map(|(written, _)| written).sum();
    let retried: u64 = metrics.iter().map(|(_, retried)| retried).sum();
    assert_eq!(usize::try_from(written), Ok(events));

    let requests = kinesis.requests();
    let records = kinesis.take_records(STREAM);
    drop(kinesis);
    saboteur.join().expect("it only orders faults");
    let (kept, duplicates) = first_occurrences(&records);
    println!(
        "{events} events in {took:?}: {requests:?}, {retried} entries sent once more, {duplicates} duplicates"
    );
    let expected: BTreeMap<String, Vec<u64>> =
        work.into_iter().flat_map(|(_, numbers)| numbers).collect();
    assert_eq!(kept.len(), expected.len());
    for (key, numbers) in kept {
        assert_eq!(numbers, expected[key], "{key}");
    }
    assert!(duplicates > 0, "lost answers make some");
    assert!(
        retried > written / 4,
        "three in ten failed, and yet {retried}"
    );
}

#[tokio::test]
async fn what_no_later_try_can_mend_fails_at_once() {
    let _machine = MACHINE.lock().await;
    let (kinesis, _) = with_shards(1, &[]);
    let url = kinesis.endpoint_url();
    let big = line(1, "a", &"x".repeat(MIB * 3 / 2));
    let truncate = r#"{"seq":1,"op":"t"}"#.to_owned();
    let cases = [
        (
            ("RELAY_STREAM", "gone"),
            ("orders", order(1, 1)),
            "ResourceNotFoundException",
        ),
        (
            ("RELAY_STREAM", "gone"),
            ("orders", truncate),
            "ResourceNotFoundException",
        ),
        (
            ("RELAY_MAX_RECORD_KIB", "2048"),
            ("lines", big),
            "ValidationException",
        ),
    ];
    for (variable, (table, event), expected) in cases {
        let relay = relay_at(&url, &[variable]);
        let payload = payload("Event", &[(table, &[event])]);
        let failure = timeout(Duration::from_secs(10), failure(&relay, &payload, LONG)).await;
        let error = failure.expect("no second try is made");
        let (accepted, open, reason) = undelivered(error);
        assert_eq!((accepted.len(), open), (0, 1));
        assert!(reason.starts_with(expected), "{reason}");
    }
}
