//! The relay against a Kinesis that fails in every way that it can: by HTTP, through the SDK that it is deployed with.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::Duration;

use aurora_trigger_gen::wire::{Operation, Record};
use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger};
use futures::future::join_all;
use relay_lambda::local::{Kinesis, KinesisFault, StoredRecord};
use relay_lambda::{CallError, Configuration, Handled, Metrics, Refused, Relay, relay, split};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

const STREAM: &str = "events";
const REJECTS: &str = "rejects";
const MIB: usize = 1024 * 1024;
/// Much more than any call here takes that is not to meet its deadline.
const LONG: Duration = Duration::from_secs(300);
/// What the caller of a synchronous call waits is 3 seconds; the relay is to be done before.
const CALLER: Duration = Duration::from_millis(2900);

/// Held by what measures time and by what takes all of the machine, so that they are not on together.
static MACHINE: Mutex<()> = Mutex::const_new(());

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
    note: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.lines", delivery = "async", oversize = "dead_letter")]
struct Line {
    #[stream(key)]
    order: String,
    text: String,
}

#[derive(Debug, ChangeStream)]
#[expect(dead_code, reason = "only decoded here")]
enum Shop {
    Order(Change<Order>),
    Line(Change<Line>),
}

/// A relay, and the Kinesis that it writes to.
fn with_shards(shards: usize, variables: &[(&str, &str)]) -> (Kinesis, Relay<Shop>) {
    let kinesis = Kinesis::start().expect("a port is free");
    kinesis
        .create_stream(STREAM, shards)
        .expect("the stream is new");
    kinesis
        .create_stream(REJECTS, 1)
        .expect("the stream is new");
    let relay = relay_at(&kinesis.endpoint_url(), variables);
    (kinesis, relay)
}

fn relay_at(endpoint_url: &str, variables: &[(&str, &str)]) -> Relay<Shop> {
    let configuration = Configuration::from_variables(|name| {
        let set = variables.iter().find(|(variable, _)| *variable == name);
        let value = match (set, name) {
            (Some((_, value)), _) => *value,
            (None, "RELAY_STREAM") => STREAM,
            (None, "AWS_REGION") => "eu-west-1",
            (None, "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY") => "any",
            (None, "AWS_ENDPOINT_URL_KINESIS") => endpoint_url,
            _ => return None,
        };
        Some(value.to_owned())
    });
    let configuration = configuration.expect("nothing is missing");
    Relay::new(&configuration).expect("the samples are decoded")
}

/// A payload whose batches are of these tables and of the structs' fingerprints.
fn payload(invocation: &str, batches: &[(&str, &[String])]) -> String {
    let batches: Vec<String> = batches
        .iter()
        .map(|(table, events)| {
            let fingerprint = match *table {
                "orders" => Order::TABLE.fingerprint(),
                _ => Line::TABLE.fingerprint(),
            };
            format!(
                r#"{{"source":{{"db":"shop","schema":"sales","table":"{table}","fingerprint":"{fingerprint}","epoch":1,
                "txId":7,"ts_us":1795350000123456,"capture":"5d1c","snapshot":false}},"events":[{}]}}"#,
                events.join(",")
            )
        })
        .collect();
    format!(
        r#"{{"aurora_trigger":1,"invocation":"{invocation}","batches":[{}]}}"#,
        batches.join(",")
    )
}

