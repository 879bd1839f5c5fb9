//! What the clients of the local Kinesis get, by the SDK that the relay uses.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant, UNIX_EPOCH};

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::timeout::TimeoutConfig;
use aws_sdk_kinesis::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::put_records::{PutRecordsError, PutRecordsOutput};
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{
    PutRecordsRequestEntry, Record, ShardIteratorType, StreamMode, StreamModeDetails, StreamStatus,
};
use aws_smithy_http_client::Builder;
use relay_lambda::local::{Kinesis, KinesisFault, StoredRecord};
use tokio::task::spawn_blocking;

const STREAM: &str = "events";
const SOON: Duration = Duration::from_secs(10);
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

const THROTTLED: &str = "ProvisionedThroughputExceededException";

/// A Kinesis with one stream, and a client of it.
fn with_shards(shards: usize) -> (Kinesis, Client) {
    let kinesis = Kinesis::start().expect("a port is free");
    kinesis
        .create_stream(STREAM, shards)
        .expect("the stream is new");
    let client = client(&kinesis);
    (kinesis, client)
}

/// A client that says what it is told, once.
fn client(kinesis: &Kinesis) -> Client {
    Client::from_conf(
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .endpoint_url(kinesis.endpoint_url())
            .http_client(Builder::new().build_http())
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .build(),
    )
}

fn entry(partition_key: &str, data: impl Into<Vec<u8>>) -> PutRecordsRequestEntry {
    PutRecordsRequestEntry::builder()
        .partition_key(partition_key)
        .data(Blob::new(data))
        .build()
        .expect("an entry has a key and data")
}

/// As many entries, with their number for the key and for the data.
fn entries(count: usize) -> Vec<PutRecordsRequestEntry> {
    (0..count)
        .map(|number| number.to_string())
        .map(|number| entry(&number, number.clone()))
        .collect()
}

async fn put(
    client: &Client,
    entries: Vec<PutRecordsRequestEntry>,
) -> Result<PutRecordsOutput, SdkError<PutRecordsError>> {
    client
        .put_records()
        .stream_name(STREAM)
        .set_records(Some(entries))
        .send()
        .await
}

/// Puts so many entries and gives the numbers of those that landed, and the codes of the others.
async fn landed(client: &Client, count: usize) -> (Vec<usize>, BTreeSet<String>) {
    let answer = put(client, entries(count)).await.expect("it is taken");
    assert_eq!(answer.records().len(), count);
    let mut landed = Vec::new();
    let mut codes = BTreeSet::new();
    for (number, result) in answer.records().iter().enumerate() {
        match result.error_code() {
            None => landed.push(number),
            Some(code) => {
                assert!(result.error_message().is_some());
                assert!(result.sequence_number().is_none());
                codes.insert(code.to_owned());
            }
        }
    }
    let failed = answer.failed_record_count().expect("it is always there");
    assert_eq!(usize::try_from(failed), Ok(count - landed.len()));
    (landed, codes)
}

/// The numbers that [`entries`] gave to the records.
fn numbers(records: &[StoredRecord]) -> Vec<usize> {
    let number = |record: &StoredRecord| {
        assert_eq!(record.data, record.partition_key.as_bytes());
        record.partition_key.parse().expect("a number")
    };
    records.iter().map(number).collect()
}

/// The name of the error that the service gave, and its HTTP status.
fn refusal<T, E>(result: Result<T, SdkError<E>>) -> (String, u16)
where
    T: std::fmt::Debug,
    E: ProvideErrorMetadata,
{
    match result {
        Ok(answer) => panic!("this was to be refused: {answer:?}"),
        Err(error) => (
            error.code().unwrap_or_default().to_owned(),
            error
                .raw_response()
                .map(|response| response.status().as_u16())
                .unwrap_or_default(),
        ),
    }
}

