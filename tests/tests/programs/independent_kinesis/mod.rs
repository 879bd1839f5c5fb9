//! Relay and consumer at a Kinesis that others wrote: what both of ours misread in the same way shows here.

mod process;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aurora_trigger_gen::Deduplicator;
use aurora_trigger_gen::wire::split;
use aws_lambda_events::event::kinesis::{KinesisEvent, KinesisEventRecord};
use aws_lambda_events::event::streams::KinesisEventResponse;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_kinesis::types::{Record, ShardIteratorType, StreamStatus};
use aws_smithy_http_client::Builder;
use process::KinesisLocal;
use relay_lambda::{Configuration, Relay};
use serde_json::{Value, json};
use storefront::Storefront;
use tokio::time::Instant;

const STREAM: &str = "changes";
const SHARDS: usize = 4;
const REGION: &str = "us-east-1";
const LONG: Duration = Duration::from_secs(60);

fn relay(kinesis: &KinesisLocal, aggregation: &str) -> Relay<Storefront> {
    let configuration = Configuration::from_variables(|name| {
        let value = match name {
            "RELAY_STREAM" => STREAM.to_owned(),
            "RELAY_AGGREGATION" => aggregation.to_owned(),
            "AWS_REGION" => REGION.to_owned(),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "test".to_owned(),
            "AWS_ENDPOINT_URL_KINESIS" => kinesis.endpoint_url(),
            _ => return None,
        };
        Some(value)
    });
    Relay::new(&configuration.expect("it is configured")).expect("the structs decode their samples")
}

fn client(kinesis: &KinesisLocal) -> Client {
    Client::from_conf(
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(kinesis.endpoint_url())
            .http_client(Builder::new().build_http())
            .build(),
    )
}

/// Waits until the stream takes records.
async fn active(client: &Client) {
    let ends = Instant::now() + LONG;
    while Instant::now() < ends {
        let described = client
            .describe_stream_summary()
            .stream_name(STREAM)
            .send()
            .await;
        let status = described.ok().and_then(|described| {
            let summary = described.stream_description_summary?;
            Some(summary.stream_status)
        });
        if status == Some(StreamStatus::Active) {
            return;
        }
    }
    panic!("the stream is not active");
}

