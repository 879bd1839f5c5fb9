//! What a call did, in numbers, and these numbers in the form that CloudWatch takes out of a log.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

/// What became of one call, in numbers: never a value of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Events in the payload.
    pub received: u64,
    /// Events of which a record is in the stream.
    pub written: u64,
    /// Events that were refused.
    pub refused: u64,
    /// Entries that were sent once more.
    pub retried: u64,
    /// How long each request to Kinesis took.
    pub put_latencies: Vec<Duration>,
    /// Milliseconds between the capture of the oldest event and the end of the call, by the clocks of the database and of
    /// this machine.
    pub oldest_event_ms: Option<i64>,
    /// Dead letters that the database keeps, counted to a thousand: events that a relay refused, and changes of tables
    /// that do not fit their structs. Only a drain tells.
    pub dead_letters: Option<u64>,
    /// Batches whose contract is another than the struct's, by table.
    pub fingerprint_mismatches: BTreeMap<String, u64>,
}

/// The namespace of all metrics.
const NAMESPACE: &str = "aurora-trigger";

impl Metrics {
    /// The lines of the embedded metric format, a JSON object each: one for the call, and one for each table whose contract
    /// is another.
    ///
    /// `now_ms` is the time of the values, milliseconds since 1970 in UTC; `cold_start` says that this was the first call
    /// of the process.
    #[must_use]
    pub fn to_lines(&self, function: &str, cold_start: bool, now_ms: i64) -> Vec<String> {
        let mut call = vec![
            ("EventsReceived", "Count", json!(self.received)),
            ("EventsWritten", "Count", json!(self.written)),
            ("EventsRefused", "Count", json!(self.refused)),
            ("EntriesRetried", "Count", json!(self.retried)),
            ("ColdStart", "Count", json!(u8::from(cold_start))),
        ];
        if !self.put_latencies.is_empty() {
            call.push(("PutLatency", "Milliseconds", json!(self.latencies())));
        }
        if let Some(age) = self.oldest_event_ms {
            call.push(("OldestEventAge", "Milliseconds", json!(age)));
        }
        if let Some(letters) = self.dead_letters {
            call.push(("DeadLetters", "Count", json!(letters)));
        }
        let mut lines = vec![line(&[("FunctionName", function)], &call, now_ms)];
        for (table, batches) in &self.fingerprint_mismatches {
            lines.push(line(
                &[("FunctionName", function), ("Table", table)],
                &[("FingerprintMismatch", "Count", json!(batches))],
                now_ms,
            ));
        }
        lines
    }

    /// In milliseconds with their fractions, at most as many as a metric takes.
    fn latencies(&self) -> Vec<f64> {
        self.put_latencies
            .iter()
            .take(100)
            .map(|latency| latency.as_secs_f64() * 1000.0)
            .collect()
    }
}

fn line(dimensions: &[(&str, &str)], metrics: &[(&str, &str, Value)], now_ms: i64) -> String {
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let definitions: Vec<Value> = metrics
        .iter()
        .map(|(name, unit, _)| json!({"Name": name, "Unit": unit}))
        .collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": now_ms,
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [names], "Metrics": definitions}],
        },
    });
    for (name, value) in dimensions {
        line[*name] = json!(value);
    }
    for (name, _, value) in metrics {
        line[*name] = value.clone();
    }
    line.to_string()
}