/// Reads a shard from where an iterator begins to its end.
async fn read(client: &Client, iterator: Option<String>, limit: Option<i32>) -> Vec<Vec<Record>> {
    let mut iterator = iterator.expect("there is always an iterator");
    let mut pages = Vec::new();
    loop {
        let answer = client
            .get_records()
            .shard_iterator(&iterator)
            .set_limit(limit)
            .send()
            .await
            .expect("the iterator is good");
        pages.push(answer.records().to_vec());
        if answer.millis_behind_latest() == Some(0) {
            return pages;
        }
        answer
            .next_shard_iterator()
            .expect("the shard is open")
            .clone_into(&mut iterator);
    }
}

async fn iterator(client: &Client, shard: &str, from: ShardIteratorType) -> Option<String> {
    iterator_from(client, shard, from, None).await
}

async fn iterator_from(
    client: &Client,
    shard: &str,
    from: ShardIteratorType,
    sequence_number: Option<&str>,
) -> Option<String> {
    client
        .get_shard_iterator()
        .stream_name(STREAM)
        .shard_id(shard)
        .shard_iterator_type(from)
        .set_starting_sequence_number(sequence_number.map(str::to_owned))
        .send()
        .await
        .expect("the shard is there")
        .shard_iterator
}

#[tokio::test]
async fn a_stream_is_created_described_listed_and_deleted() {
    let kinesis = Kinesis::start().expect("a port is free");
    let client = client(&kinesis);
    let create = || client.create_stream().stream_name(STREAM).shard_count(3);

    create().send().await.expect("the stream is new");

    let (code, _) = refusal(create().send().await);
    assert_eq!(code, "ResourceInUseException");
    let answer = client
        .describe_stream_summary()
        .stream_name(STREAM)
        .send()
        .await
        .expect("the stream is there");
    let summary = answer.stream_description_summary().expect("a summary");
    assert_eq!(summary.stream_status(), &StreamStatus::Active);
    assert_eq!(summary.open_shard_count(), 3);
    assert_eq!(summary.max_record_size_in_kib(), Some(1024));
    let answer = client
        .describe_stream()
        .stream_arn(summary.stream_arn())
        .limit(2)
        .send()
        .await
        .expect("the stream is there");
    let description = answer.stream_description().expect("a description");
    assert_eq!(description.stream_name(), STREAM);
    assert_eq!(description.shards().len(), 2);
    assert!(description.has_more_shards());
    let two = client.describe_stream().stream_name("other");
    let (code, _) = refusal(two.stream_arn(summary.stream_arn()).send().await);
    assert_eq!(code, "InvalidArgumentException");
    let names = client.list_streams().send().await.expect("a list");
    assert_eq!(names.stream_names(), [STREAM]);

    let delete = || client.delete_stream().stream_name(STREAM);
    delete().send().await.expect("the stream is there");

    let (code, _) = refusal(delete().send().await);
    assert_eq!(code, "ResourceNotFoundException");
    let (code, _) = refusal(
        client
            .put_record()
            .stream_name(STREAM)
            .partition_key("a")
            .data(Blob::new("a"))
            .send()
            .await,
    );
    assert_eq!(code, "ResourceNotFoundException");
}

