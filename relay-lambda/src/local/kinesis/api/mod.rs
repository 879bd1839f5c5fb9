//! What an operation gives, without how it comes in.

mod get;
mod put;
mod streams;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ApiError;
use super::store::Store;

pub(super) use streams::add_provisioned;

/// What an operation came to.
#[derive(Debug)]
pub(super) struct Reply {
    /// The body of the answer: empty for the operations that give nothing.
    pub(super) answer: Result<Vec<u8>, ApiError>,
    /// How late the answer is sent.
    pub(super) delay: Option<Duration>,
    /// Whether the connection is closed in place of an answer.
    pub(super) lost: bool,
}

impl From<Result<Vec<u8>, ApiError>> for Reply {
    fn from(answer: Result<Vec<u8>, ApiError>) -> Reply {
        Reply {
            answer,
            delay: None,
            lost: false,
        }
    }
}

/// Carries out one operation.
pub(super) fn call(store: &Store, operation: &str, body: &[u8]) -> Reply {
    let answer = match operation {
        "PutRecord" => return put::record(store, body),
        "PutRecords" => return put::records(store, body),
        "GetShardIterator" => get::shard_iterator(store, body),
        "GetRecords" => get::records(store, body),
        "CreateStream" => streams::create(store, body),
        "DeleteStream" => streams::delete(store, body),
        "DescribeStream" => streams::describe(store, body),
        "DescribeStreamSummary" => streams::describe_summary(store, body),
        "ListShards" => streams::list_shards(store, body),
        "ListStreams" => streams::list(store, body),
        "UpdateMaxRecordSize" => streams::update_max_record_size(store, body),
        _ => Err(ApiError::unknown_operation(operation)),
    };
    Reply::from(answer)
}

/// The parameters of an operation. Those that are not known here are passed over.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(ApiError::unreadable)
}

fn to_json(answer: &impl Serialize) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(answer).map_err(|_| ApiError::internal_failure())
}

/// The name of the stream that a request is about. One of the two is enough.
fn stream_name(name: Option<String>, arn: Option<String>) -> Result<String, ApiError> {
    let in_arn = match &arn {
        None => None,
        Some(arn) => match arn.split_once(":stream/") {
            Some((_, name)) => Some(name),
            None => return Err(ApiError::constraint("streamARN", "be the ARN of a stream")),
        },
    };
    match (name, in_arn) {
        (Some(name), Some(in_arn)) if name != in_arn => {
            Err(ApiError::invalid_argument(format_args!(
                "StreamName {name} and StreamARN {} are two streams.",
                arn.unwrap_or_default()
            )))
        }
        (Some(name), _) => Ok(name),
        (None, Some(in_arn)) => Ok(in_arn.to_owned()),
        (None, None) => Err(ApiError::invalid_argument(
            "Either StreamName or StreamARN should be provided.",
        )),
    }
}

/// How many things a page has, which the service lets be 10,000 at most.
fn page_size(at: &str, asked: Option<usize>, default: usize) -> Result<usize, ApiError> {
    match asked {
        None => Ok(default),
        Some(size @ 1..=10_000) => Ok(size),
        Some(0) => Err(ApiError::constraint(
            at,
            "have value greater than or equal to 1",
        )),
        Some(_) => Err(ApiError::constraint(
            at,
            "have value less than or equal to 10000",
        )),
    }
}
