//! For the project's own bench: the work of a call up to the HTTP requests.

use std::time::Duration;

use aurora_trigger_gen::ChangeStream;

use crate::StreamRecord;
use crate::delivery::{Next, Schedule};
use crate::payload::{Parsed, Tables, check};
use crate::plan::Plan;
use crate::relay::{BACKOFF, LIMITS, now_ms};

/// The tables of a stream, as a relay keeps them between calls.
#[derive(Debug)]
pub struct Prepared(Tables);

impl Prepared {
    /// Those of `S`.
    #[must_use]
    pub fn new<S: ChangeStream>() -> Self {
        Self(Tables::of::<S>())
    }

    /// Decodes, checks and packs a payload into the requests that a stream would get which acknowledges everything.
    ///
    /// # Panics
    ///
    /// On a payload that is none, or holds an event that is refused: then nothing is measured.
    #[must_use]
    pub fn requests(&self, payload: &[u8]) -> Vec<Vec<StreamRecord>> {
        let parsed = Parsed::read(payload).expect("it is a payload");
        let mut checked = check(&parsed, &self.0);
        let envelopes = checked.envelopes(now_ms());
        let outgoing = checked.outgoing(&envelopes, 1024 * 1024);
        assert!(
            checked.rejected.is_empty(),
            "{:?}",
            checked.rejected[0].refused
        );
        let plan = Plan::new(&outgoing, &envelopes, &[]);
        let mut schedule = Schedule::new(plan.items(), LIMITS, BACKOFF);
        let mut requests = Vec::new();
        while let Next::Send(bundles) = schedule.next(Duration::ZERO) {
            requests.push(
                bundles
                    .iter()
                    .map(|bundle| {
                        let entry = plan.entry(bundle);
                        StreamRecord {
                            partition_key: entry.partition_key,
                            data: entry.data,
                        }
                    })
                    .collect(),
            );
            let acknowledged = vec![true; bundles.len()];
            schedule.answered(&bundles, acknowledged, Duration::ZERO, || 0.0);
        }
        requests
    }
}
