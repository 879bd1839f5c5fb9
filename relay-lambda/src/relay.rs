use std::error::Error;
use std::fmt;

use aurora_trigger_gen::ChangeStream;
use aurora_trigger_gen::wire::{BatchSource, Event, FORMAT_VERSION, Payload, Record};
use serde::{Deserialize, Serialize};

/// What became of a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Relayed {
    /// The records for the stream, in the order of the payload's events.
    #[serde(skip)]
    pub records: Vec<Vec<u8>>,
    /// How many events became records.
    pub accepted: usize,
    /// The other ones.
    pub refused: Vec<Refused>,
}

impl Relayed {
    /// What the database gets to read: `{"accepted":n,"refused":[{"seq":…,"reason":"…"}]}`.
    ///
    /// ```
    /// use relay_lambda::{Refused, Relayed};
    ///
    /// let relayed = Relayed {
    ///     records: vec![b"{}".to_vec()],
    ///     accepted: 1,
    ///     refused: vec![Refused { seq: 7, reason: "no".to_owned() }],
    /// };
    /// assert_eq!(relayed.answer(), r#"{"accepted":1,"refused":[{"seq":7,"reason":"no"}]}"#);
    /// ```
    #[must_use]
    pub fn answer(&self) -> String {
        serde_json::to_string(self).expect("numbers and texts are always JSON")
    }
}

/// An event that did not become a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its number.
    pub seq: u64,
    /// Why.
    pub reason: String,
}

/// A payload of which nothing could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadError {
    /// It is not JSON, or not of the payload's form.
    NotAPayload {
        /// What was expected and where.
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
                "the payload is of version {found}, this relay reads version {FORMAT_VERSION}: \
                 deploy the relay of the database's release"
            ),
        }
    }
}

impl Error for PayloadError {}

/// Makes the stream's records of a payload, each checked by reading it as a consumer of `S` will.
///
/// `now_ms` is the time that the records bear as theirs: milliseconds since 1970 in UTC.
///
/// An event of a table that `S` does not name, or one that does not fit its struct, is refused; the
/// rest goes on.
///
/// # Errors
///
/// A payload that is not JSON, not of the payload's form, or of another version of it: then nothing is
/// known of its events, and whoever made the call must hear of it.
pub fn relay<S: ChangeStream>(payload: &[u8], now_ms: i64) -> Result<Relayed, PayloadError> {
    let payload = parse(payload)?;
    let mut relayed = Relayed {
        records: Vec::new(),
        accepted: 0,
        refused: Vec::new(),
    };
    for batch in &payload.batches {
        for event in &batch.events {
            match record::<S>(&batch.source, event, now_ms) {
                Ok(record) => {
                    relayed.records.push(record);
                    relayed.accepted += 1;
                }
                Err(reason) => relayed.refused.push(Refused {
                    seq: event.seq,
                    reason,
                }),
            }
        }
    }
    Ok(relayed)
}

fn parse(text: &[u8]) -> Result<Payload<'_>, PayloadError> {
    #[derive(Deserialize)]
    struct Version {
        aurora_trigger: u32,
    }

    let of_this_version = |found| {
        if found == FORMAT_VERSION {
            Ok(())
        } else {
            Err(PayloadError::Version { found })
        }
    };
    match Payload::parse(text) {
        Ok(payload) => of_this_version(payload.version).map(|()| payload),
        Err(error) => {
            // Another version may look different in all but this.
            if let Ok(version) = serde_json::from_slice::<Version>(text) {
                of_this_version(version.aurora_trigger)?;
            }
            Err(PayloadError::NotAPayload {
                reason: error.to_string(),
            })
        }
    }
}

fn record<S: ChangeStream>(
    source: &BatchSource<'_>,
    event: &Event<'_>,
    now_ms: i64,
) -> Result<Vec<u8>, String> {
    let table = S::TABLES
        .iter()
        .find(|table| table.schema() == source.schema && table.table() == source.table)
        .ok_or_else(|| {
            format!(
                "this relay knows no table {}.{}",
                source.schema, source.table
            )
        })?;
    let key = Record::key_of(table, event)?;
    let record = Record::new(source, event, key.as_deref(), now_ms);
    S::from_record(&record).map_err(|error| error.to_string())?;
    serde_json::to_vec(&record).map_err(|error| error.to_string())
}
