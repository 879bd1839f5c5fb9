//! What a call would write, without a stream.

use aurora_trigger_gen::ChangeStream;

use crate::answer::Answer;
use crate::payload::{Parsed, PayloadError, Refused, Tables, check};

/// What becomes of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Relayed {
    /// The records, in the order in which they go into the stream.
    pub records: Vec<StreamRecord>,
    /// The events that became none.
    pub refused: Vec<Refused>,
}

/// A record as it goes into the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamRecord {
    /// The partition key; of a TRUNCATE, which goes to every shard, the name of the table.
    pub partition_key: String,
    /// The change event, JSON.
    pub data: Vec<u8>,
}

impl Relayed {
    /// The answer that the caller would get: `{"accepted":n,"refused":[{"seq":…,"reason":"…"}]}`.
    #[must_use]
    pub fn answer(&self) -> String {
        Answer {
            accepted: self.records.len(),
            refused: self.refused.iter().collect(),
            open: Vec::new(),
            reason: None,
        }
        .to_json()
    }
}

/// Makes the stream's records of a payload, as [`Relay`](crate::Relay) does before it writes them, with the default limit
/// for a record: for tests of an app that has no stream at hand.
///
/// `now_ms` is the time that the records bear as theirs: milliseconds since 1970 in UTC.
///
/// # Errors
///
/// A payload of which nothing can be read.
pub fn relay<S: ChangeStream>(payload: &[u8], now_ms: i64) -> Result<Relayed, PayloadError> {
    relay_tables(&Tables::of::<S>(), payload, now_ms)
}

/// Compiled once for all streams of a program.
fn relay_tables(tables: &Tables, payload: &[u8], now_ms: i64) -> Result<Relayed, PayloadError> {
    const MAX_RECORD_BYTES: usize = 1024 * 1024;
    let parsed = Parsed::read(payload)?;
    let mut checked = check(&parsed, tables);
    let envelopes = checked.envelopes(now_ms);
    let outgoing = checked.outgoing(&envelopes, MAX_RECORD_BYTES);
    let records = outgoing
        .iter()
        .map(|event| StreamRecord {
            partition_key: event.accepted().partition_key.clone(),
            data: event.record(&envelopes[event.accepted().source]),
        })
        .collect();
    Ok(Relayed {
        records,
        refused: checked
            .rejected
            .into_iter()
            .map(|event| event.refused)
            .collect(),
    })
}
