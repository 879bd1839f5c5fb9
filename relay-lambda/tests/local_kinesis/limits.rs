//! The limits of the service, up to which all is taken and given.

use aws_sdk_kinesis::types::ShardIteratorType;
use relay_lambda::local::Kinesis;

use crate::client::{client, entries, entry, landed, put, refusal, with_shards};
use crate::consumer::{iterator, read};
use crate::{KIB, MIB, STREAM, THROTTLED};

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
