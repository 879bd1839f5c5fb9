//! The bytes of the stream's records: the envelope of [`Record`], put together from what is the same for a whole batch and
//! what is an event's own.

use aurora_trigger_gen::describe::Oversize;
use aurora_trigger_gen::wire::{BatchSource, Event, Operation, Record};

use crate::payload::{Accepted, Checked, Refused, Rejected, Source, Written};

/// What the records of a batch have in common, ready to be copied.
#[derive(Debug)]
pub(crate) struct Envelope {
    /// From behind `after` to the number in `sequence`.
    source: String,
    /// From the time to behind `"key":`.
    time: String,
    /// From behind the key to the number in `id`.
    id: String,
    /// From behind the number in `id`.
    end: String,
}

const BEFORE: &str = r#"{"before":"#;
const AFTER: &str = r#","after":"#;
const OPERATION: &str = r#"\"]"},"op":""#;
const OVERSIZED: &str = r#","oversized":true"#;
const NULL: &str = "null";

impl Envelope {
    /// `now_ms` is the time that the records bear as theirs: milliseconds since 1970 in UTC.
    ///
    /// It is cut out of a record that serde wrote, so there is one description of a record's form.
    pub(crate) fn new(source: &BatchSource<'_>, now_ms: i64) -> Self {
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
        let text = serde_json::to_string(&record).expect("a record is JSON");
        let rest = &text[BEFORE.len() + NULL.len() + AFTER.len() + NULL.len()..];
        // Each mark is searched from the end, since names, which stand before it, can hold anything.
        let key = r#","key":null,"id":""#;
        let (rest, end) = rest
            .rsplit_once(r#"-0","fingerprint":""#)
            .expect("a record has an id and a fingerprint");
        let (rest, capture) = rest.rsplit_once(key).expect("a record has a key");
        let (source, time) = rest
            .rsplit_once(r#"0\"]"},"op":"t"#)
            .expect("a record has a sequence and an operation");
        Self {
            source: source.to_owned(),
            time: format!(r#"{time},"key":"#),
            id: format!(r#","id":"{capture}-"#),
            end: format!(r#"","fingerprint":"{}"#, end.trim_end_matches('}')),
        }
    }
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
            + envelope.source.len()
            + digits(self.accepted.position)
            + OPERATION.len()
            + 1
            + envelope.time.len()
            + self.accepted.key.as_deref().unwrap_or(NULL).len()
            + envelope.id.len()
            + digits(self.accepted.event.seq)
            + envelope.end.len()
            + if self.oversized { OVERSIZED.len() } else { 0 }
            + 1
            + self.accepted.partition_key.len()
    }

    /// The record's bytes.
    pub(crate) fn record(&self, envelope: &Envelope) -> Vec<u8> {
        use std::io::Write;

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
        for part in [BEFORE, before, AFTER, after, &envelope.source] {
            record.extend_from_slice(part.as_bytes());
        }
        number(&mut record, self.accepted.position);
        record.extend_from_slice(OPERATION.as_bytes());
        record.push(operation);
        for part in [
            &envelope.time,
            self.accepted.key.as_deref().unwrap_or(NULL),
            &envelope.id,
        ] {
            record.extend_from_slice(part.as_bytes());
        }
        number(&mut record, self.accepted.event.seq);
        record.extend_from_slice(envelope.end.as_bytes());
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