#[tokio::test]
async fn an_on_demand_stream_begins_with_four_shards() {
    let kinesis = Kinesis::start().expect("a port is free");
    let client = client(&kinesis);
    let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand);
    let mode = mode.build().expect("it has a mode");
    client
        .create_stream()
        .stream_name(STREAM)
        .stream_mode_details(mode)
        .max_record_size_in_kib(2048)
        .send()
        .await
        .expect("the stream is new");

    let answer = client
        .describe_stream_summary()
        .stream_name(STREAM)
        .send()
        .await;

    let answer = answer.expect("the stream is there");
    let summary = answer.stream_description_summary().expect("a summary");
    assert_eq!(summary.open_shard_count(), 4);
    assert_eq!(summary.max_record_size_in_kib(), Some(2048));
    let mode = summary.stream_mode_details().expect("a mode");
    assert_eq!(mode.stream_mode(), &StreamMode::OnDemand);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let (kinesis, client) = with_shards(5);
    kinesis.create_stream("a", 1).expect("the stream is new");
    kinesis.create_stream("z", 1).expect("the stream is new");

    let first = client.list_shards().stream_name(STREAM).max_results(3);
    let first = first.send().await.expect("the stream is there");
    let rest = client
        .list_shards()
        .next_token(first.next_token().expect("there are more"));
    let rest = rest.send().await.expect("the token is good");

    let shards: Vec<_> = first.shards().iter().chain(rest.shards()).collect();
    let ids: Vec<_> = shards.iter().map(|shard| shard.shard_id()).collect();
    assert_eq!(ids[0], "shardId-000000000000");
    assert_eq!(ids[4], "shardId-000000000004");
    assert_eq!(ids.len(), 5);
    assert!(rest.next_token().is_none());
    let range = |shard: usize| shards[shard].hash_key_range().expect("a range");
    assert_eq!(range(0).starting_hash_key(), "0");
    assert_eq!(range(4).ending_hash_key(), u128::MAX.to_string());

    let first = client.list_streams().limit(2).send().await.expect("a list");
    let rest = client
        .list_streams()
        .set_next_token(first.next_token.clone());
    let rest = rest.send().await.expect("the token is good");
    assert_eq!(first.stream_names(), ["a", STREAM]);
    assert!(first.has_more_streams());
    assert_eq!(rest.stream_names(), ["z"]);
    assert!(!rest.has_more_streams());
}

#[tokio::test]
async fn what_is_put_is_read_back_from_all_shards() {
    let (kinesis, client) = with_shards(4);
    let one = client
        .put_record()
        .stream_name(STREAM)
        .partition_key("500")
        .data(Blob::new("500"))
        .send()
        .await
        .expect("it is taken");
    let (all, _) = landed(&client, 500).await;
    assert_eq!(all.len(), 500);

    let mut there = Vec::new();
    let shards = client.list_shards().stream_name(STREAM).send().await;
    for shard in shards.expect("the stream is there").shards() {
        let start = iterator(&client, shard.shard_id(), ShardIteratorType::TrimHorizon).await;
        let records = read(&client, start, Some(100)).await.concat();
        assert!(!records.is_empty(), "{}", shard.shard_id());
        let ordered = |pair: &[Record]| pair[0].sequence_number() < pair[1].sequence_number();
        assert!(records.windows(2).all(ordered), "{}", shard.shard_id());
        there.extend(
            records
                .into_iter()
                .map(|record| (shard.shard_id().to_owned(), record)),
        );
    }

    there.sort_by(|(_, a), (_, b)| a.sequence_number().cmp(b.sequence_number()));
    let stored = kinesis.records(STREAM);
    assert_eq!(there.len(), 501);
    assert_eq!(stored.len(), 501);
    assert_eq!(stored[0].sequence_number, one.sequence_number());
    for ((shard, record), stored) in there.iter().zip(&stored) {
        assert_eq!(shard, &format!("shardId-{:012}", stored.shard));
        assert_eq!(record.sequence_number(), stored.sequence_number);
        assert_eq!(record.partition_key(), Some(&*stored.partition_key));
        assert_eq!(record.data().as_ref(), stored.data);
        let arrival = record.approximate_arrival_timestamp().expect("a time");
        let expected = stored.arrival.duration_since(UNIX_EPOCH);
        let expected = expected.expect("after 1970").as_secs_f64();
        // The SDK cuts what is below a nanosecond.
        assert!((arrival.as_secs_f64() - expected).abs() < 0.000_5);
    }
    let count = kinesis.requests();
    assert_eq!((count.requests, count.entries), (2, 501));
}

#[tokio::test]
async fn any_bytes_come_back_as_they_were() {
    let (kinesis, client) = with_shards(1);
    let all: Vec<u8> = (0..=255).collect();
    put(
        &client,
        vec![entry("\"\\ü\n", all.clone()), entry("empty", "")],
    )
    .await
    .expect("it is taken");

    let start = iterator(
        &client,
        "shardId-000000000000",
        ShardIteratorType::TrimHorizon,
    )
    .await;
    let records = read(&client, start, None).await.concat();

    assert_eq!(records[0].partition_key(), Some("\"\\ü\n"));
    assert_eq!(records[0].data().as_ref(), all);
    assert_eq!(records[1].data().as_ref(), b"");
    assert_eq!(kinesis.records(STREAM)[0].data, all);
}

