use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::ApiError;
use super::stream::{Entry, Put, Stream};
use super::{KinesisFaults, PutRequests, StoredRecord};

/// All streams, and what has been ordered to go wrong with them.
#[derive(Debug, Default)]
pub(super) struct Store {
    streams: Mutex<BTreeMap<String, Stream>>,
    /// Told when records have come.
    arrived: Condvar,
    shard_limits: AtomicBool,
    requests: AtomicUsize,
    entries: AtomicUsize,
    pub(super) faults: KinesisFaults,
}

impl Store {
    pub(super) fn streams(&self) -> MutexGuard<'_, BTreeMap<String, Stream>> {
        // A panic elsewhere has been seen there; what it left is still what a test wants to look at.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` with the stream of this name.
    pub(super) fn with_stream<T>(
        &self,
        name: &str,
        work: impl FnOnce(&mut Stream) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        match self.streams().get_mut(name) {
            Some(stream) => work(stream),
            None => Err(ApiError::no_stream(name)),
        }
    }

    /// Adds a stream, unless there is one of this name.
    pub(super) fn create(&self, name: String, stream: Stream) -> Result<(), ApiError> {
        let mut streams = self.streams();
        if streams.contains_key(&name) {
            return Err(ApiError::stream_exists(&name));
        }
        streams.insert(name, stream);
        Ok(())
    }

    /// Counts a request that came with this many entries.
    pub(super) fn count(&self, entries: usize) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.entries.fetch_add(entries, Ordering::Relaxed);
    }

    pub(super) fn counted(&self) -> PutRequests {
        PutRequests {
            requests: self.requests.load(Ordering::Relaxed),
            entries: self.entries.load(Ordering::Relaxed),
        }
    }

    pub(super) fn limit_shards(&self) {
        self.shard_limits.store(true, Ordering::Relaxed);
    }

    /// Takes entries in, each for itself, after `check` has found nothing wrong with them all.
    pub(super) fn put(
        &self,
        name: &str,
        entries: Vec<Entry>,
        check: impl FnOnce(&Stream, &[Entry]) -> Result<(), ApiError>,
    ) -> Result<Vec<Put>, ApiError> {
        let limited = self.shard_limits.load(Ordering::Relaxed);
        let puts = self.with_stream(name, |stream| {
            check(stream, &entries)?;
            Ok(self
                .faults
                .with_entries(|faults| stream.put(entries, limited, faults)))
        })?;
        self.arrived.notify_all();
        Ok(puts)
    }

    pub(super) fn records(&self, name: &str) -> Vec<StoredRecord> {
        records(&self.streams(), name).to_vec()
    }

    pub(super) fn take_records(&self, name: &str) -> Vec<StoredRecord> {
        self.streams()
            .get_mut(name)
            .map(Stream::take)
            .unwrap_or_default()
    }

    pub(super) fn wait_for(
        &self,
        name: &str,
        count: usize,
        timeout: Duration,
    ) -> Vec<StoredRecord> {
        let few = |streams: &mut BTreeMap<String, Stream>| records(streams, name).len() < count;
        let (streams, _) = self
            .arrived
            .wait_timeout_while(self.streams(), timeout, few)
            .unwrap_or_else(PoisonError::into_inner);
        records(&streams, name).to_vec()
    }

    pub(super) fn subscribe(&self, name: &str) -> io::Result<Receiver<StoredRecord>> {
        let (sender, receiver) = mpsc::channel();
        match self.streams().get_mut(name) {
            Some(stream) => stream.subscribe(sender),
            None => {
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    format!("the local Kinesis has no stream {name}"),
                ));
            }
        }
        Ok(receiver)
    }
}

/// What the stream of this name holds: nothing when there is none.
fn records<'a>(streams: &'a BTreeMap<String, Stream>, name: &str) -> &'a [StoredRecord] {
    streams.get(name).map_or(&[], Stream::records)
}
