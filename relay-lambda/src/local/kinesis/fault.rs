use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::EntryError;
use crate::local::share::Share;

/// A way in which a whole `PutRecord` or `PutRecords` fails, to be ordered by [`KinesisFaults`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KinesisFault {
    /// HTTP 500, `InternalFailure`. No record lands.
    InternalFailure,
    /// HTTP 400, `LimitExceededException`. No record lands.
    LimitExceeded,
    /// HTTP 400, `ProvisionedThroughputExceededException`. No record lands.
    Throttle,
    /// The connection is closed without an answer. No record lands.
    LoseRequest,
    /// The records land, the connection is closed without an answer: for the client the same as
    /// [`LoseRequest`](KinesisFault::LoseRequest). A second try makes duplicates.
    LoseAnswer,
}

/// The failures that a [`Kinesis`](super::Kinesis) has been told to produce. Clones are the same
/// handle.
///
/// Only `PutRecord` and `PutRecords` meet them: who reads what has landed is not disturbed. Orders for
/// whole requests are taken by requests that are well formed, one each, in the order of the orders; a request for which there is none goes through. Its entries then meet the orders for
/// entries. An entry that fails does not land, the later ones of the same request do. A `PutRecord` is
/// a request of one entry and fails as a whole.
///
/// ```no_run
/// use std::time::Duration;
///
/// use relay_lambda::local::{Kinesis, KinesisFault};
///
/// # fn main() -> std::io::Result<()> {
/// let kinesis = Kinesis::start()?;
/// let faults = kinesis.faults();
///
/// // One request fails, the next lands but its answer is lost, then all is well.
/// faults.fail_next(1, KinesisFault::InternalFailure);
/// faults.fail_next(1, KinesisFault::LoseAnswer);
///
/// // Shard 0 takes nothing, and of the entries for the others three in ten fail, until it is cleared.
/// faults.throttle_shard(0);
/// faults.fail_share(30, 42);
/// faults.clear();
///
/// // The next answer takes two seconds.
/// faults.delay_next(1, Duration::from_secs(2));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct KinesisFaults {
    ordered: Arc<Mutex<Ordered>>,
}

#[derive(Debug, Default)]
struct Ordered {
    requests: Orders<KinesisFault>,
    delays: Orders<Duration>,
    entries: EntryFaults,
}

/// What the next ones get, one each, and what all get after that.
#[derive(Debug)]
struct Orders<T> {
    next: VecDeque<T>,
    then: Option<T>,
}

/// The orders for entries.
#[derive(Debug, Default)]
pub(super) struct EntryFaults {
    throttled_shards: BTreeSet<usize>,
    nth: Option<Nth>,
    share: Option<Share>,
}

/// Every nth of all that come.
#[derive(Debug)]
struct Nth {
    every: usize,
    seen: usize,
}

/// What happens to one request.
#[derive(Debug)]
pub(super) struct RequestFate {
    pub(super) fault: Option<KinesisFault>,
    pub(super) delay: Option<Duration>,
}

impl KinesisFaults {
    /// Lets the next `count` requests fail so, after those that were ordered before.
    pub fn fail_next(&self, count: usize, fault: KinesisFault) {
        self.ordered().requests.next(count, fault);
    }

    /// Lets every request fail so, after those that [`fail_next`](KinesisFaults::fail_next) ordered,
    /// until [`clear`](KinesisFaults::clear).
    pub fn fail_all(&self, fault: KinesisFault) {
        self.ordered().requests.then = Some(fault);
    }

    /// Lets the answers to the next `count` requests come late by `delay`, after those that were
    /// ordered before. The records land at once. A request that also fails fails late, and a lost
    /// one's connection is closed late.
    pub fn delay_next(&self, count: usize, delay: Duration) {
        self.ordered().delays.next(count, delay);
    }

    /// Lets the answer to every request come late by `delay`, after those that
    /// [`delay_next`](KinesisFaults::delay_next) ordered, until [`clear`](KinesisFaults::clear).
    pub fn delay_all(&self, delay: Duration) {
        self.ordered().delays.then = Some(delay);
    }

    /// Lets every entry for this shard of any stream, counted from 0, fail with
    /// `ProvisionedThroughputExceededException`, until
    /// [`release_shard`](KinesisFaults::release_shard) or [`clear`](KinesisFaults::clear).
    pub fn throttle_shard(&self, shard: usize) {
        self.ordered().entries.throttled_shards.insert(shard);
    }

    /// Takes back [`throttle_shard`](KinesisFaults::throttle_shard).
    pub fn release_shard(&self, shard: usize) {
        self.ordered().entries.throttled_shards.remove(&shard);
    }

    /// Lets every `nth` entry from now on fail with `InternalFailure`, counted through all requests:
    /// 1 is each of them. 0 takes the order back.
    ///
    /// ```no_run
    /// # use relay_lambda::local::Kinesis;
    /// let kinesis = Kinesis::start()?;
    ///
    /// // Of seven entries the third and the sixth fail.
    /// kinesis.faults().fail_every(3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn fail_every(&self, nth: usize) {
        self.ordered().entries.nth = (nth > 0).then_some(Nth {
            every: nth,
            seen: 0,
        });
    }

    /// Lets this share of the entries from now on fail with `InternalFailure`, by chance. The seed
    /// determines which: the same seed and the same requests make the same entries fail. 100 and
    /// more is each of them; 0 takes the order back.
    pub fn fail_share(&self, percent: u8, seed: u64) {
        self.ordered().entries.share = Share::new(percent, seed);
    }

    /// Forgets all that was ordered: the next request goes through.
    pub fn clear(&self) {
        *self.ordered() = Ordered::default();
    }

    /// What happens to a request, which is thereby used up.
    pub(super) fn take(&self) -> RequestFate {
        let mut ordered = self.ordered();
        RequestFate {
            fault: ordered.requests.take(),
            delay: ordered.delays.take(),
        }
    }

    /// Runs `judge` with the orders for entries, for as many of them as a request has.
    pub(super) fn with_entries<T>(&self, judge: impl FnOnce(&mut EntryFaults) -> T) -> T {
        judge(&mut self.ordered().entries)
    }

    fn ordered(&self) -> MutexGuard<'_, Ordered> {
        // No method leaves it half done, so a panic elsewhere has not harmed it.
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Copy> Orders<T> {
    fn next(&mut self, count: usize, order: T) {
        self.next.extend(std::iter::repeat_n(order, count));
    }

    fn take(&mut self) -> Option<T> {
        self.next.pop_front().or(self.then)
    }
}

impl<T> Default for Orders<T> {
    fn default() -> Orders<T> {
        Orders {
            next: VecDeque::new(),
            then: None,
        }
    }
}

impl EntryFaults {
    /// What happens to the next entry, which is for this shard.
    pub(super) fn take(&mut self, shard: usize) -> Option<EntryError> {
        // All of them count every entry, also one that fails for another reason.
        let nth = self.nth.as_mut().is_some_and(Nth::hits);
        let share = self.share.as_mut().is_some_and(Share::hits);
        if self.throttled_shards.contains(&shard) {
            Some(EntryError::Throttled)
        } else if nth || share {
            Some(EntryError::InternalFailure)
        } else {
            None
        }
    }
}

impl Nth {
    fn hits(&mut self) -> bool {
        self.seen = (self.seen + 1) % self.every;
        self.seen == 0
    }
}
