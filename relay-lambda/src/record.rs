//! The bytes of the stream's records: the envelope of [`Record`], put together from what is the same for a whole batch and
//! what is an event's own.

use std::io::Write;

use aurora_trigger_gen::describe::Oversize;
use aurora_trigger_gen::wire::{BatchSource, Event, Operation, Record};
use serde::Serialize;

use crate::payload::{Accepted, Checked, Refused, Rejected, Source, Written};

/// What the records of a batch have in common, ready to be copied: one piece of memory, since a payload can have as many
/// batches as events.
#[derive(Debug)]
pub(crate) struct Envelope {
    text: Vec<u8>,
    /// Where the number in `sequence` goes.
    sequence: usize,
    /// Where the key goes.
    key: usize,
    /// Where the number in `id` goes.
    id: usize,
}

const BEFORE: &str = r#"{"before":"#;
const AFTER: &str = r#","after":"#;
const SOURCE: &str = r#","source":"#;
const OPERATION: &str = r#"\"]"},"op":""#;
const ID: &str = r#","id":"#;
const FINGERPRINT: &str = r#"","fingerprint":"#;
const OVERSIZED: &str = r#","oversized":true"#;
const NULL: &str = "null";

impl Envelope {
    /// `now_ms` is the time that the records bear as theirs: milliseconds since 1970 in UTC.
    ///
    /// Serde writes the parts of a record of number 0, with which `sequence` and `id` end: so both are cut before it.
    pub(crate) fn new(source: &BatchSource<'_>, now_ms: i64) -> Self {
        /// More than most take.
        const BYTES: usize = 512;
        let event = Event {
            seq: 0,
            position: None,
            operation: Operation::Truncate,
            before: None,
            after: None,
            key: None,
            oversized: false,
        };
        let record = Record::new(source, &event, None, now_ms);
        let mut text = Vec::with_capacity(BYTES);
        text.extend_from_slice(SOURCE.as_bytes());
        append(&mut text, &record.source, r#"0\"]"}"#);
        let sequence = text.len();
        write!(text, r#"","ts_ms":{now_ms},"key":"#).expect("a Vec takes everything");
        let key = text.len();
        text.extend_from_slice(ID.as_bytes());
        append(&mut text, &record.id, r#"0""#);
        let id = text.len();
        text.extend_from_slice(FINGERPRINT.as_bytes());
        append(&mut text, &record.fingerprint, "");
        text.shrink_to_fit();
        Self {
            text,
            sequence,
            key,
            id,
        }
    }

    /// From behind `after` to the number in `sequence`.
    fn source(&self) -> &[u8] {
        &self.text[..self.sequence]
    }

    /// From behind the operation to the key.
    fn time(&self) -> &[u8] {
        &self.text[self.sequence..self.key]
    }

    /// From behind the key to the number in `id`.
    fn id(&self) -> &[u8] {
        &self.text[self.key..self.id]
    }

    /// From behind the number in `id`.
    fn end(&self) -> &[u8] {
        &self.text[self.id..]
    }
}

/// Writes a part of a record without its end.
fn append(text: &mut Vec<u8>, part: &impl Serialize, end: &str) {
    serde_json::to_writer(&mut *text, part).expect("a record is JSON");
    let kept = text.strip_suffix(end.as_bytes());
    let kept = kept.expect("it ends with the number").len();
    text.truncate(kept);
}

/// The record of an event, to be written when it is sent.
#[derive(Debug)]
pub(crate) struct Outgoing<'p> {
    accepted: Accepted<'p>,
    /// Whether it goes on as its key.
    pub(crate) oversized: bool,
}

/// An event whose record is too big for the stream and may not be reduced to its key.
#[derive(Debug)]
pub(crate) struct TooBig<'p> {
    pub(crate) event: &'p Event<'p>,
    pub(crate) bytes: usize,
}

impl<'p> Outgoing<'p> {
    /// Reduces an event whose record is over `limit` bytes, partition key included, to its key, where its table wants
    /// that.
    pub(crate) fn new(
        accepted: Accepted<'p>,
        source: &Source<'_>,
        envelope: &Envelope,
        limit: usize,
    ) -> Result<Self, TooBig<'p>> {
        let mut outgoing = Self {
            oversized: accepted.event.oversized,
            accepted,
        };
        let bytes = outgoing.size(envelope);
        if bytes <= limit {
            return Ok(outgoing);
        }
        let may_be_reduced = !outgoing.oversized
            && outgoing.accepted.key.is_some()
            && source.table.desc.oversize() == Oversize::KeyOnly;
        outgoing.oversized = true;
        if may_be_reduced && outgoing.size(envelope) <= limit {
            return Ok(outgoing);
        }
        Err(TooBig {
            event: outgoing.accepted.event,
            bytes,
        })
    }

