//! What there is to show, in the order in which it came.

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use crate::local::StoredRecord;
use crate::{CallError, Handled};

pub(super) enum Happening {
    /// A record has come into the stream.
    Record(StoredRecord),
    /// An event was refused in a call for whose answer nobody waits.
    Refused(Refusal),
    /// The relay has seen to a call.
    Call(Call),
}

/// An event that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Its table; `None` where not even that could be read.
    pub(super) table: Option<String>,
    pub(super) seq: Option<u64>,
    pub(super) reason: String,
}

/// The table of an event, as far as it is needed here.
#[derive(Deserialize)]
struct Source {
    schema: String,
    table: String,
}

impl Source {
    fn name(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }
}

/// What became of a call.
pub(super) struct Call {
    pub(super) put_latencies: Vec<Duration>,
    /// What the caller was told of, which waited for the answer.
    pub(super) refused: Vec<Refusal>,
    pub(super) failure: Option<CallError>,
}

impl Refusal {
    /// The reason, behind the table where that is known.
    pub(super) fn reason_of_table(&self) -> String {
        match &self.table {
            Some(table) => format!("{table}: {}", self.reason),
            None => self.reason.clone(),
        }
    }
}

impl Happening {
    /// `payload`: what the call held.
    pub(super) fn of_call(payload: &str, handled: &Handled) -> Self {
        let answer = handled.answer.as_ref();
        Self::Call(Call {
            put_latencies: handled.metrics.put_latencies.clone(),
            refused: answer.map_or_else(|_| Vec::new(), |answer| refused_in(answer, payload)),
            failure: answer.err().cloned(),
        })
    }

    /// From a record of the stream of refused events.
    pub(super) fn of_refused(record: &StoredRecord) -> Self {
        #[derive(Deserialize)]
        struct Record {
            seq: Option<u64>,
            reason: String,
            // It is as it came: it may be why the event was refused.
            #[serde(default)]
            source: Value,
        }

        Self::Refused(match serde_json::from_slice(&record.data) {
            Ok(Record {
                seq,
                reason,
                source,
            }) => Refusal {
                table: Source::deserialize(source).ok().map(|source| source.name()),
                seq,
                reason,
            },
            Err(error) => Refusal {
                table: None,
                seq: None,
                reason: format!("the record of a refusal can't be read: {error}"),
            },
        })
    }

    /// What was refused in it.
    pub(super) fn refusals(&self) -> &[Refusal] {
        match self {
            Self::Record(_) => &[],
            Self::Refused(refusal) => std::slice::from_ref(refusal),
            Self::Call(call) => &call.refused,
        }
    }
}

/// The refusals of an answer, which names events by their numbers, with the tables that the payload has for these.
fn refused_in(answer: &str, payload: &str) -> Vec<Refusal> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        refused: Vec<Refused>,
    }

    #[derive(Deserialize)]
    struct Refused {
        seq: Option<u64>,
        reason: String,
    }

    #[derive(Deserialize)]
    struct Payload {
        batches: Vec<Batch>,
    }

    #[derive(Deserialize)]
    struct Batch {
        source: Source,
        events: Vec<Event>,
    }

    #[derive(Deserialize)]
    struct Event {
        seq: u64,
    }

    let Ok(Answer { refused }) = serde_json::from_str(answer) else {
        return Vec::new();
    };
    let mut tables = HashMap::new();
    if !refused.is_empty()
        && let Ok(Payload { batches }) = serde_json::from_str(payload)
    {
        for Batch { source, events } in &batches {
            tables.extend(events.iter().map(|event| (event.seq, source.name())));
        }
    }
    refused
        .into_iter()
        .map(|Refused { seq, reason }| Refusal {
            table: seq.and_then(|seq| tables.get(&seq).cloned()),
            seq,
            reason,
        })
        .collect()
}

/// Sends each record on as it comes, until the stream has gone.
pub(super) fn forward(
    records: Receiver<StoredRecord>,
    sender: UnboundedSender<Happening>,
    happening: fn(StoredRecord) -> Happening,
) -> io::Result<()> {
    thread::Builder::new()
        .name("records".to_owned())
        .spawn(move || {
            for record in records {
                // When everything ends nobody listens any more.
                sender.send(happening(record)).ok();
            }
        })
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_an_answer_has_the_table_of_its_event() {
        let payload = r#"{"aurora_trigger":1,"invocation":"RequestResponse","batches":[
            {"source":{"schema":"sales","table":"orders"},"events":[{"seq":1,"op":"c"},{"seq":2,"op":"c"}]},
            {"source":{"schema":"sales","table":"customers"},"events":[{"seq":3,"op":"c"}]}]}"#;
        let answer = r#"{"accepted":0,"refused":[{"seq":2,"reason":"a"},{"seq":3,"reason":"b"},{"seq":null,"reason":"c"}]}"#;
        let refusal = |table: Option<&str>, seq, reason: &str| Refusal {
            table: table.map(str::to_owned),
            seq,
            reason: reason.to_owned(),
        };
        assert_eq!(
            refused_in(answer, payload),
            [
                refusal(Some("sales.orders"), Some(2), "a"),
                refusal(Some("sales.customers"), Some(3), "b"),
                refusal(None, None, "c"),
            ]
        );
        assert_eq!(
            refused_in(answer, "no payload")[0],
            refusal(None, Some(2), "a")
        );
    }
}
