use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

use super::super::error::ApiError;
use super::super::fault::KinesisFault;
use super::super::shard::{SequenceNumber, ShardId, hash_key};
use super::super::store::Store;
use super::super::stream::{Entry, Put, Stream};
use super::{Reply, parse, stream_name, to_json};

const MAX_ENTRIES: usize = 500;
const MAX_REQUEST_BYTES: usize = 10 * 1024 * 1024;
const MAX_PARTITION_KEY_CHARS: usize = 256;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecord {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    data: Blob,
    partition_key: String,
    explicit_hash_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecords {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    records: Vec<RequestEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RequestEntry {
    data: Blob,
    partition_key: String,
    explicit_hash_key: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecordAnswer {
    shard_id: ShardId,
    sequence_number: SequenceNumber,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecordsAnswer {
    failed_record_count: usize,
    records: Vec<ResultEntry>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ResultEntry {
    #[serde(rename_all = "PascalCase")]
    Landed {
        shard_id: ShardId,
        sequence_number: SequenceNumber,
    },
    #[serde(rename_all = "PascalCase")]
    Failed {
        error_code: &'static str,
        error_message: String,
    },
}

/// Bytes that are base64 on the wire, decoded as they are read.
struct Blob(Vec<u8>);

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Blob, D::Error> {
        struct Base64;

        impl Visitor<'_> for Base64 {
            type Value = Blob;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("base64")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Blob, E> {
                BASE64_STANDARD.decode(text).map(Blob).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Base64)
    }
}

/// A request that breaks no rule which can be checked without the stream.
struct Request {
    name: String,
    entries: Vec<Entry>,
    /// Whether it is a `PutRecords`, whose errors say which entry they mean.
    batch: bool,
}

pub(super) fn record(store: &Store, body: &[u8]) -> Reply {
    put(store, read_one(body), |name, puts| {
        let Some(&Put { shard, outcome }) = puts.first() else {
            return Err(ApiError::internal_failure());
        };
        to_json(&PutRecordAnswer {
            shard_id: ShardId(shard),
            sequence_number: outcome.map_err(|error| error.of_request(name, shard))?,
        })
    })
}

pub(super) fn records(store: &Store, body: &[u8]) -> Reply {
    put(store, read_batch(body), |name, puts| {
        to_json(&PutRecordsAnswer {
            failed_record_count: puts.iter().filter(|put| put.outcome.is_err()).count(),
            records: puts.iter().map(|put| ResultEntry::new(name, put)).collect(),
        })
    })
}

fn read_one(body: &[u8]) -> Result<Request, ApiError> {
    let request: PutRecord = parse(body)?;
    let entry = RequestEntry {
        data: request.data,
        partition_key: request.partition_key,
        explicit_hash_key: request.explicit_hash_key,
    };
    Ok(Request {
        name: stream_name(request.stream_name, request.stream_arn)?,
        entries: vec![entry.check(false, 0)?],
        batch: false,
    })
}

fn read_batch(body: &[u8]) -> Result<Request, ApiError> {
    let request: PutRecords = parse(body)?;
    let name = stream_name(request.stream_name, request.stream_arn)?;
    if request.records.is_empty() {
        return Err(ApiError::constraint(
            "records",
            "have length greater than or equal to 1",
        ));
    }
    if request.records.len() > MAX_ENTRIES {
        return Err(ApiError::constraint(
            "records",
            format_args!("have length less than or equal to {MAX_ENTRIES}"),
        ));
    }
    let entries: Vec<Entry> = request
        .records
        .into_iter()
        .enumerate()
        .map(|(index, entry)| entry.check(true, index))
        .collect::<Result<_, _>>()?;
    if entries.iter().map(Entry::bytes).sum::<usize>() > MAX_REQUEST_BYTES {
        return Err(ApiError::invalid_argument(
            "Records size exceeds 10 MB limit",
        ));
    }
    Ok(Request {
        name,
        entries,
        batch: true,
    })
}

/// Lets a request meet what has been ordered for it, and the stream.
fn put(
    store: &Store,
    request: Result<Request, ApiError>,
    answer: impl FnOnce(&str, &[Put]) -> Result<Vec<u8>, ApiError>,
) -> Reply {
    let Request {
        name,
        entries,
        batch,
    } = match request {
        Ok(request) => request,
        Err(error) => return Reply::from(Err(error)),
    };
    store.count(entries.len());
    let fate = store.faults.take();
    let land = || {
        let puts = store.put(&name, entries, |stream, entries| {
            check_sizes(stream, entries, batch)
        })?;
        answer(&name, &puts)
    };
    let (answer, lost) = match fate.fault {
        None => (land(), false),
        Some(KinesisFault::LoseAnswer) => (land(), true),
        Some(KinesisFault::LoseRequest) => (Ok(Vec::new()), true),
        Some(KinesisFault::InternalFailure) => (Err(ApiError::internal_failure()), false),
        Some(KinesisFault::LimitExceeded) => {
            let message = format_args!("Limit exceeded for stream {name}.");
            (Err(ApiError::limit_exceeded(message)), false)
        }
        Some(KinesisFault::Throttle) => {
            let message = format_args!("Rate exceeded for stream {name}.");
            (Err(ApiError::throttled(message)), false)
        }
    };
    Reply {
        answer,
        delay: fate.delay,
        lost,
    }
}

/// No record may be larger than its stream lets it be, its key included.
fn check_sizes(stream: &Stream, entries: &[Entry], batch: bool) -> Result<(), ApiError> {
    let limit = stream.max_record_kib * 1024;
    match entries.iter().position(|entry| entry.bytes() > limit) {
        None => Ok(()),
        Some(index) => Err(ApiError::constraint(
            place(batch, index, "data"),
            format_args!("have length less than or equal to {limit}"),
        )),
    }
}

/// How an error says which value it means.
fn place(batch: bool, index: usize, field: &str) -> String {
    if batch {
        format!("records.{}.member.{field}", index + 1)
    } else {
        field.to_owned()
    }
}

impl RequestEntry {
    fn check(self, batch: bool, index: usize) -> Result<Entry, ApiError> {
        let at = |field| place(batch, index, field);
        if self.partition_key.is_empty() {
            return Err(ApiError::constraint(
                at("partitionKey"),
                "have length greater than or equal to 1",
            ));
        }
        if self.partition_key.chars().count() > MAX_PARTITION_KEY_CHARS {
            return Err(ApiError::constraint(
                at("partitionKey"),
                format_args!("have length less than or equal to {MAX_PARTITION_KEY_CHARS}"),
            ));
        }
        let hash_key = match self.explicit_hash_key {
            None => hash_key(&self.partition_key),
            Some(key) if is_number(&key) => key.parse().map_err(|_| {
                ApiError::invalid_argument(format_args!(
                    "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. \
                     Specified value was {key}"
                ))
            })?,
            Some(_) => {
                return Err(ApiError::constraint(
                    at("explicitHashKey"),
                    r"satisfy regular expression pattern: 0|([1-9]\d{0,38})",
                ));
            }
        };
        Ok(Entry {
            partition_key: self.partition_key,
            hash_key,
            data: self.data.0,
        })
    }
}

/// Whether a hash key is written as the service's model has it.
fn is_number(text: &str) -> bool {
    text == "0"
        || (text.len() <= 39
            && !text.starts_with('0')
            && !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_digit()))
}

impl ResultEntry {
    fn new(stream: &str, put: &Put) -> ResultEntry {
        match put.outcome {
            Ok(sequence_number) => ResultEntry::Landed {
                shard_id: ShardId(put.shard),
                sequence_number,
            },
            Err(error) => ResultEntry::Failed {
                error_code: error.code(),
                error_message: error.message(stream, put.shard),
            },
        }
    }
}
