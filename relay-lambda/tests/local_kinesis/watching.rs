//! How a test sees what lands, without being a client.

use std::time::{Duration, Instant};

use aws_sdk_kinesis::types::ShardIteratorType;

use crate::client::{landed, with_shards};
use crate::consumer::{iterator, read};
use crate::{SOON, STREAM};

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
