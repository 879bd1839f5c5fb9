use std::sync::mpsc::Sender;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::StoredRecord;
use super::error::EntryError;
use super::fault::EntryFaults;
use super::shard::{HashKeys, SequenceNumber};

/// The account that all streams belong to.
pub(super) const ACCOUNT: &str = "000000000000";

/// What comes before the name in a stream's ARN.
const ARN_PREFIX: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/";

/// What a shard takes in a second, when that is limited.
const RECORDS_PER_SECOND: usize = 1000;
const BYTES_PER_SECOND: usize = 1024 * 1024;

/// A stream and all that it holds.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) on_demand: bool,
    pub(super) created: SystemTime,
    pub(super) max_record_kib: usize,
    pub(super) hash_keys: HashKeys,
    /// In the order of arrival, without those that were taken out.
    log: Vec<StoredRecord>,
    /// How many were taken out. Places in the stream count these too, so a place stays what it is.
    taken: usize,
    /// The places of each shard's records.
    shards: Vec<Vec<usize>>,
    windows: Vec<Window>,
    subscribers: Vec<Sender<StoredRecord>>,
}

/// What a shard has taken in the current second, which begins with its first record.
#[derive(Debug, Clone, Default)]
struct Window {
    since: Option<Instant>,
    records: usize,
    bytes: usize,
}

/// A record that the service may take.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) partition_key: String,
    pub(super) hash_key: u128,
    pub(super) data: Vec<u8>,
}

impl Entry {
    /// What the service's limits count.
    pub(super) fn bytes(&self) -> usize {
        self.partition_key.len() + self.data.len()
    }
}

/// What became of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Put {
    pub(super) shard: usize,
    pub(super) outcome: Result<SequenceNumber, EntryError>,
}

impl Stream {
    /// An empty stream with this many shards, of which there is at least one.
    pub(super) fn new(shards: usize, on_demand: bool, max_record_kib: usize) -> Stream {
        Stream {
            on_demand,
            created: now(),
            max_record_kib,
            hash_keys: HashKeys::split(shards),
            log: Vec::new(),
            taken: 0,
            shards: vec![Vec::new(); shards],
            windows: vec![Window::default(); shards],
            subscribers: Vec::new(),
        }
    }

    /// Takes the entries in, one by one.
    pub(super) fn put(
        &mut self,
        entries: Vec<Entry>,
        limited: bool,
        faults: &mut EntryFaults,
    ) -> Vec<Put> {
        let arrival = now();
        let instant = Instant::now();
        entries
            .into_iter()
            .map(|entry| {
                let shard = self.hash_keys.shard_of(entry.hash_key);
                let failure = faults.take(shard).or_else(|| {
                    let full = limited && !self.windows[shard].admit(instant, entry.bytes());
                    full.then_some(EntryError::Throttled)
                });
                let outcome = match failure {
                    Some(error) => Err(error),
                    None => Ok(self.append(shard, entry, arrival)),
                };
                Put { shard, outcome }
            })
            .collect()
    }

    fn append(&mut self, shard: usize, entry: Entry, arrival: SystemTime) -> SequenceNumber {
        let place = self.end();
        let sequence_number = SequenceNumber(place + 1);
        let record = StoredRecord {
            shard,
            sequence_number: sequence_number.to_string(),
            partition_key: entry.partition_key,
            data: entry.data,
            arrival,
        };
        self.subscribers
            .retain(|subscriber| subscriber.send(record.clone()).is_ok());
        self.log.push(record);
        self.shards[shard].push(place);
        sequence_number
    }

    /// The place that the next record gets.
    pub(super) fn end(&self) -> usize {
        self.taken + self.log.len()
    }

    /// All records, in the order of arrival.
    pub(super) fn records(&self) -> &[StoredRecord] {
        &self.log
    }

    /// The records of a shard from this place of the stream on, each with its place.
    pub(super) fn read(
        &self,
        shard: usize,
        from: usize,
    ) -> impl Iterator<Item = (usize, &StoredRecord)> {
        let places = &self.shards[shard];
        let first = places.partition_point(|&place| place < from);
        places[first..]
            .iter()
            .map(|&place| (place, &self.log[place - self.taken]))
    }

    /// Takes all records out. Places and sequence numbers go on from where they were.
    pub(super) fn take(&mut self) -> Vec<StoredRecord> {
        self.taken = self.end();
        self.shards.iter_mut().for_each(Vec::clear);
        std::mem::take(&mut self.log)
    }

    /// Sends what is there, and from now on each record as it comes.
    pub(super) fn subscribe(&mut self, subscriber: Sender<StoredRecord>) {
        let there = self.log.iter();
        if there.cloned().all(|record| subscriber.send(record).is_ok()) {
            self.subscribers.push(subscriber);
        }
    }
}

impl Window {
    /// Counts a record of this size, unless it is too much for this second. A record that is over a
    /// second's bytes all by itself is admitted when it is the first of its second.
    fn admit(&mut self, now: Instant, bytes: usize) -> bool {
        let over = |since| now.duration_since(since) >= Duration::from_secs(1);
        if self.since.is_none_or(over) {
            *self = Window {
                since: Some(now),
                records: 0,
                bytes: 0,
            };
        }
        let full = self.records == RECORDS_PER_SECOND
            || (self.records > 0 && self.bytes + bytes > BYTES_PER_SECOND);
        if !full {
            self.records += 1;
            self.bytes += bytes;
        }
        !full
    }
}

pub(super) fn arn(name: &str) -> String {
    format!("{ARN_PREFIX}{name}")
}

/// The time in whole milliseconds, which is what the service tells of it.
fn now() -> SystemTime {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    UNIX_EPOCH + Duration::new(since.as_secs(), since.subsec_millis() * 1_000_000)
}

/// A time as the service writes it.
pub(super) fn epoch_seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_a_shard_is_full_by_records_or_by_bytes() {
        let start = Instant::now();
        let mut window = Window::default();
        for _ in 0..RECORDS_PER_SECOND {
            assert!(window.admit(start, 1));
        }
        assert!(!window.admit(start, 1));
        let later = start + Duration::from_secs(1);
        assert!(window.admit(later, BYTES_PER_SECOND));
        assert!(!window.admit(later, 1));
        let last = later + Duration::from_secs(1);
        assert!(window.admit(last, 10 * BYTES_PER_SECOND), "alone");
        assert!(!window.admit(last, 1));
    }
}
