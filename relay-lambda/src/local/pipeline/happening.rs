//! What there is to show, in the order in which it came.

use std::io;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use serde::Deserialize;
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
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    pub(super) seq: Option<u64>,
    pub(super) reason: String,
}

/// What became of a call.
pub(super) struct Call {
    pub(super) put_latencies: Vec<Duration>,
    /// What the caller was told of, which waited for the answer.
    pub(super) refused: Vec<Refusal>,
    pub(super) failure: Option<CallError>,
}

impl Happening {
    pub(super) fn of_call(handled: &Handled) -> Self {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            refused: Vec<Refusal>,
        }

        let refused = handled
            .answer
            .as_ref()
            .ok()
            .and_then(|answer| serde_json::from_str::<Answer>(answer).ok())
            .map(|answer| answer.refused);
        Self::Call(Call {
            put_latencies: handled.metrics.put_latencies.clone(),
            refused: refused.unwrap_or_default(),
            failure: handled.answer.as_ref().err().cloned(),
        })
    }

    /// From a record of the stream of refused events.
    pub(super) fn of_refused(record: &StoredRecord) -> Self {
        let refusal = serde_json::from_slice(&record.data);
        Self::Refused(refusal.unwrap_or_else(|error| Refusal {
            seq: None,
            reason: format!("the record of a refusal can't be read: {error}"),
        }))
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