/// What a trigger sends: changes of customers in turn, then of one customer, and a TRUNCATE of the people in between.
fn payload(from: u64) -> String {
    let customer = |seq: u64, id: u64| {
        format!(
            r#"{{"seq":{seq},"op":"c","after":{{"id":{id},"name":"n {seq} 🦀","email":"****.com",
            "segment":"retail","created_at":"2026-01-01T00:00:00+00:00"}}}}"#
        )
    };
    let batch = |schema: &str, table: &str, events: Vec<String>| {
        let events = events.join(",");
        format!(
            r#"{{"source":{{"db":"shop","schema":"{schema}","table":"{table}","fingerprint":"","epoch":1,"txId":{from},
            "ts_us":1000,"capture":"{from:x}","snapshot":false}},"events":[{events}]}}"#
        )
    };
    let spread = (from..from + 80).map(|seq| customer(seq, seq * 7 % 40));
    let truncate = format!(r#"{{"seq":{},"op":"t"}}"#, from + 80);
    let hot = (from + 81..from + 100).map(|seq| customer(seq, 1000));
    let batches = [
        batch("sales", "customers", spread.collect()),
        batch("public", "testing_rds_trigger", vec![truncate]),
        batch("sales", "customers", hot.collect()),
    ]
    .join(",");
    format!(r#"{{"aurora_trigger":1,"invocation":"Event","batches":[{batches}]}}"#)
}

/// All records of the stream, shard by shard.
async fn read(client: &Client) -> Vec<Vec<Record>> {
    let listed = client.list_shards().stream_name(STREAM).send().await;
    let mut shards = Vec::new();
    for shard in listed.expect("the shards are listed").shards() {
        let iterator = client
            .get_shard_iterator()
            .stream_name(STREAM)
            .shard_id(shard.shard_id())
            .shard_iterator_type(ShardIteratorType::TrimHorizon)
            .send()
            .await;
        let mut iterator = iterator.expect("a shard can be read").shard_iterator;
        let mut records = Vec::new();
        while let Some(next) = iterator {
            let got = client.get_records().shard_iterator(next).send().await;
            let got = got.expect("records can be read");
            let is_all = got.records.is_empty() && got.millis_behind_latest == Some(0);
            records.extend(got.records);
            iterator = got.next_shard_iterator.filter(|_| !is_all);
        }
        shards.push(records);
    }
    shards
}

/// As Lambda's event source hands them out.
fn event(records: &[Record]) -> KinesisEvent {
    let mut event = KinesisEvent::default();
    for record in records {
        let mut handed = KinesisEventRecord::default();
        *handed.kinesis.data = record.data().as_ref().to_vec();
        record
            .sequence_number()
            .clone_into(&mut handed.kinesis.sequence_number);
        event.records.push(handed);
    }
    event
}

#[tokio::test]
#[ignore = "needs kinesis-local: tests/run.sh sets it up"]
async fn what_the_relay_writes_the_consumer_reads_all_of_it_and_in_order() {
    const CALLS: u64 = 10;
    let kinesis = KinesisLocal::start(&format!("{STREAM}:{SHARDS}:{REGION}"));
    let client = client(&kinesis);
    active(&client).await;

    let relays = [relay(&kinesis, "off"), relay(&kinesis, "hot-keys")];
    for (call, relay) in (0..CALLS).zip(relays.iter().cycle()) {
        let handled = relay
            .handle(payload(call * 100 + 1).as_bytes(), Instant::now() + LONG)
            .await;
        let answer = handled.answer.unwrap_or_else(|error| panic!("{error}"));
        let answer: Value = serde_json::from_str(&answer).expect("it is JSON");
        assert_eq!(answer, json!({"accepted": 100}));
    }
    let shards = read(&client).await;

    assert_eq!(shards.len(), SHARDS);
    let changes = |records: &[Record]| {
        records
            .iter()
            .map(|record| split(record.data().as_ref()).expect("it is read").len())
            .sum::<usize>()
    };
    let (records, all) = (
        shards.iter().map(Vec::len).sum::<usize>(),
        shards.iter().map(|shard| changes(shard)).sum::<usize>(),
    );
    // Each call has 99 changes of rows, and a TRUNCATE that goes to every shard.
    let calls = usize::try_from(CALLS).expect("they are few");
    assert_eq!(all, calls * (99 + SHARDS));
    assert!(records < all, "some records hold several changes");

    let mut taken: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for shard in &shards {
        // A shard has its own, as on Lambda.
        let mut deduplicator = Deduplicator::<Storefront>::new(100);
        for batch in shard.chunks(7) {
            let batch = event(batch);
            let mut changes = deduplicator.batch(&batch);
            while let Some(change) = changes.next().unwrap_or_else(|error| panic!("{error}")) {
                let (key, source) = match &change {
                    Storefront::Customer(change) => {
                        let customer = change.after().expect("it was created");
                        let name = format!("n {} 🦀", change.source.sequence.seq);
                        assert_eq!(customer.name, name);
                        (format!("customer {}", customer.id), &change.source)
                    }
                    Storefront::Person(change) => ("people".to_owned(), &change.source),
                    Storefront::Order(_) | Storefront::OrderItem(_) => panic!("there is none"),
                };
                taken.entry(key).or_default().push(source.sequence.seq);
            }
            assert_eq!(changes.response(), KinesisEventResponse::default());
        }
        let again = event(shard);
        let mut changes = deduplicator.batch(&again);
        let change = changes.next().unwrap_or_else(|error| panic!("{error}"));
        assert!(change.is_none(), "{change:?} is no new one");
    }

    let people = taken.remove("people").expect("there are TRUNCATEs");
    let truncates: Vec<u64> = (0..CALLS).map(|call| call * 100 + 81).collect();
    assert_eq!(people, truncates.repeat(SHARDS));
    assert_eq!(taken.len(), 41);
    for (key, order) in &taken {
        assert!(order.is_sorted(), "{key}: {order:?}");
    }
    let there: BTreeSet<u64> = taken.into_values().flatten().collect();
    let expected: BTreeSet<u64> = (1..=CALLS * 100)
        .filter(|seq| !truncates.contains(seq))
        .collect();
    assert_eq!(there, expected);
}
