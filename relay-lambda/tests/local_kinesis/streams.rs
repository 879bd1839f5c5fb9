//! Streams come, are described and go.

use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{StreamMode, StreamModeDetails, StreamStatus};
use relay_lambda::local::Kinesis;

use crate::STREAM;
use crate::client::{client, refusal, with_shards};

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
