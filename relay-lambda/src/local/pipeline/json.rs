//! A JSON object a line, for scripts. What is in them is described in `--help`.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::happening::Happening;
use super::output::Started;
use super::summary::{Latencies, Summary};
use crate::local::StoredRecord;

pub(super) fn started(started: &Started) -> String {
    line(&json!({
        "type": "started",
        "serverVersion": started.version,
        "databaseUrl": started.database_url,
        "kinesisUrl": started.kinesis_url,
        "stream": started.stream,
        "refusedStream": started.refused_stream,
        "shards": started.shards,
        "tables": started.tables,
    }))
}

pub(super) fn happening(happening: &Happening) -> String {
    let mut lines = match happening {
        Happening::Record(stored) => record(stored),
        Happening::Refused(_) => String::new(),
        Happening::Call(call) => call.failure.as_ref().map_or_else(String::new, |error| {
            line(&json!({
                "type": "failed",
                "errorType": error.name(),
                "message": error.to_string(),
            }))
        }),
    };
    for refusal in happening.refusals() {
        lines.push_str(&line(&json!({
            "type": "refused",
            "table": refusal.table,
            "seq": refusal.seq,
            "reason": refusal.reason,
        })));
    }
    lines
}

fn record(stored: &StoredRecord) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Record<'a> {
        r#type: &'static str,
        shard: usize,
        sequence_number: &'a str,
        partition_key: &'a str,
        /// As it is in the stream, digit by digit.
        data: &'a RawValue,
    }

    // Another program may write to the stream too.
    let text = Value::from(String::from_utf8_lossy(&stored.data)).to_string();
    let other: Box<RawValue> = RawValue::from_string(text).expect("a text is JSON");
    line(&Record {
        r#type: "record",
        shard: stored.shard,
        sequence_number: &stored.sequence_number,
        partition_key: &stored.partition_key,
        data: serde_json::from_slice(&stored.data).unwrap_or(&other),
    })
}

pub(super) fn summary(summary: &Summary) -> String {
    line(&json!({
        "type": "summary",
        "seconds": summary.duration().as_secs_f64(),
        "tables": summary.tables,
        "changes": summary.changes(),
        "records": summary.records,
        "calls": summary.calls,
        "failed": summary.failed,
        "refused": summary.refused,
        "putMs": latencies(&summary.put),
        "writeToRecordMs": latencies(&summary.write_to_record),
    }))
}

fn latencies(latencies: &Latencies) -> Value {
    latencies.p50_and_p99().map_or(
        Value::Null,
        |(p50, p99)| json!({"p50": p50.as_secs_f64() * 1000.0, "p99": p99.as_secs_f64() * 1000.0}),
    )
}

fn line(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).expect("texts, numbers and JSON are JSON");
    line.push('\n');
    line
}