#[tokio::test]
async fn an_iterator_begins_where_it_is_told() {
    let (kinesis, client) = with_shards(1);
    landed(&client, 5).await;
    let shard = "shardId-000000000000";
    let latest = iterator(&client, shard, ShardIteratorType::Latest).await;
    let third = kinesis.records(STREAM)[2].sequence_number.clone();
    let at = iterator_from(
        &client,
        shard,
        ShardIteratorType::AtSequenceNumber,
        Some(&third),
    )
    .await;
    let after = iterator_from(
        &client,
        shard,
        ShardIteratorType::AfterSequenceNumber,
        Some(&third),
    )
    .await;
    put(&client, vec![entry("5", "5")])
        .await
        .expect("it is taken");

    let keys = async |iterator| -> Vec<String> {
        let records = read(&client, iterator, Some(2)).await.concat();
        records
            .into_iter()
            .filter_map(|record| record.partition_key)
            .collect()
    };
    assert_eq!(keys(latest).await, ["5"]);
    assert_eq!(keys(at).await, ["2", "3", "4", "5"]);
    assert_eq!(keys(after).await, ["3", "4", "5"]);

    let get = client.get_shard_iterator().stream_name(STREAM);
    let get = get.shard_iterator_type(ShardIteratorType::TrimHorizon);
    let (code, _) = refusal(get.shard_id("shardId-000000000001").send().await);
    assert_eq!(code, "ResourceNotFoundException");
    let (code, _) = refusal(client.get_records().shard_iterator("nonsense").send().await);
    assert_eq!(code, "InvalidArgumentException");
}

#[tokio::test]
async fn the_md5_of_the_key_says_the_shard() {
    // By Python's hashlib: int(md5(key), 16) * 4 // 2**128.
    let expected = [
        ("customer-1", 2),
        ("customer-2", 2),
        ("a", 0),
        ("order/42", 1),
        ("Grüße", 1),
        ("0", 3),
        ("partition-key", 2),
    ];
    let (kinesis, client) = with_shards(4);
    let keys = expected.iter().map(|(key, _)| entry(key, "")).collect();

    put(&client, keys).await.expect("it is taken");

    let records = kinesis.records(STREAM);
    let shards: Vec<_> = records
        .iter()
        .map(|record| (record.partition_key.as_str(), record.shard))
        .collect();
    assert_eq!(shards, expected);
}

#[tokio::test]
async fn an_explicit_hash_key_reaches_every_shard() {
    let (kinesis, client) = with_shards(3);
    let shards = client.list_shards().stream_name(STREAM).send().await;
    let mut entries = Vec::new();
    for shard in shards.expect("the stream is there").shards() {
        let range = shard.hash_key_range().expect("a range");
        for key in [range.starting_hash_key(), range.ending_hash_key()] {
            let mut entry = entry("the same", "");
            entry.explicit_hash_key = Some(key.to_owned());
            entries.push(entry);
        }
    }

    put(&client, entries).await.expect("it is taken");

    let records = kinesis.records(STREAM);
    let shards: Vec<_> = records.iter().map(|record| record.shard).collect();
    assert_eq!(shards, [0, 0, 1, 1, 2, 2]);
    let with_hash_key = |key: &str| {
        let put = client.put_record().stream_name(STREAM).partition_key("a");
        put.data(Blob::new("a")).explicit_hash_key(key).send()
    };
    for (key, expected) in [
        (
            "340282366920938463463374607431768211456",
            "InvalidArgumentException",
        ),
        ("01", "ValidationException"),
        ("-1", "ValidationException"),
        ("x", "ValidationException"),
    ] {
        assert_eq!(refusal(with_hash_key(key).await).0, expected, "{key}");
    }
}

