//! Which shard a record goes to.

use aws_sdk_kinesis::primitives::Blob;

use crate::STREAM;
use crate::client::{entry, put, refusal, with_shards};

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
