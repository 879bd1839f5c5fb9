//! A call ends in time, and then nothing of it goes on.

use std::collections::BTreeSet;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use relay_lambda::local::KinesisFault;
use serde_json::json;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use crate::MACHINE;
use crate::calls::{LONG, STREAM, answer, failure, handle, relay_at, undelivered, with_shards};
use crate::shop::{order, orders, payload};
use crate::stored::{assert_in_order, first_occurrences, numbers};

/// What the caller of a synchronous call waits is 3 seconds; the relay is to be done before.
const CALLER: Duration = Duration::from_millis(2900);

/// A shard that takes nothing holds up nobody but its own rows, and the call says which are in the stream.
#[tokio::test]
async fn at_the_deadline_the_call_fails_with_the_numbers_that_are_in_the_stream() {
    let (kinesis, relay) = with_shards(4, &[]);
    kinesis.faults().throttle_shard(1);
    let payload = payload("Event", &[("orders", &orders(600, 200))]);
    let handled = handle(&relay, &payload, Duration::from_millis(1500)).await;
    let error = handled.answer.expect_err("a shard takes nothing");
    assert!(handled.metrics.oldest_event_ms.is_some());
    let text = error.to_string();
    let (accepted, open, reason) = undelivered(error);
    let records = kinesis.records(STREAM);
    assert_eq!(accepted, numbers(&records));
    assert_eq!(accepted.len() + open, 600);
    assert!(records.iter().all(|record| record.shard != 1));
    assert!(!accepted.is_empty() && open > 0);
    assert!(
        reason.contains("ProvisionedThroughputExceededException"),
        "{reason}"
    );
    assert!(
        text.starts_with(&format!("{open} events are not in the stream: ")),
        "{text}"
    );

    kinesis.faults().release_shard(1);
    kinesis.faults().fail_share(30, 1);
    assert_eq!(answer(&relay, &payload).await, json!({"accepted": 600}));
    let records = kinesis.records(STREAM);
    assert_eq!(numbers(&records), (1..=600).collect());
    assert_in_order(&records);
    assert_eq!(first_occurrences(&records).1, accepted.len());
}

/// Only what Kinesis has acknowledged is accepted: more may have landed, of which no answer came.
#[tokio::test]
async fn what_was_not_answered_is_not_accepted_though_it_may_have_landed() {
    let (kinesis, relay) = with_shards(4, &[]);
    // A row's second change waits for the answer to the first, which never comes.
    let payload = payload("Event", &[("orders", &orders(400, 200))]);
    kinesis.faults().delay_all(LONG);
    let error = failure(&relay, &payload, Duration::from_secs(1)).await;
    let (accepted, open, reason) = undelivered(error);
    assert_eq!((accepted, open), (BTreeSet::new(), 400));
    assert!(reason.contains("no answer"), "{reason}");
    assert_eq!(numbers(&kinesis.records(STREAM)), (1..=200).collect());

    kinesis.faults().clear();
    assert_eq!(answer(&relay, &payload).await, json!({"accepted": 400}));
    let records = kinesis.records(STREAM);
    assert_eq!(numbers(&records), (1..=400).collect());
    assert_in_order(&records);
}

/// The last request gets the milliseconds that are left, which says nothing of Kinesis.
#[tokio::test]
async fn the_reason_is_an_answer_of_kinesis_and_not_that_the_deadline_cut_a_request_off() {
    let (kinesis, relay) = with_shards(1, &[]);
    let payload = payload("Event", &[("orders", &[order(1, 1)])]);
    let mut cut_off = 0;
    // The deadline ends the call or its request first, by chance; on a busy machine there may be no time for the request.
    for _ in 0..60 {
        let before = kinesis.requests().requests;
        kinesis.faults().clear();
        kinesis.faults().fail_next(1, KinesisFault::Throttle);
        kinesis.faults().delay_next(1, Duration::ZERO);
        kinesis.faults().delay_all(LONG);
        let error = failure(&relay, &payload, Duration::from_millis(240)).await;
        let (_, _, reason) = undelivered(error);
        if kinesis.requests().requests < before + 2 {
            continue;
        }
        assert!(
            reason.contains("ProvisionedThroughputExceededException"),
            "{reason}"
        );
        cut_off += 1;
        if cut_off == 10 {
            return;
        }
    }
    panic!("only {cut_off} calls had time for two requests");
}

/// Whoever calls with no time left gets no request into the world that it would not hear of.
#[tokio::test]
async fn after_the_deadline_nothing_is_sent() {
    let (kinesis, relay) = with_shards(1, &[]);
    let payload = payload("Event", &[("orders", &orders(10, 10))]);
    // From here on there is a connection that a request could take at once.
    answer(&relay, &payload).await;
    for _ in 0..50 {
        let (accepted, open, _) = undelivered(failure(&relay, &payload, Duration::ZERO).await);
        assert_eq!((accepted.len(), open), (0, 10));
    }
    answer(&relay, &payload).await;
    assert_eq!(kinesis.requests().requests, 2);
}

#[tokio::test]
async fn a_synchronous_call_ends_before_its_caller_has_given_up() {
    let _machine = MACHINE.lock().await;
    let (kinesis, relay) = with_shards(1, &[]);
    kinesis.faults().delay_all(LONG);
    let hanging = payload("RequestResponse", &[("orders", &orders(3, 3))]);
    let start = Instant::now();
    let (accepted, open, _) = undelivered(failure(&relay, &hanging, LONG).await);
    let took = start.elapsed();
    assert!(
        took > Duration::from_millis(1900) && took < CALLER,
        "{took:?}"
    );
    assert_eq!((accepted.len(), open), (0, 3));

    // What had been sent has landed; it does not go on behind the caller's back.
    kinesis.faults().clear();
    let before = kinesis.records(STREAM).len();
    let next = payload("RequestResponse", &[("orders", &[order(4, 4)])]);
    assert_eq!(answer(&relay, &next).await["accepted"], 1);
    assert_eq!(kinesis.records(STREAM).len(), before + 1);
}

/// Behind this endpoint nobody reads. What the relay sent may be read later, and so land; but each of its connections is
/// closed when the call has ended, and no other is made.
#[tokio::test]
async fn an_endpoint_that_hangs_is_left_in_time_by_every_kind_of_request() {
    let _machine = MACHINE.lock().await;
    let truncate = r#"{"seq":1,"op":"t"}"#.to_owned();
    for event in [order(1, 1), truncate] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("it has one");
        let relay = relay_at(&format!("http://{address}"), &[]);
        let payload = payload("RequestResponse", &[("orders", &[event])]);
        let failure = timeout(CALLER, failure(&relay, &payload, LONG)).await;
        let (_, open, reason) = undelivered(failure.expect("it ends in time"));
        assert_eq!(open, 1);
        assert!(reason.contains("no answer"), "{reason}");
        drop(relay);
        let connections = spawn_blocking(move || closed_connections(&listener)).await;
        let connections = connections.expect("each of them ends");
        assert!(connections > 0);
    }
}

/// How many connections have come, when all of them have been closed by the other side.
fn closed_connections(listener: &TcpListener) -> usize {
    listener.set_nonblocking(true).expect("it is ours");
    let mut connections = 0;
    while let Ok((mut connection, _)) = listener.accept() {
        connection.set_nonblocking(false).expect("it is ours");
        connection
            .set_read_timeout(Some(Duration::from_secs(10)))
            .expect("it is no zero");
        connection
            .read_to_end(&mut Vec::new())
            .expect("it has been closed, and not by force");
        connections += 1;
    }
    connections
}