#[tokio::test]
async fn a_request_over_a_limit_is_refused_whole() {
    let (kinesis, client) = with_shards(1);
    let validation = ("ValidationException".to_owned(), 400);
    let argument = ("InvalidArgumentException".to_owned(), 400);
    let refused = async |entries| refusal(put(&client, entries).await);

    // 500 records.
    assert_eq!(refused(entries(501)).await, validation);
    assert_eq!(refused(entries(0)).await, validation);
    // 10 MiB with the keys.
    let ten: Vec<_> = (0..10).map(|_| entry("k", vec![0; MIB - 1])).collect();
    let mut more = ten.clone();
    more.push(entry("k", ""));
    assert_eq!(refused(more).await, argument);
    // A record with its key.
    assert_eq!(
        refused(vec![entry("k", ""), entry("k", vec![0; MIB])]).await,
        validation
    );
    // A key's length, in characters.
    assert_eq!(refused(vec![entry("", "")]).await, validation);
    assert_eq!(refused(vec![entry(&"ü".repeat(257), "")]).await, validation);
    assert_eq!(kinesis.records(STREAM), []);

    put(&client, ten).await.expect("10 MiB are allowed");
    put(&client, vec![entry(&"ü".repeat(256), "")])
        .await
        .expect("256 characters are allowed");
    landed(&client, 500).await;
    assert_eq!(kinesis.records(STREAM).len(), 511);
}

#[tokio::test]
async fn a_stream_can_be_made_to_take_larger_records() {
    let (kinesis, client) = with_shards(1);
    let summary = client
        .describe_stream_summary()
        .stream_name(STREAM)
        .send()
        .await;
    let summary = summary
        .expect("the stream is there")
        .stream_description_summary;
    let arn = summary.expect("a summary").stream_arn;
    let update = |kib| {
        let update = client.update_max_record_size().stream_arn(&arn);
        update.max_record_size_in_kib(kib).send()
    };
    for wrong in [1023, 10_241] {
        assert_eq!(refusal(update(wrong).await).0, "ValidationException");
    }

    update(2048).await.expect("2 MiB are allowed");

    put(&client, vec![entry("k", vec![0; 2 * MIB - 1])])
        .await
        .expect("2 MiB are allowed");
    let (code, _) = refusal(put(&client, vec![entry("k", vec![0; 2 * MIB])]).await);
    assert_eq!(code, "ValidationException");
    assert_eq!(kinesis.records(STREAM).len(), 1);
}

#[tokio::test]
async fn one_answer_has_ten_thousand_records_or_ten_mebibytes() {
    let (_kinesis, client) = with_shards(1);
    for _ in 0..21 {
        landed(&client, 500).await;
    }
    let shard = "shardId-000000000000";
    let start = iterator(&client, shard, ShardIteratorType::TrimHorizon).await;
    let large = iterator(&client, shard, ShardIteratorType::Latest).await;
    for _ in 0..12 {
        put(&client, vec![entry("k", vec![0; 900 * KIB])])
            .await
            .expect("it is taken");
    }

    let sizes = async |iterator| -> Vec<usize> {
        read(&client, iterator, None)
            .await
            .iter()
            .map(Vec::len)
            .collect()
    };
    assert_eq!(sizes(start).await, [10_000, 511, 1]);
    assert_eq!(sizes(large).await, [11, 1]);
    let over = client
        .get_records()
        .shard_iterator("events:0:0")
        .limit(10_001);
    assert_eq!(refusal(over.send().await).0, "ValidationException");
}