    pub(crate) fn accepted(&self) -> &Accepted<'p> {
        &self.accepted
    }

    /// The images that the record holds.
    fn images(&self) -> [&str; 2] {
        let event = self.accepted.event;
        [event.before, event.after].map(|image| match image {
            Some(image) if !self.oversized => image.get(),
            _ => NULL,
        })
    }

    /// What Kinesis counts: the record's bytes and those of its partition key.
    pub(crate) fn size(&self, envelope: &Envelope) -> usize {
        let [before, after] = self.images();
        BEFORE.len()
            + before.len()
            + AFTER.len()
            + after.len()
            + digits(self.accepted.position)
            + OPERATION.len()
            + 1
            + self.accepted.key.as_deref().unwrap_or(NULL).len()
            + digits(self.accepted.event.seq)
            + envelope.text.len()
            + if self.oversized { OVERSIZED.len() } else { 0 }
            + 1
            + self.accepted.partition_key.len()
    }

    /// The record's bytes.
    pub(crate) fn record(&self, envelope: &Envelope) -> Vec<u8> {
        let [before, after] = self.images();
        let operation = match self.accepted.event.operation {
            Operation::Create => b'c',
            Operation::Update => b'u',
            Operation::Delete => b'd',
            Operation::Read => b'r',
            Operation::Truncate => b't',
        };
        let mut record = Vec::with_capacity(self.size(envelope));
        let number = |record: &mut Vec<u8>, number: u64| {
            write!(record, "{number}").expect("a Vec takes everything");
        };
        for part in [BEFORE, before, AFTER, after] {
            record.extend_from_slice(part.as_bytes());
        }
        record.extend_from_slice(envelope.source());
        number(&mut record, self.accepted.position);
        record.extend_from_slice(OPERATION.as_bytes());
        record.push(operation);
        record.extend_from_slice(envelope.time());
        record.extend_from_slice(self.accepted.key.as_deref().unwrap_or(NULL).as_bytes());
        record.extend_from_slice(envelope.id());
        number(&mut record, self.accepted.event.seq);
        record.extend_from_slice(envelope.end());
        if self.oversized {
            record.extend_from_slice(OVERSIZED.as_bytes());
        }
        record.push(b'}');
        record
    }
}

impl<'p> Checked<'p> {
    pub(crate) fn envelopes(&self, now_ms: i64) -> Vec<Envelope> {
        self.sources
            .iter()
            .map(|source| Envelope::new(source.wire, now_ms))
            .collect()
    }

    /// The records of the accepted events; what is too big for the stream is reduced to its key, or refused.
    pub(crate) fn outgoing(&mut self, envelopes: &[Envelope], limit: usize) -> Vec<Outgoing<'p>> {
        let accepted = std::mem::take(&mut self.accepted);
        let mut outgoing = Vec::with_capacity(accepted.len());
        for event in accepted {
            let (source, envelope) = (&self.sources[event.source], &envelopes[event.source]);
            match Outgoing::new(event, source, envelope, limit) {
                Ok(event) => outgoing.push(event),
                Err(too_big) => self.rejected.push(Rejected {
                    refused: Refused {
                        seq: Some(too_big.event.seq),
                        reason: format!(
                            "its record of {} bytes is over the stream's limit of {limit}",
                            too_big.bytes
                        ),
                    },
                    source: Written::Read(source.wire),
                    event: Written::Read(too_big.event),
                }),
            }
        }
        outgoing
    }

    /// Milliseconds since the oldest event was captured.
    pub(crate) fn age_of_oldest(&self, now_ms: i64) -> Option<i64> {
        let oldest = self.sources.iter().map(|source| source.wire.ts_us).min()?;
        Some(now_ms - oldest.div_euclid(1000))
    }
}

fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |power| {
        usize::try_from(power).expect("20 digits at most") + 1
    })
}
