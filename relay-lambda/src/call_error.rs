use std::error::Error;
use std::fmt;

use crate::payload::{PayloadError, Refused};

/// Why a call failed: whoever made it must try again, or keep its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// Nothing of the payload could be read.
    Payload(PayloadError),
    /// Some events are not in the stream.
    Undelivered {
        /// The numbers of those that are: Kinesis has acknowledged them.
        accepted: Vec<u64>,
        /// How many are not, as far as is known: where an answer did not come, one of them may have landed.
        open: usize,
        /// Why.
        reason: String,
    },
    /// Nobody waits for an answer and the reject stream does not hold them, or there is none, so that refused events can
    /// only be kept by failing. All others are in the stream.
    Refused {
        /// The refused events.
        refused: Vec<Refused>,
        /// Why the reject stream does not hold them.
        not_kept: String,
    },
    /// The list of refused events is longer than the answer of a function may be. All others are in the stream.
    AnswerTooLong {
        /// How many were refused.
        refused: usize,
    },
}

impl CallError {
    /// The name that the runtime reports, to be told apart by: `aurora_trigger.Undelivered` for instance.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Payload(_) => "aurora_trigger.Payload",
            Self::Undelivered { .. } => "aurora_trigger.Undelivered",
            Self::Refused { .. } => "aurora_trigger.Refused",
            Self::AnswerTooLong { .. } => "aurora_trigger.AnswerTooLong",
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payload(error) => error.fmt(f),
            Self::Undelivered {
                accepted,
                open,
                reason,
            } => write!(
                f,
                "{} not in the stream: {reason}. Accepted by number: {}",
                counted(*open, "event is", "events are"),
                ranges(accepted)
            ),
            Self::Refused { refused, not_kept } => {
                let number = counted(refused.len(), "event was", "events were");
                write!(f, "{number} refused")?;
                for refused in refused.iter().take(10) {
                    match refused.seq {
                        Some(seq) => write!(f, "; {seq}: {}", refused.reason)?,
                        None => write!(f, "; without a number: {}", refused.reason)?,
                    }
                }
                if refused.len() > 10 {
                    write!(f, "; and more")?;
                }
                write!(f, ". All others are in the stream; {not_kept}")
            }
            Self::AnswerTooLong { refused } => write!(
                f,
                "{} refused, more than an answer can list; all others are in the stream",
                counted(*refused, "event was", "events were")
            ),
        }
    }
}

impl Error for CallError {}

/// The number and what it counts.
fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `1-3,7`: numbers in their order, runs as ranges.
fn ranges(numbers: &[u64]) -> String {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if number <= last.saturating_add(1) => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    if ranges.is_empty() {
        return "none".to_owned();
    }
    let texts: Vec<String> = ranges
        .iter()
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        })
        .collect();
    texts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_events_are_listed_as_ranges() {
        let text = |accepted: &[u64]| {
            CallError::Undelivered {
                accepted: accepted.to_vec(),
                open: 2,
                reason: "why".to_owned(),
            }
            .to_string()
        };
        assert!(text(&[9, 1, 2, 3, 7]).ends_with(": why. Accepted by number: 1-3,7,9"));
        assert!(text(&[]).ends_with(" none"));
        assert!(text(&[u64::MAX]).ends_with(&u64::MAX.to_string()));
    }

    #[test]
    fn one_event_is_no_events() {
        let undelivered = |open| CallError::Undelivered {
            accepted: Vec::new(),
            open,
            reason: "why".to_owned(),
        };
        let refused = |number| CallError::Refused {
            refused: vec![
                Refused {
                    seq: Some(7),
                    reason: "why".to_owned(),
                };
                number
            ],
            not_kept: "sorry".to_owned(),
        };
        let starts = |error: CallError, expected: &str| {
            assert!(error.to_string().starts_with(expected), "{error}");
        };
        starts(undelivered(1), "1 event is not in the stream: why");
        starts(undelivered(2), "2 events are not in the stream: why");
        starts(refused(1), "1 event was refused; 7: why. ");
        starts(refused(2), "2 events were refused; ");
        starts(
            CallError::AnswerTooLong { refused: 1 },
            "1 event was refused, ",
        );
    }
}
