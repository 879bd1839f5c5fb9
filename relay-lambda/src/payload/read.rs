use std::error::Error;
use std::fmt;

use aurora_trigger_gen::wire::{BatchSource, Event, FORMAT_VERSION, Invocation, Payload};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::chain;
use super::event::{self, Accepted, Source};
use super::lenient::{self, Unreadable};
use super::tables::Tables;

/// The most bytes of a payload: what Lambda hands over at most. It bounds whatever is made of one.
const LONGEST: usize = 6 * 1024 * 1024;

/// The most events of a payload: more than fit in it, unless most of them are nothing. It bounds what is kept of refused
/// ones.
const MOST_EVENTS: usize = 200_000;

/// An event that did not become a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its number; `None` where not even that could be read.
    pub seq: Option<u64>,
    /// Why; it never holds a value of the row.
    pub reason: String,
}

/// A payload of which nothing could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadError {
    /// It is not JSON, or not of the payload's form.
    NotAPayload {
        /// What was expected.
        reason: String,
    },
    /// It is of another version of the format.
    Version {
        /// Which.
        found: u32,
    },
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPayload { reason } => write!(f, "this is no payload: {reason}"),
            Self::Version { found } => write!(
                f,
                "the payload is of version {found}, this relay reads version {FORMAT_VERSION}: deploy the relay of the \
                 database's release"
            ),
        }
    }
}

impl Error for PayloadError {}

/// A payload that was read, at least in part.
#[derive(Debug)]
pub(crate) struct Parsed<'a> {
    payload: Payload<'a>,
    unreadable: Vec<Unreadable<'a>>,
}

impl<'a> Parsed<'a> {
    /// Reads a payload in one pass; one that is wrong somewhere, event by event.
    pub(crate) fn read(text: &'a [u8]) -> Result<Self, PayloadError> {
        if text.len() > LONGEST {
            return Err(PayloadError::NotAPayload {
                reason: format!("{} bytes are more than the {LONGEST} of a call", text.len()),
            });
        }
        let parsed = match Payload::parse(text) {
            Ok(payload) if payload.version == FORMAT_VERSION => Self {
                payload,
                unreadable: Vec::new(),
            },
            _ => {
                let lenient = lenient::parse(text, MOST_EVENTS)?;
                Self {
                    payload: lenient.payload,
                    unreadable: lenient.unreadable,
                }
            }
        };
        let batches = parsed.payload.batches.iter();
        let events: usize = batches.map(|batch| batch.events.len()).sum();
        if events > MOST_EVENTS {
            return Err(too_many(events, MOST_EVENTS));
        }
        Ok(parsed)
    }

    pub(crate) fn invocation(&self) -> Invocation {
        self.payload.invocation
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        self.payload.dry_run
    }

    /// How many dead letters the database keeps, if the caller tells.
    pub(crate) fn dead_letters(&self) -> Option<u64> {
        self.payload.dead_letters
    }

    /// Whether the caller takes a part for an answer.
    pub(crate) fn takes_part(&self) -> bool {
        self.payload.partial && self.payload.invocation == Invocation::RequestResponse
    }
}

/// What is to become of the events of a payload.
#[derive(Debug)]
pub(crate) struct Checked<'p> {
    pub(crate) sources: Vec<Source<'p>>,
    /// In the order in which they go into the stream.
    pub(crate) accepted: Vec<Accepted<'p>>,
    pub(crate) rejected: Vec<Rejected<'p>>,
}

/// A refused event, with what the reject stream keeps of it.
#[derive(Debug)]
pub(crate) struct Rejected<'p> {
    pub(crate) refused: Refused,
    pub(crate) source: Written<'p, BatchSource<'p>>,
    pub(crate) event: Written<'p, Event<'p>>,
}

impl Rejected<'_> {
    /// The record of the reject stream: number and reason, and all that came.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Record<'r, 'p> {
            seq: Option<u64>,
            reason: &'r str,
            source: &'r Written<'p, BatchSource<'p>>,
            event: &'r Written<'p, Event<'p>>,
        }

        serde_json::to_vec(&Record {
            seq: self.refused.seq,
            reason: &self.refused.reason,
            source: &self.source,
            event: &self.event,
        })
        .expect("it came as JSON")
    }
}

/// Something of a payload, to be written down as it came.
#[derive(Debug)]
pub(crate) enum Written<'p, T> {
    Read(&'p T),
    Raw(&'p RawValue),
}

impl<T: Serialize> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Read(value) => value.serialize(serializer),
            Self::Raw(raw) => raw.serialize(serializer),
        }
    }
}

/// Checks each event against its table, and puts right the chains of rows that a transaction changed more than once.
pub(crate) fn check<'p>(parsed: &'p Parsed<'_>, tables: &'p Tables) -> Checked<'p> {
    let mut checked = Checked {
        sources: Vec::new(),
        accepted: Vec::new(),
        rejected: Vec::new(),
    };
    for unreadable in &parsed.unreadable {
        checked.rejected.push(Rejected {
            refused: Refused {
                seq: unreadable.seq,
                reason: unreadable.reason.clone(),
            },
            source: Written::Raw(unreadable.source),
            event: Written::Raw(unreadable.event),
        });
    }
    for batch in &parsed.payload.batches {
        let wire = &batch.source;
        let source = tables
            .find(&wire.schema, &wire.table)
            .map(|table| Source { wire, table });
        for event in &batch.events {
            let result = match &source {
                Some(source) => event::check(source, event),
                None => Err(format!(
                    "this relay knows no table {}.{}",
                    name(&wire.schema),
                    name(&wire.table)
                )),
            };
            match result {
                Ok((key, partition_key)) => checked.accepted.push(Accepted {
                    source: checked.sources.len(),
                    event,
                    position: event.place(),
                    restored: None,
                    key,
                    partition_key,
                }),
                Err(reason) => checked.rejected.push(Rejected {
                    refused: Refused {
                        seq: Some(event.seq),
                        reason,
                    },
                    source: Written::Read(wire),
                    event: Written::Read(event),
                }),
            }
        }
        checked.sources.extend(source);
    }
    if let Some(refused) = sources_of_refused(parsed, &checked.rejected) {
        chain::restore(&checked.sources, &refused, &mut checked.accepted);
    }
    checked
}

/// The sources of all that is refused; `None`: one of them could not be read.
fn sources_of_refused<'p>(
    parsed: &'p Parsed<'_>,
    rejected: &[Rejected<'p>],
) -> Option<Vec<&'p BatchSource<'p>>> {
    let unreadable = parsed
        .unreadable
        .iter()
        .map(|unreadable| Some(&parsed.payload.batches[unreadable.batch?].source));
    let misfits = rejected
        .iter()
        .filter_map(|rejected| match rejected.source {
            Written::Read(source) => Some(Some(source)),
            Written::Raw(_) => None,
        });
    unreadable.chain(misfits).collect()
}

pub(super) fn too_many(events: usize, most: usize) -> PayloadError {
    PayloadError::NotAPayload {
        reason: format!("{events} events are more than the {most} of a call"),
    }
}

/// As much of a name as PostgreSQL would take: a payload that lies is not written out for each of its events.
fn name(text: &str) -> &str {
    const LONGEST: usize = 63;
    &text[..text.floor_char_boundary(LONGEST)]
}
