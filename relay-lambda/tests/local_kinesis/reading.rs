//! What is read is what was put.

use std::time::UNIX_EPOCH;

use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{Record, ShardIteratorType};

use crate::STREAM;
use crate::client::{entry, landed, put, refusal, with_shards};
use crate::consumer::{iterator, iterator_from, read};

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
