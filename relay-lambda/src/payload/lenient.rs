//! The way for payloads that can't be read as a whole: event by event, so that one that is wrong takes no other along.

use aurora_trigger_gen::wire::{Batch, BatchSource, Event, FORMAT_VERSION, Invocation, Payload};
use aurora_trigger_gen::without_values;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::PayloadError;
use super::read::too_many;

/// A payload of which some events could not be read.
pub(super) struct Lenient<'a> {
    pub(super) payload: Payload<'a>,
    pub(super) unreadable: Vec<Unreadable<'a>>,
}

/// An event that could not be read, or whose source could not.
#[derive(Debug)]
pub(super) struct Unreadable<'a> {
    pub(super) seq: Option<u64>,
    pub(super) reason: String,
    /// Its batch, by its place in the payload that was read; `None`: its source could not be read either.
    pub(super) batch: Option<usize>,
    pub(super) source: &'a RawValue,
    pub(super) event: &'a RawValue,
}

#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(rename = "aurora_trigger")]
    version: u32,
    invocation: Invocation,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    partial: bool,
    #[serde(default)]
    dead_letters: Option<u64>,
    #[serde(borrow)]
    batches: Vec<OuterBatch<'a>>,
}

#[derive(Deserialize)]
struct OuterBatch<'a> {
    #[serde(borrow)]
    source: &'a RawValue,
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

pub(super) fn parse(text: &[u8], most_events: usize) -> Result<Lenient<'_>, PayloadError> {
    let outer: Outer<'_> =
        serde_json::from_slice(text).map_err(|error| not_a_payload(text, &error))?;
    let events = outer.batches.iter().map(|batch| batch.events.len()).sum();
    if events > most_events {
        return Err(too_many(events, most_events));
    }
    let mut lenient = Lenient {
        payload: Payload {
            version: outer.version,
            invocation: outer.invocation,
            dry_run: outer.dry_run,
            partial: outer.partial,
            dead_letters: outer.dead_letters,
            batches: Vec::new(),
        },
        unreadable: Vec::new(),
    };
    for batch in outer.batches {
        lenient.add(&batch, outer.version);
    }
    Ok(lenient)
}

/// Another version may look different in all but its number.
fn not_a_payload(text: &[u8], error: &serde_json::Error) -> PayloadError {
    #[derive(Deserialize)]
    struct Version {
        aurora_trigger: u32,
    }

    match serde_json::from_slice::<Version>(text) {
        Ok(version) if version.aurora_trigger != FORMAT_VERSION => PayloadError::Version {
            found: version.aurora_trigger,
        },
        _ => PayloadError::NotAPayload {
            reason: without_values(error),
        },
    }
}

impl<'a> Lenient<'a> {
    fn add(&mut self, batch: &OuterBatch<'a>, version: u32) {
        let source: Result<BatchSource<'a>, String> = if version == FORMAT_VERSION {
            serde_json::from_str(batch.source.get())
                .map_err(|error| format!("the source of its batch: {}", without_values(&error)))
        } else {
            Err(PayloadError::Version { found: version }.to_string())
        };
        let place = source.is_ok().then_some(self.payload.batches.len());
        let mut events = Vec::new();
        for raw in &batch.events {
            let event = match &source {
                Ok(_) => serde_json::from_str::<Event<'a>>(raw.get())
                    .map_err(|error| without_values(&error)),
                Err(reason) => Err(reason.clone()),
            };
            match event {
                Ok(event) => events.push(event),
                Err(reason) => self.unreadable.push(Unreadable {
                    seq: seq_of(raw),
                    reason,
                    batch: place,
                    source: batch.source,
                    event: raw,
                }),
            }
        }
        if let Ok(source) = source {
            self.payload.batches.push(Batch { source, events });
        }
    }
}

/// The number of an event of which something else is wrong.
fn seq_of(event: &RawValue) -> Option<u64> {
    #[derive(Deserialize)]
    struct Seq {
        seq: u64,
    }

    serde_json::from_str::<Seq>(event.get())
        .ok()
        .map(|event| event.seq)
}
