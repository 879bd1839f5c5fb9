use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::ApiError;
use super::super::shard::{SequenceNumber, ShardId};
use super::super::store::Store;
use super::super::stream::{Stream, arn, epoch_seconds};
use super::{page_size, parse, stream_name, to_json};

/// How many shards an on-demand stream begins with.
const ON_DEMAND_SHARDS: usize = 4;
const MAX_SHARDS: usize = 20_000;

const DEFAULT_RECORD_KIB: usize = 1024;
const MAX_RECORD_KIB: usize = 10_240;

const MAX_NAME_CHARS: usize = 128;

const RETENTION_HOURS: u32 = 24;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateStream {
    stream_name: String,
    shard_count: Option<usize>,
    stream_mode_details: Option<StreamModeDetails>,
    #[serde(rename = "MaxRecordSizeInKiB")]
    max_record_kib: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StreamModeDetails {
    stream_mode: String,
}

/// The parameters of several operations: which stream, and which part of it or of the list.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    #[serde(alias = "MaxResults")]
    limit: Option<usize>,
    exclusive_start_shard_id: Option<String>,
    exclusive_start_stream_name: Option<String>,
    next_token: Option<String>,
    #[serde(rename = "MaxRecordSizeInKiB")]
    max_record_kib: Option<usize>,
}

impl Named {
    fn stream_name(&mut self) -> Result<String, ApiError> {
        stream_name(self.stream_name.take(), self.stream_arn.take())
    }
}

pub(super) fn create(store: &Store, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let request: CreateStream = parse(body)?;
    let mode = request.stream_mode_details.as_ref();
    let on_demand = match mode.map_or("PROVISIONED", |mode| &mode.stream_mode) {
        "PROVISIONED" => false,
        "ON_DEMAND" => true,
        _ => {
            return Err(ApiError::constraint(
                "streamModeDetails.streamMode",
                "satisfy enum value set: [PROVISIONED, ON_DEMAND]",
            ));
        }
    };
    let shards = match (on_demand, request.shard_count) {
        (true, None) => ON_DEMAND_SHARDS,
        (false, Some(shards)) => shards,
        (true, Some(_)) => {
            return Err(ApiError::invalid_argument(
                "ShardCount is not allowed in the ON_DEMAND mode.",
            ));
        }
        (false, None) => {
            return Err(ApiError::invalid_argument(
                "ShardCount is required in the PROVISIONED mode.",
            ));
        }
    };
    let record_kib = record_size(request.max_record_kib.unwrap_or(DEFAULT_RECORD_KIB))?;
    add(store, request.stream_name, shards, on_demand, record_kib)?;
    Ok(Vec::new())
}

/// Adds a stream with as many shards as are asked for and records of the usual size.
pub(in super::super) fn add_provisioned(
    store: &Store,
    name: &str,
    shards: usize,
) -> Result<(), ApiError> {
    add(store, name.to_owned(), shards, false, DEFAULT_RECORD_KIB)
}

fn add(
    store: &Store,
    name: String,
    shards: usize,
    on_demand: bool,
    record_kib: usize,
) -> Result<(), ApiError> {
    let allowed = |char: char| char.is_ascii_alphanumeric() || "_.-".contains(char);
    if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.chars().all(allowed) {
        return Err(ApiError::constraint(
            "streamName",
            "satisfy regular expression pattern: [a-zA-Z0-9_.-]{1,128}",
        ));
    }
    if shards == 0 {
        return Err(ApiError::constraint(
            "shardCount",
            "have value greater than or equal to 1",
        ));
    }
    if shards > MAX_SHARDS {
        return Err(ApiError::limit_exceeded(format_args!(
            "No more than {MAX_SHARDS} shards, not {shards}."
        )));
    }
    store.create(name, Stream::new(shards, on_demand, record_kib))
}

pub(super) fn delete(store: &Store, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let name = parse::<Named>(body)?.stream_name()?;
    match store.streams().remove(&name) {
        Some(_) => Ok(Vec::new()),
        None => Err(ApiError::no_stream(&name)),
    }
}

pub(super) fn describe(store: &Store, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let mut request: Named = parse(body)?;
    let name = request.stream_name()?;
    let size = page_size("limit", request.limit, 100)?;
    store.with_stream(&name, |stream| {
        let first = after(request.exclusive_start_shard_id.as_deref())?;
        let mut description = description(&name, stream);
        description["Shards"] = shards(stream, first, size);
        description["HasMoreShards"] = (first + size < stream.hash_keys.shards()).into();
        to_json(&json!({ "StreamDescription": description }))
    })
}

