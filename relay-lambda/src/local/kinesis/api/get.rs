use std::fmt;
use std::time::SystemTime;

use base64::display::Base64Display;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize, Serializer};

use super::super::StoredRecord;
use super::super::error::ApiError;
use super::super::shard::{SequenceNumber, ShardId};
use super::super::store::Store;
use super::super::stream::{Stream, epoch_seconds};
use super::{page_size, parse, stream_name, to_json};

/// How many records, and how many bytes of data, one `GetRecords` gives.
const MAX_RECORDS: usize = 10_000;
const MAX_BYTES: usize = 10 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetShardIterator {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    shard_id: String,
    shard_iterator_type: String,
    starting_sequence_number: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetShardIteratorAnswer {
    shard_iterator: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetRecords {
    shard_iterator: String,
    limit: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetRecordsAnswer<'a> {
    records: Vec<Record<'a>>,
    next_shard_iterator: String,
    millis_behind_latest: u128,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Record<'a> {
    sequence_number: &'a str,
    approximate_arrival_timestamp: f64,
    #[serde(serialize_with = "base64")]
    data: &'a [u8],
    partition_key: &'a str,
}

/// What a shard iterator means: where the next `GetRecords` begins. It never expires.
struct ShardIterator<'a> {
    stream: &'a str,
    shard: usize,
    place: usize,
}

pub(super) fn shard_iterator(store: &Store, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let request: GetShardIterator = parse(body)?;
    let name = stream_name(request.stream_name, request.stream_arn)?;
    store.with_stream(&name, |stream| {
        let shard = match ShardId::parse(&request.shard_id) {
            Some(ShardId(shard)) if shard < stream.hash_keys.shards() => shard,
            _ => return Err(ApiError::no_shard(&name, &request.shard_id)),
        };
        let sequence_number = request.starting_sequence_number.as_deref();
        let place = match request.shard_iterator_type.as_str() {
            "TRIM_HORIZON" => 0,
            "LATEST" => stream.end(),
            "AT_SEQUENCE_NUMBER" => starting(stream, sequence_number)?.saturating_sub(1),
            "AFTER_SEQUENCE_NUMBER" => starting(stream, sequence_number)?,
            other => {
                return Err(ApiError::invalid_argument(format_args!(
                    "the local Kinesis has no shard iterator of type {other}"
                )));
            }
        };
        let iterator = ShardIterator {
            stream: &name,
            shard,
            place,
        };
        to_json(&GetShardIteratorAnswer {
            shard_iterator: iterator.to_string(),
        })
    })
}

/// How many records of the stream there were up to and with this sequence number.
fn starting(stream: &Stream, sequence_number: Option<&str>) -> Result<usize, ApiError> {
    let text = sequence_number.unwrap_or_default();
    match SequenceNumber::parse(text) {
        Some(SequenceNumber(number)) if number <= stream.end() => Ok(number),
        _ => Err(ApiError::invalid_argument(format_args!(
            "StartingSequenceNumber {text} is not one of this stream."
        ))),
    }
}

pub(super) fn records(store: &Store, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let request: GetRecords = parse(body)?;
    let limit = page_size("limit", request.limit, MAX_RECORDS)?;
    let invalid = || ApiError::invalid_argument("Invalid ShardIterator.");
    let iterator = ShardIterator::parse(&request.shard_iterator).ok_or_else(invalid)?;
    store.with_stream(iterator.stream, |stream| {
        if iterator.shard >= stream.hash_keys.shards() || iterator.place > stream.end() {
            return Err(invalid());
        }
        let mut coming = stream.read(iterator.shard, iterator.place).peekable();
        let mut records = Vec::new();
        let mut bytes = 0;
        // All before the first that stays behind have been read, whatever shard they are of.
        let mut next = iterator.place;
        let behind = loop {
            let Some((place, record)) = coming.peek().copied() else {
                next = stream.end().max(next);
                break 0;
            };
            bytes += record.data.len();
            if records.len() == limit || bytes > MAX_BYTES {
                next = place;
                break millis_since(record.arrival);
            }
            records.push(Record::from(record));
            coming.next();
        };
        let following = ShardIterator {
            place: next,
            ..iterator
        };
        to_json(&GetRecordsAnswer {
            records,
            next_shard_iterator: following.to_string(),
            millis_behind_latest: behind,
        })
    })
}

fn millis_since(arrival: SystemTime) -> u128 {
    arrival.elapsed().unwrap_or_default().as_millis()
}

fn base64<S: Serializer>(data: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Base64Display::new(data, &BASE64_STANDARD))
}

impl<'a> From<&'a StoredRecord> for Record<'a> {
    fn from(record: &'a StoredRecord) -> Record<'a> {
        Record {
            sequence_number: &record.sequence_number,
            approximate_arrival_timestamp: epoch_seconds(record.arrival),
            data: &record.data,
            partition_key: &record.partition_key,
        }
    }
}

impl ShardIterator<'_> {
    fn parse(text: &str) -> Option<ShardIterator<'_>> {
        let mut parts = text.split(':');
        let iterator = ShardIterator {
            stream: parts.next()?,
            shard: parts.next()?.parse().ok()?,
            place: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(iterator)
    }
}

impl fmt::Display for ShardIterator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No stream has a colon in its name.
        write!(f, "{}:{}:{}", self.stream, self.shard, self.place)
    }
}