#[tokio::test]
async fn a_limited_shard_refuses_what_is_over_its_second() {
    let kinesis = Kinesis::start()
        .expect("a port is free")
        .with_shard_limits();
    kinesis.create_stream(STREAM, 2).expect("the stream is new");
    let client = client(&kinesis);
    let to = |shard: usize, data: Vec<u8>| {
        let mut entry = entry("k", data);
        entry.explicit_hash_key = Some(if shard == 0 { 0 } else { u128::MAX }.to_string());
        entry
    };

    // In one request, so in one second.
    let entries = vec![
        to(0, vec![0; 600 * KIB]),
        to(0, vec![0; 600 * KIB]),
        to(1, vec![0; 600 * KIB]),
        to(0, vec![0; KIB]),
    ];
    let answer = put(&client, entries).await.expect("it is taken");

    let codes: Vec<_> = answer
        .records()
        .iter()
        .map(|record| record.error_code())
        .collect();
    assert_eq!(codes, [None, Some(THROTTLED), None, None]);
    let message = answer.records()[1].error_message().expect("a message");
    assert!(
        message.contains("shardId-000000000000 in stream events"),
        "{message}"
    );
    assert_eq!(kinesis.records(STREAM).len(), 3);
}

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

#[tokio::test]
async fn another_can_start_on_the_port_of_the_last() {
    let (kinesis, client) = with_shards(1);
    landed(&client, 2).await;
    let port = kinesis.port();

    drop(kinesis);

    let error = put(&client, entries(2)).await.expect_err("nobody is there");
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    let kinesis = Kinesis::start_on_port(port).expect("the port is free again");
    kinesis.create_stream(STREAM, 1).expect("the stream is new");
    landed(&client, 3).await;
    assert_eq!(numbers(&kinesis.records(STREAM)), [0, 1, 2]);
    assert!(Kinesis::start_on_port(port).is_err());
}

#[tokio::test]
async fn an_unknown_operation_is_named() {
    let (_kinesis, client) = with_shards(1);

    let error = client
        .describe_limits()
        .send()
        .await
        .expect_err("it is unknown");

    assert_eq!(error.code(), Some("UnknownOperationException"));
    let message = error.message().expect("a message");
    assert!(message.contains("DescribeLimits"), "{message}");
}

#[tokio::test]
async fn a_test_is_told_when_records_come() {
    let (kinesis, client) = with_shards(2);
    landed(&client, 1).await;
    let coming = kinesis.subscribe(STREAM).expect("the stream is there");
    assert!(kinesis.subscribe("no such").is_err());
    landed(&client, 3).await;

    let records: Vec<_> = (0..4)
        .map(|_| coming.recv_timeout(SOON).expect("it has come"))
        .collect();

    assert_eq!(records, kinesis.records(STREAM));
    let started = Instant::now();
    assert_eq!(kinesis.wait_for(STREAM, 4, SOON), records);
    assert!(started.elapsed() < SOON);
    assert_eq!(
        kinesis.wait_for(STREAM, 5, Duration::from_millis(10)),
        records
    );
    assert_eq!(kinesis.wait_for("no such", 1, Duration::ZERO), []);

    let latest = iterator(
        &client,
        "shardId-000000000000",
        ShardIteratorType::TrimHorizon,
    )
    .await;
    assert_eq!(kinesis.take_records(STREAM), records);
    assert_eq!(kinesis.records(STREAM), []);
    assert_eq!(read(&client, latest, None).await.concat(), []);
    landed(&client, 1).await;
    let next = coming.recv_timeout(SOON).expect("it has come");
    assert!(next.sequence_number > records[3].sequence_number);
    assert_eq!(kinesis.records(STREAM), [next]);
    drop(kinesis);
    assert!(coming.recv_timeout(SOON).is_err());
}

#[test]
fn a_stream_that_the_service_refuses_is_refused() {
    let kinesis = Kinesis::start().expect("a port is free");
    let kind = |name: &str, shards| {
        kinesis
            .create_stream(name, shards)
            .map_err(|error| error.kind())
    };

    assert_eq!(kind(STREAM, 1), Ok(()));
    assert_eq!(kind(STREAM, 1), Err(std::io::ErrorKind::AlreadyExists));
    for (name, shards) in [("", 1), ("a b", 1), ("a", 0), ("a", 20_001)] {
        assert_eq!(
            kind(name, shards),
            Err(std::io::ErrorKind::InvalidInput),
            "{name}"
        );
    }
    assert_eq!(
        kind(&"a".repeat(129), 1),
        Err(std::io::ErrorKind::InvalidInput)
    );
}
