//! How a consumer goes through a shard.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::{Record, ShardIteratorType};

use crate::STREAM;

/// Reads a shard from where an iterator begins to its end.
pub(crate) async fn read(
    client: &Client,
    iterator: Option<String>,
    limit: Option<i32>,
) -> Vec<Vec<Record>> {
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

pub(crate) async fn iterator(
    client: &Client,
    shard: &str,
    from: ShardIteratorType,
) -> Option<String> {
    iterator_from(client, shard, from, None).await
}

pub(crate) async fn iterator_from(
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