fn order(seq: usize, id: usize) -> String {
    format!(r#"{{"seq":{seq},"op":"c","after":{{"id":{id},"note":"n{seq}"}}}}"#)
}

fn line(seq: usize, order: &str, text: &str) -> String {
    format!(r#"{{"seq":{seq},"op":"c","after":{{"order":"{order}","text":"{text}"}}}}"#)
}

/// So many changes, numbered from 1, of as many rows as `ids`.
fn orders(count: usize, ids: usize) -> Vec<String> {
    (1..=count).map(|seq| order(seq, seq % ids)).collect()
}

async fn handle(relay: &Relay<Shop>, payload: &str, time: Duration) -> Handled {
    relay
        .handle(payload.as_bytes(), Instant::now() + time)
        .await
}

async fn answer(relay: &Relay<Shop>, payload: &str) -> Value {
    let answer = handle(relay, payload, LONG).await.answer;
    let answer = answer.expect("the call succeeds");
    serde_json::from_str(&answer).expect("an answer is JSON")
}

async fn failure(relay: &Relay<Shop>, payload: &str, time: Duration) -> CallError {
    let answer = handle(relay, payload, time).await.answer;
    answer.expect_err("the call fails")
}

fn undelivered(error: CallError) -> (BTreeSet<u64>, usize, String) {
    match error {
        CallError::Undelivered {
            accepted,
            open,
            reason,
        } => (accepted.into_iter().collect(), open, reason),
        other => panic!("{other:?}"),
    }
}

fn seq(record: &StoredRecord) -> u64 {
    Shop::decode(&record.data).expect("a consumer reads it");
    let record = Record::parse(&record.data).expect("it is a record");
    record.source.sequence.seq
}

fn numbers(records: &[StoredRecord]) -> BTreeSet<u64> {
    records.iter().map(seq).collect()
}

/// What a consumer that drops what it has had is left with, by partition key, and how many it dropped.
fn first_occurrences(records: &[StoredRecord]) -> (BTreeMap<&str, Vec<u64>>, usize) {
    let mut seen = BTreeSet::new();
    let mut shards = HashMap::new();
    let mut kept: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for stored in records {
        let shard = shards.entry(&stored.partition_key).or_insert(stored.shard);
        assert_eq!(*shard, stored.shard, "a key has one shard");
        let record = Record::parse(&stored.data).expect("it is a record");
        if seen.insert(record.id.into_owned()) {
            let seq = record.source.sequence.seq;
            kept.entry(&stored.partition_key).or_default().push(seq);
        }
    }
    (kept, records.len() - seen.len())
}

fn assert_in_order(records: &[StoredRecord]) {
    for (key, numbers) in first_occurrences(records).0 {
        assert!(numbers.is_sorted(), "{key}: {numbers:?}");
    }
}

/// An optimised build is the one to send many; the other one takes its time for each.
const EVENTS: usize = if cfg!(debug_assertions) {
    40_000
} else {
    200_000
};
const KEYS: usize = 2_000;
/// What the triggers fill a call to.
const PAYLOAD: usize = 240_000;
/// So many callers, each with rows of its own: a row's changes come from one, one call after the other.
const CALLERS: usize = 8;

/// The payloads of a caller, and for each of its partition keys the numbers in their order.
fn work(caller: usize, random: &mut fastrand::Rng) -> (Vec<String>, BTreeMap<String, Vec<u64>>) {
    let mut payloads = Vec::new();
    let mut events = Vec::new();
    let mut bytes = 0;
    let mut expected: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for seq in (caller..EVENTS).step_by(CALLERS) {
        let id = random.usize(0..KEYS / CALLERS) * CALLERS + caller;
        let event = order(seq, id);
        bytes += event.len() + 1;
        events.push(event);
        let number = u64::try_from(seq).expect("it is small");
        expected.entry(id.to_string()).or_default().push(number);
        if bytes > PAYLOAD {
            payloads.push(payload("Event", &[("orders", &events)]));
            events.clear();
            bytes = 0;
        }
    }
    payloads.push(payload("Event", &[("orders", &events)]));
    (payloads, expected)
}

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
    let work: Vec<_> = (0..CALLERS)
        .map(|caller| work(caller, &mut random))
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
    assert_eq!(usize::try_from(written), Ok(EVENTS));

    let requests = kinesis.requests();
    let records = kinesis.take_records(STREAM);
    drop(kinesis);
    saboteur.join().expect("it only orders faults");
    let (kept, duplicates) = first_occurrences(&records);
    println!(
        "{EVENTS} events in {took:?}: {requests:?}, {retried} entries sent once more, {duplicates} duplicates"
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
async fn a_synchronous_call_is_answered_with_what_was_accepted_and_what_was_refused() {
    let (kinesis, relay) = with_shards(2, &[("RELAY_REJECT_STREAM", REJECTS)]);
    let wrong = r#"{"seq":2,"op":"c","after":{"id":"x","note":null}}"#.to_owned();
    let payload = payload(
        "RequestResponse",
        &[("orders", &[order(1, 1), wrong, order(3, 1)])],
    );
    assert_eq!(
        answer(&relay, &payload).await,
        json!({
            "accepted": 2,
            "refused": [{"seq": 2, "reason": "the after image: at `id`: invalid type, expected i64"}],
        })
    );
    let numbers: Vec<u64> = kinesis.records(STREAM).iter().map(seq).collect();
    assert_eq!(numbers, [1, 3]);
    // The caller has the refusals: nobody else needs to keep them.
    assert_eq!(kinesis.records(REJECTS), []);
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

#[tokio::test]
async fn refusals_of_an_asynchronous_call_go_to_the_reject_stream() {
    let (kinesis, relay) = with_shards(2, &[("RELAY_REJECT_STREAM", REJECTS)]);
    let wrong = r#"{"seq":2,"op":"c","after":{"id":"x","note":null}}"#;
    let unread = r#"{"op":"later"}"#;
    let events = [
        order(1, 1),
        wrong.to_owned(),
        unread.to_owned(),
        order(3, 2),
    ];
    let payload = payload("Event", &[("orders", &events)]);
    assert_eq!(answer(&relay, &payload).await, json!({"accepted": 2}));
    assert_eq!(numbers(&kinesis.records(STREAM)), [1, 3].into());
    let rejects: Vec<Value> = kinesis
        .records(REJECTS)
        .iter()
        .map(|record| serde_json::from_slice(&record.data).expect("it is JSON"))
        .collect();
    let sent: Value = serde_json::from_str(&payload).expect("it is JSON");
    let source = &sent["batches"][0]["source"];
    let reject = |event: &str| {
        let event: Value = serde_json::from_str(event).expect("it is JSON");
        let found = rejects.iter().find(|reject| reject["event"] == event);
        found.expect("it is kept")
    };
    assert_eq!(rejects.len(), 2);
    assert_eq!(
        *reject(wrong),
        json!({
            "seq": 2,
            "reason": "the after image: at `id`: invalid type, expected i64",
            "source": source,
            "event": {"seq": 2, "op": "c", "after": {"id": "x", "note": null}},
        })
    );
    assert_eq!(reject(unread)["seq"], Value::Null);
    assert_eq!(reject(unread)["source"], *source);
}

#[tokio::test]
async fn without_a_reject_stream_a_refusal_fails_the_call_and_all_else_is_in_the_stream() {
    let (kinesis, relay) = with_shards(2, &[]);
    let wrong = r#"{"seq":2,"op":"c","after":{"id":"x","note":null}}"#.to_owned();
    let payload = payload("Event", &[("orders", &[order(1, 1), wrong, order(3, 2)])]);
    match failure(&relay, &payload, LONG).await {
        CallError::Refused { refused, .. } => {
            let numbers: Vec<Option<u64>> = refused.iter().map(|refused| refused.seq).collect();
            assert_eq!(numbers, [Some(2)]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(numbers(&kinesis.records(STREAM)), [1, 3].into());
}

/// Its payload is kept by whoever keeps those of failed calls.
#[tokio::test]
async fn a_refusal_that_the_reject_stream_can_not_hold_fails_the_call() {
    let (kinesis, relay) = with_shards(1, &[("RELAY_REJECT_STREAM", REJECTS)]);
    let lines = [line(1, "a", &"x".repeat(MIB)), line(2, "b", "y")];
    let too_big = payload("Event", &[("lines", &lines)]);
    let error = failure(&relay, &too_big, LONG).await;
    let CallError::Refused { refused, not_kept } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(refused[0].seq, Some(1));
    assert!(not_kept.contains("record limit"), "{not_kept}");
    assert!(refused[0].reason.contains("over the stream's limit"));
    assert_eq!(numbers(&kinesis.records(STREAM)), [2].into());
    assert_eq!(kinesis.records(REJECTS), []);
    // The same where the reject stream is not there.
    let relay = relay_at(&kinesis.endpoint_url(), &[("RELAY_REJECT_STREAM", "gone")]);
    let wrong = r#"{"seq":2,"op":"c"}"#.to_owned();
    let error = failure(&relay, &payload("Event", &[("orders", &[wrong])]), LONG).await;
    assert!(matches!(error, CallError::Refused { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("ResourceNotFoundException"), "{text}");
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

#[tokio::test]
async fn a_truncate_is_in_every_shard_after_all_before_it_and_before_all_behind_it() {
    let (kinesis, relay) = with_shards(4, &[]);
    kinesis.faults().fail_share(30, 7);
    let mut events: Vec<String> = (1..=100).map(|seq| order(seq, seq)).collect();
    events.push(r#"{"seq":101,"op":"t"}"#.to_owned());
    events.extend((102..=201).map(|seq| order(seq, seq - 101)));
    let payload = payload("Event", &[("orders", &events)]);
    assert_eq!(answer(&relay, &payload).await, json!({"accepted": 201}));
    let records = kinesis.records(STREAM);
    assert_eq!(numbers(&records), (1..=201).collect());
    for shard in 0..4 {
        let in_shard = records.iter().filter(|record| record.shard == shard);
        let numbers: Vec<u64> = in_shard.map(seq).collect();
        let at = numbers.iter().position(|number| *number == 101);
        let at = at.expect("the TRUNCATE is in every shard");
        assert!(numbers[..at].iter().all(|number| *number < 101));
        assert!(numbers[at + 1..].iter().all(|number| *number > 101), "once");
    }
    let truncate = records.iter().find(|record| seq(record) == 101);
    let truncate = truncate.expect("it is there");
    let record = Record::parse(&truncate.data).expect("it is a record");
    assert_eq!(
        (record.operation, record.key.is_none()),
        (Operation::Truncate, true)
    );
}

#[tokio::test]
async fn a_dry_run_checks_and_answers_and_writes_nothing() {
    let (kinesis, relay) = with_shards(1, &[("RELAY_REJECT_STREAM", REJECTS)]);
    for invocation in ["Event", "RequestResponse"] {
        let wrong = r#"{"seq":2,"op":"c"}"#.to_owned();
        let truncate = r#"{"seq":3,"op":"t"}"#.to_owned();
        let payload = payload(invocation, &[("orders", &[order(1, 1), wrong, truncate])]);
        let payload = payload.replacen('{', r#"{"dry_run":true,"#, 1);
        assert_eq!(
            answer(&relay, &payload).await,
            json!({"accepted": 2, "refused": [{"seq": 2, "reason": "the after image is missing"}]})
        );
    }
    assert_eq!(kinesis.requests().requests, 0);
}

#[tokio::test]
async fn the_smoke_test_says_what_the_relay_is() {
    let (kinesis, relay) = with_shards(1, &[]);
    assert_eq!(
        answer(&relay, r#"{"body":"Hello from Postgres!"}"#).await,
        json!({
            "relay": "aurora-trigger",
            "version": env!("CARGO_PKG_VERSION"),
            "tables": ["sales.orders", "sales.lines"],
            "stream": STREAM,
        })
    );
    assert_eq!(kinesis.requests().requests, 0);
}

#[tokio::test]
async fn a_record_of_exactly_the_limit_goes_whole_and_one_byte_more_as_its_key() {
    let (kinesis, relay) = with_shards(1, &[]);
    let with_note = |length: usize| {
        let note = "x".repeat(length);
        let event = format!(r#"{{"seq":1,"op":"c","after":{{"id":1,"note":"{note}"}}}}"#);
        payload("Event", &[("orders", &[event])])
    };
    // A time of as many digits as the one now.
    let relayed = relay_lambda::relay::<Shop>(with_note(0).as_bytes(), 1_795_350_000_000);
    let bare = &relayed.expect("it is a payload").records[0];
    let fits = MIB - bare.data.len() - bare.partition_key.len();
    for (length, is_whole) in [(fits, true), (fits + 1, false)] {
        answer(&relay, &with_note(length)).await;
        let records = kinesis.take_records(STREAM);
        let [stored] = &records[..] else {
            panic!("{} records", records.len())
        };
        assert_eq!(
            stored.data.len() + stored.partition_key.len() == MIB,
            is_whole
        );
        let record = Record::parse(&stored.data).expect("it is a record");
        assert_eq!(
            (record.after.is_some(), record.oversized),
            (is_whole, !is_whole)
        );
        let key = record.key.expect("both have their key");
        assert_eq!(key.get(), r#"{"id":1}"#);
    }
}

#[tokio::test]
async fn a_call_of_many_rows_takes_as_few_requests_as_500_records_each_allow() {
    let (kinesis, relay) = with_shards(4, &[]);
    let payload = payload("Event", &[("orders", &orders(1_200, 1_200))]);
    assert_eq!(answer(&relay, &payload).await, json!({"accepted": 1_200}));
    assert_eq!(numbers(&kinesis.records(STREAM)), (1..=1_200).collect());
    assert_eq!(kinesis.requests().requests, 3);
}

#[tokio::test]
async fn changes_of_a_hot_key_share_records_where_that_is_wanted() {
    const CHANGES: usize = 2_000;
    let payload = payload("Event", &[("orders", &orders(CHANGES, 1))]);
    for (aggregation, requests) in [("hot-keys", 1..=3), ("off", CHANGES..=CHANGES)] {
        let (kinesis, relay) = with_shards(2, &[("RELAY_AGGREGATION", aggregation)]);
        assert_eq!(answer(&relay, &payload).await, json!({"accepted": CHANGES}));
        let took = kinesis.requests().requests;
        assert!(requests.contains(&took), "{aggregation}: {took}");
        let stored = kinesis.records(STREAM);
        assert!(
            stored
                .iter()
                .all(|record| record.data.len() + record.partition_key.len() <= MIB)
        );
        let numbers: Vec<u64> = stored
            .iter()
            .flat_map(|record| split(&record.data).expect("it comes apart"))
            .map(|data| {
                Shop::decode(data).expect("a consumer reads it");
                let record = Record::parse(data).expect("it is a record");
                record.source.sequence.seq
            })
            .collect();
        assert_eq!(numbers, (1..=2_000).collect::<Vec<_>>());
    }
}

/// By the specification of CloudWatch's embedded metric format.
fn assert_embedded_metrics(line: &str) -> Value {
    let line: Value = serde_json::from_str(line).expect("a line is a JSON object");
    assert!(line["_aws"]["Timestamp"].is_u64());
    let directives = line["_aws"]["CloudWatchMetrics"].as_array();
    for directive in directives.expect("there is a list of directives") {
        let namespace = directive["Namespace"].as_str().expect("it has one");
        assert!((1..=1024).contains(&namespace.len()));
        for set in directive["Dimensions"].as_array().expect("a list of sets") {
            let set = set.as_array().expect("a set is a list");
            assert!(set.len() <= 30);
            for dimension in set {
                let name = dimension.as_str().expect("a name");
                assert!(line[name].is_string(), "{name} in {line}");
            }
        }
        let metrics = directive["Metrics"].as_array().expect("a list of metrics");
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let name = metric["Name"].as_str().expect("a name");
            assert!(matches!(
                metric["Unit"].as_str(),
                Some("Count" | "Milliseconds")
            ));
            let values = &line[name];
            let of_numbers = values.as_array().is_some_and(|values| {
                (1..=100).contains(&values.len()) && values.iter().all(Value::is_number)
            });
            assert!(values.is_number() || of_numbers, "{name} in {line}");
        }
    }
    line
}

#[tokio::test]
async fn metrics_count_what_became_of_the_events() {
    let (kinesis, relay) = with_shards(2, &[("RELAY_REJECT_STREAM", REJECTS)]);
    kinesis.faults().fail_next(1, KinesisFault::Throttle);
    let mut events = orders(10, 10);
    events.push(r#"{"seq":11,"op":"c"}"#.to_owned());
    events.push(r#"{"seq":12,"op":"later"}"#.to_owned());
    let other = [line(13, "a", "b")];
    let payload = payload(
        "Event",
        &[("orders", &events), ("lines", &other), ("lines", &other)],
    )
    .replace(&Line::TABLE.fingerprint(), "9f3a6c1e");
    let Handled {
        answer, metrics, ..
    } = handle(&relay, &payload, LONG).await;
    assert_eq!(answer.as_deref(), Ok(r#"{"accepted":12}"#));
    let Metrics {
        received,
        written,
        refused,
        retried,
        ref put_latencies,
        oldest_event_ms,
        ref fingerprint_mismatches,
        ..
    } = metrics;
    assert_eq!((received, written, refused), (14, 12, 2));
    // The eleven keys' first changes were in the request that failed.
    assert_eq!(retried, 11);
    // That one, its second try, perhaps in parts, the second change of a line, the rejects.
    assert!(put_latencies.len() >= 4, "{put_latencies:?}");
    assert!(oldest_event_ms.is_some());
    assert_eq!(
        *fingerprint_mismatches,
        [("sales.lines".to_owned(), 2)].into()
    );

    let lines = metrics.to_lines("relay", true, 1_795_350_000_000);
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| assert_embedded_metrics(line))
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["EventsReceived"], 14);
    assert_eq!(lines[0]["EventsWritten"], 12);
    assert_eq!(lines[0]["EventsRefused"], 2);
    assert_eq!(lines[0]["EntriesRetried"], 11);
    assert_eq!(lines[0]["ColdStart"], 1);
    assert_eq!(lines[1]["Table"], "sales.lines");
    assert_eq!(lines[1]["FingerprintMismatch"], 2);
    // Without a request there is no latency, and a metric without a value would void the line.
    for line in Metrics::default().to_lines("relay", false, 0) {
        assert_embedded_metrics(&line);
    }
}

/// Values of rows, which nobody but the streams may see.
const SECRETS: [&str; 2] = ["TOPSECRET", "77777777777777777"];

fn assert_secret(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
}

/// Every mistake that an event can have, with a secret in it.
fn mistakes() -> (Vec<String>, Vec<String>) {
    let [text, number] = SECRETS;
    let image = |image: String| format!(r#""op":"c","after":{image}"#);
    let orders = [
        image(format!(r#"{{"id":"{text}","note":null}}"#)),
        image(format!(r#"{{"id":{number}777777,"note":null}}"#)),
        image(format!(r#"{{"id":{number}.5,"note":null}}"#)),
        image(format!(r#"{{"id":1,"note":{number}}}"#)),
        image(format!(r#"{{"id":1,"note":{{"{text}":1}}}}"#)),
        image(format!(r#"{{"id":1,"note":["{text}"]}}"#)),
        image(format!(r#"{{"note":"{text}"}}"#)),
        image(format!(r#"{{"id":1,"note":"{text}","note":"{text}"}}"#)),
        image(format!(r#"{{"id":1,"note":null,"{text}":1}}"#)),
        image(format!(r#"{{"{text}":1,"id":1,"note":null}}"#)),
        image(format!(r#"{{"id":1,"note":"{text}\ud800"}}"#)),
        image(format!(r#"["{text}"]"#)),
        image(format!(r#""{text}""#)),
        image(number.to_owned()),
        format!(r#""op":"u","after":{{"id":1,"note":"{text}"}}"#),
        format!(r#""op":"u","before":{{"id":"{text}"}},"after":{{"id":1,"note":null}}"#),
        format!(r#""op":"d","after":{{"id":1,"note":"{text}"}}"#),
        format!(r#""op":"d","key":{{"id":"{text}"}}"#),
        format!(r#""op":"t","key":{{"id":"{text}"}}"#),
        format!(r#""op":"d","oversized":true,"key":{{"{text}":{number}}}"#),
        format!(r#""op":"d","oversized":true,"key":"{text}""#),
        format!(r#""op":"d","oversized":"{text}""#),
        format!(r#""op":"{text}""#),
        format!(r#""op":{number}"#),
        format!(r#""op":"t","seq":"{text}""#),
    ];
    let numbered = |(seq, event): (usize, String)| format!(r#"{{"seq":{},{event}}}"#, seq + 1);
    let mut events: Vec<String> = orders.into_iter().enumerate().map(numbered).collect();
    events.push(format!(r#""{text}""#));
    events.push(number.to_owned());
    events.push(format!(r#"{{"seq":{number}77777,"op":"t"}}"#));
    events.push(format!(r#"{{"seq":"{text}"}}"#));
    let lines = vec![
        line(99, text, &text.repeat(MIB / 8)),
        format!(r#"{{"seq":100,"op":"c","after":{{"order":"{text}","text":null}}}}"#),
    ];
    (events, lines)
}

#[tokio::test]
async fn no_error_no_answer_and_no_metric_holds_a_value_of_a_row() {
    let (kinesis, relay) = with_shards(1, &[]);
    let (events, lines) = mistakes();
    let [text, number] = SECRETS;
    let seen = |handled: Handled| {
        let lines = handled.metrics.to_lines("relay", false, 0).join("\n");
        assert_secret(&lines);
        assert_secret(&format!("{:?}", handled.metrics));
        match &handled.answer {
            Ok(answer) => assert_secret(answer),
            Err(error) => assert_secret(&format!("{error} {error:?}")),
        }
        handled
    };
    let all: [(&str, &[String]); 2] = [("orders", &events), ("lines", &lines)];
    let refused = seen(handle(&relay, &payload("Event", &all), LONG).await);
    match refused.answer {
        Err(CallError::Refused { refused, .. }) => {
            assert_eq!(refused.len(), events.len() + lines.len());
        }
        other => panic!("{other:?}"),
    }
    let answered = seen(handle(&relay, &payload("RequestResponse", &all), LONG).await);
    answered.answer.expect("it lists what was refused");
    assert_eq!(kinesis.records(STREAM), []);
    // What is wrong with the payload rather than with an event.
    let good = payload("Event", &[("lines", &[line(1, text, number)])]);
    for broken in [
        good[..good.len() - 20].to_owned(),
        good.replace(number, &format!("{number}\u{1}")),
        good.replace("Event", text),
        good.replace(r#""events":"#, &format!(r#""events":"{text}","more":"#)),
        format!(r#""{text}""#),
        number.to_owned(),
    ] {
        let handled = seen(handle(&relay, &broken, LONG).await);
        assert!(handled.answer.is_err(), "{broken}");
    }
    // What is wrong with the stream.
    let gone = relay_at(&kinesis.endpoint_url(), &[("RELAY_STREAM", "gone")]);
    assert!(seen(handle(&gone, &good, LONG).await).answer.is_err());
    kinesis.faults().throttle_shard(0);
    let throttled = handle(&relay, &good, Duration::from_millis(500)).await;
    assert!(seen(throttled).answer.is_err());
    // Kinesis says in some messages which value it did not like.
    let message = format!(
        "2 validation errors detected: Value '{text}' at 'records.1.member.partitionKey' failed to satisfy constraint: \
         Member must have length less than or equal to 256; Value '{text}' at 'records.2.member.partitionKey' failed to \
         satisfy constraint: Member must have length less than or equal to 256"
    );
    let url = refusing(&json!({"__type": "ValidationException", "message": message}).to_string());
    let refused = seen(handle(&relay_at(&url, &[]), &good, LONG).await);
    let (.., reason) = undelivered(refused.answer.expect_err("it is refused"));
    assert!(reason.contains("partitionKey"), "{reason}");
}

/// An endpoint that answers one request so, with HTTP 400.
fn refusing(body: &str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let address = listener.local_addr().expect("it has one");
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().expect("the relay comes");
        // The request is small, and comes in one piece or in two; the answer may come before its end.
        let mut request = [0; 64 * 1024];
        let length = connection.read(&mut request).expect("it sends something");
        assert!(length > 0);
        connection
            .write_all(answer.as_bytes())
            .expect("it waits for it");
        // Until it goes.
        while connection.read(&mut request).is_ok_and(|length| length > 0) {}
    });
    format!("http://{address}")
}

/// What the function without a stream says is what the relay does.
#[tokio::test]
async fn the_records_are_those_of_relay() {
    let (kinesis, deployed) = with_shards(1, &[]);
    let events = [order(1, 1), order(2, 2), r#"{"seq":3,"op":"c"}"#.to_owned()];
    let payload = payload("RequestResponse", &[("orders", &events)]);
    let answered = handle(&deployed, &payload, LONG).await.answer;
    let stored = kinesis.records(STREAM);
    let first = Record::parse(&stored[0].data).expect("it is a record");
    let relayed = relay::<Shop>(payload.as_bytes(), first.ts_ms).expect("it is a payload");
    assert_eq!(answered, Ok(relayed.answer()));
    let refused: &[Refused] = &relayed.refused;
    assert_eq!(refused.len(), 1);
    for (stored, record) in stored.iter().zip(&relayed.records) {
        assert_eq!(stored.partition_key, record.partition_key);
        assert_eq!(stored.data, record.data);
    }
    assert_eq!(stored.len(), relayed.records.len());
}