pub(super) fn describe_summary(store: &Store, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let name = parse::<Named>(body)?.stream_name()?;
    store.with_stream(&name, |stream| {
        let mut description = description(&name, stream);
        description["OpenShardCount"] = stream.hash_keys.shards().into();
        description["ConsumerCount"] = 0.into();
        description["MaxRecordSizeInKiB"] = stream.max_record_kib.into();
        to_json(&json!({ "StreamDescriptionSummary": description }))
    })
}

/// What both ways to describe a stream have.
fn description(name: &str, stream: &Stream) -> Value {
    let mut description = summary(name, stream);
    description["RetentionPeriodHours"] = RETENTION_HOURS.into();
    description["EnhancedMonitoring"] = json!([{ "ShardLevelMetrics": [] }]);
    description["EncryptionType"] = "NONE".into();
    description
}

/// What the list of streams has of each.
fn summary(name: &str, stream: &Stream) -> Value {
    let mode = if stream.on_demand {
        "ON_DEMAND"
    } else {
        "PROVISIONED"
    };
    json!({
        "StreamName": name,
        "StreamARN": arn(name),
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": { "StreamMode": mode },
        "StreamCreationTimestamp": epoch_seconds(stream.created),
    })
}

pub(super) fn list_shards(store: &Store, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let mut request: Named = parse(body)?;
    let size = page_size("maxResults", request.limit, 1000)?;
    // A token says all that the request it goes on with said.
    let (name, first) = match request.next_token.take() {
        Some(token) => token
            .rsplit_once(':')
            .and_then(|(name, first)| Some((name.to_owned(), first.parse().ok()?)))
            .ok_or_else(|| ApiError::invalid_argument("Invalid NextToken."))?,
        None => (
            request.stream_name()?,
            after(request.exclusive_start_shard_id.as_deref())?,
        ),
    };
    store.with_stream(&name, |stream| {
        let mut answer = json!({ "Shards": shards(stream, first, size) });
        let next = first.saturating_add(size);
        if next < stream.hash_keys.shards() {
            answer["NextToken"] = format!("{name}:{next}").into();
        }
        to_json(&answer)
    })
}

/// The first shard after the one of this name, or the first of all.
fn after(shard: Option<&str>) -> Result<usize, ApiError> {
    match shard {
        None => Ok(0),
        Some(text) => match ShardId::parse(text) {
            Some(ShardId(shard)) => Ok(shard.saturating_add(1)),
            None => Err(ApiError::invalid_argument(format_args!(
                "Invalid ExclusiveStartShardId {text}."
            ))),
        },
    }
}

fn shards(stream: &Stream, first: usize, size: usize) -> Value {
    (0..stream.hash_keys.shards())
        .skip(first)
        .take(size)
        .map(|shard| {
            let (starting, ending) = stream.hash_keys.range_of(shard);
            json!({
                "ShardId": ShardId(shard),
                "HashKeyRange": {
                    "StartingHashKey": starting.to_string(),
                    "EndingHashKey": ending.to_string(),
                },
                "SequenceNumberRange": { "StartingSequenceNumber": SequenceNumber(0) },
            })
        })
        .collect()
}

pub(super) fn list(store: &Store, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let request: Named = parse(body)?;
    let size = page_size("limit", request.limit, 100)?;
    let last = request.next_token.or(request.exclusive_start_stream_name);
    let last = last.unwrap_or_default();
    let streams = store.streams();
    let mut rest = streams.iter().filter(|(name, _)| **name > last);
    let page: Vec<_> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    let names: Vec<_> = page.iter().map(|(name, _)| name).collect();
    let summaries: Vec<_> = page
        .iter()
        .map(|(name, stream)| summary(name, stream))
        .collect();
    let mut answer = json!({
        "StreamNames": names,
        "HasMoreStreams": more,
        "StreamSummaries": summaries,
    });
    if let (true, Some(last)) = (more, names.last()) {
        answer["NextToken"] = last.as_str().into();
    }
    to_json(&answer)
}

pub(super) fn update_max_record_size(store: &Store, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let mut request: Named = parse(body)?;
    let name = request.stream_name()?;
    let record_kib = record_size(request.max_record_kib.unwrap_or_default())?;
    store.with_stream(&name, |stream| {
        stream.max_record_kib = record_kib;
        Ok(Vec::new())
    })
}

fn record_size(kib: usize) -> Result<usize, ApiError> {
    if kib < DEFAULT_RECORD_KIB {
        Err(ApiError::constraint(
            "maxRecordSizeInKiB",
            format_args!("have value greater than or equal to {DEFAULT_RECORD_KIB}"),
        ))
    } else if kib > MAX_RECORD_KIB {
        Err(ApiError::constraint(
            "maxRecordSizeInKiB",
            format_args!("have value less than or equal to {MAX_RECORD_KIB}"),
        ))
    } else {
        Ok(kib)
    }
}
