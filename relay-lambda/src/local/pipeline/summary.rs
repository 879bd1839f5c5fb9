//! All that happened, in numbers.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aurora_trigger_gen::wire::{Operation, Record};

use super::happening::Happening;
use crate::local::StoredRecord;

pub(super) struct Summary {
    since: Instant,
    /// The changes of each table by operation.
    pub(super) tables: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// What has been counted: a TRUNCATE comes to every shard, and anything may come twice.
    ids: HashSet<String>,
    pub(super) records: u64,
    pub(super) calls: u64,
    /// Tries of calls.
    pub(super) failed: u64,
    /// How many events of this table were refused for this reason.
    pub(super) refused: BTreeMap<String, u64>,
    pub(super) put: Latencies,
    /// From the capture, by the database's clock, until the record was in the stream.
    pub(super) write_to_record: Latencies,
}

impl Default for Summary {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            tables: BTreeMap::new(),
            ids: HashSet::new(),
            records: 0,
            calls: 0,
            failed: 0,
            refused: BTreeMap::new(),
            put: Latencies::default(),
            write_to_record: Latencies::default(),
        }
    }
}

impl Summary {
    pub(super) fn count(&mut self, happening: &Happening) {
        for refusal in happening.refusals() {
            *self.refused.entry(refusal.reason_of_table()).or_default() += 1;
        }
        match happening {
            Happening::Record(record) => self.count_record(record),
            Happening::Refused(_) => {}
            Happening::Call(call) => {
                self.calls += 1;
                self.failed += u64::from(call.failure.is_some());
                call.put_latencies
                    .iter()
                    .for_each(|latency| self.put.add(*latency));
            }
        }
    }

    fn count_record(&mut self, stored: &StoredRecord) {
        self.records += 1;
        let Ok(record) = Record::parse(&stored.data) else {
            return;
        };
        if !self.ids.insert(record.id.clone().into_owned()) {
            return;
        }
        let table = format!("{}.{}", record.source.schema, record.source.table);
        *self
            .tables
            .entry(table)
            .or_default()
            .entry(name(record.operation))
            .or_default() += 1;
        if let Some(captured) = captured(&record) {
            // The record's time is in whole milliseconds, and clocks of two machines differ.
            let latency = stored.arrival.duration_since(captured).unwrap_or_default();
            self.write_to_record.add(latency);
        }
    }

    pub(super) fn changes(&self) -> u64 {
        self.tables.values().flat_map(BTreeMap::values).sum()
    }

    pub(super) fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    pub(super) fn duration(&self) -> Duration {
        self.since.elapsed()
    }
}

fn captured(record: &Record<'_>) -> Option<SystemTime> {
    let micros = u64::try_from(record.source.ts_us).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_micros(micros))
}

/// The operations, in the order in which they are shown.
pub(super) const OPERATIONS: [&str; 5] = ["insert", "update", "delete", "truncate", "read"];

/// An operation as people call it.
pub(super) fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "insert",
        Operation::Update => "update",
        Operation::Delete => "delete",
        Operation::Truncate => "truncate",
        Operation::Read => "read",
    }
}

/// Times, to see the usual and the worst of.
#[derive(Debug, Default)]
pub(super) struct Latencies(Vec<Duration>);

impl Latencies {
    fn add(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    /// The time within which 50 and 99 of a hundred were; `None` where there was none.
    pub(super) fn p50_and_p99(&self) -> Option<(Duration, Duration)> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let within = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            sorted.get(rank.checked_sub(1)?).copied()
        };
        Some((within(50)?, within(99)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let of = |numbers: &[u64]| {
            let times = numbers.iter().copied().map(Duration::from_millis).collect();
            Latencies(times)
                .p50_and_p99()
                .map(|(p50, p99)| (p50.as_millis(), p99.as_millis()))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7]), Some((7, 7)));
        assert_eq!(of(&[4, 1, 3, 2]), Some((2, 4)));
        assert_eq!(of(&(1..=200).collect::<Vec<_>>()), Some((100, 198)));
    }
}
