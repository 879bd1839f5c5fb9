//! A client, what it puts, and what became of it.

use std::collections::BTreeSet;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::timeout::TimeoutConfig;
use aws_sdk_kinesis::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::put_records::{PutRecordsError, PutRecordsOutput};
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use aws_smithy_http_client::Builder;
use relay_lambda::local::{Kinesis, StoredRecord};

use crate::STREAM;

/// A Kinesis with one stream, and a client of it.
pub(crate) fn with_shards(shards: usize) -> (Kinesis, Client) {
    let kinesis = Kinesis::start().expect("a port is free");
    kinesis
        .create_stream(STREAM, shards)
        .expect("the stream is new");
    let client = client(&kinesis);
    (kinesis, client)
}

/// A client that says what it is told, once.
pub(crate) fn client(kinesis: &Kinesis) -> Client {
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

pub(crate) fn entry(partition_key: &str, data: impl Into<Vec<u8>>) -> PutRecordsRequestEntry {
    PutRecordsRequestEntry::builder()
        .partition_key(partition_key)
        .data(Blob::new(data))
        .build()
        .expect("an entry has a key and data")
}

/// As many entries, with their number for the key and for the data.
pub(crate) fn entries(count: usize) -> Vec<PutRecordsRequestEntry> {
    (0..count)
        .map(|number| number.to_string())
        .map(|number| entry(&number, number.clone()))
        .collect()
}

pub(crate) async fn put(
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
pub(crate) async fn landed(client: &Client, count: usize) -> (Vec<usize>, BTreeSet<String>) {
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
pub(crate) fn numbers(records: &[StoredRecord]) -> Vec<usize> {
    let number = |record: &StoredRecord| {
        assert_eq!(record.data, record.partition_key.as_bytes());
        record.partition_key.parse().expect("a number")
    };
    records.iter().map(number).collect()
}

/// The name of the error that the service gave, and its HTTP status.
pub(crate) fn refusal<T, E>(result: Result<T, SdkError<E>>) -> (String, u16)
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
