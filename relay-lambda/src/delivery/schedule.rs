//! Which record may go when, as a pure state machine: it knows neither time nor network, and so can be tested through
//! every order of failures.
//!
//! A record may go when every earlier one of its lane, that is, of its partition key, has been acknowledged, since entries
//! of one request fail alone. So a request holds at most one entry of a lane, and a lane has at most one entry on its way.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use aurora_trigger_gen::wire::Aggregate;

use super::Backoff;

/// A record to be sent, by its place among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    /// What must stay in order.
    pub(crate) lane: usize,
    /// Its bytes, partition key included.
    pub(crate) bytes: usize,
    /// Whether it waits for all that come before it, and all that come after it wait for it.
    pub(crate) barrier: bool,
}

/// What one request may hold, and how many may be on their way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
    pub(crate) requests: usize,
    /// The bytes up to which several records of a lane may go as one entry; 0: each goes alone.
    pub(crate) bundle: usize,
}

/// Records of one lane that go as one entry, in their order: usually one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bundle {
    pub(crate) items: Vec<usize>,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Send this, and tell the schedule what became of each entry.
    Send(Vec<Bundle>),
    /// Wait for an answer, or until this time, if there is one.
    Wait(Option<Duration>),
    /// All have been acknowledged.
    Done,
}

/// The state of a delivery.
#[derive(Debug)]
pub(crate) struct Schedule {
    items: Vec<Item>,
    limits: Limits,
    backoff: Backoff,
    /// For each item the next one of its lane, between the same barriers.
    followers: Vec<Option<usize>>,
    /// Where the next part, up to a barrier, begins.
    next_part: usize,
    /// How many of the current part have not been acknowledged.
    open: usize,
    ready: BinaryHeap<Reverse<usize>>,
    delayed: BinaryHeap<Reverse<(Duration, usize)>>,
    failures: HashMap<usize, u32>,
    on_their_way: usize,
}

impl Schedule {
    pub(crate) fn new(items: Vec<Item>, limits: Limits, backoff: Backoff) -> Self {
        let mut schedule = Self {
            followers: vec![None; items.len()],
            items,
            limits,
            backoff,
            next_part: 0,
            open: 0,
            ready: BinaryHeap::new(),
            delayed: BinaryHeap::new(),
            failures: HashMap::new(),
            on_their_way: 0,
        };
        schedule.open_next_part();
        schedule
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// What to do at this time, by whatever clock.
    pub(crate) fn next(&mut self, now: Duration) -> Next {
        while let Some(&Reverse((at, item))) = self.delayed.peek() {
            if at > now {
                break;
            }
            self.delayed.pop();
            self.ready.push(Reverse(item));
        }
        if self.open == 0 {
            return Next::Done;
        }
        if self.on_their_way < self.limits.requests
            && let Some(request) = self.request()
        {
            self.on_their_way += 1;
            return Next::Send(request);
        }
        // With all requests on their way no time helps, only an answer.
        let at = self.delayed.peek().map(|Reverse((at, _))| *at);
        Next::Wait(at.filter(|_| self.on_their_way < self.limits.requests))
    }

    /// Takes the answer to a request: for each of its entries whether it was acknowledged. `chance` gives numbers from 0 to
    /// 1.
    pub(crate) fn answered(
        &mut self,
        request: &[Bundle],
        acknowledged: impl IntoIterator<Item = bool>,
        now: Duration,
        mut chance: impl FnMut() -> f64,
    ) {
        self.on_their_way -= 1;
        for (bundle, acknowledged) in request.iter().zip(acknowledged) {
            let (Some(&first), Some(&last)) = (bundle.items.first(), bundle.items.last()) else {
                continue;
            };
            if acknowledged {
                self.failures.remove(&first);
                self.open -= bundle.items.len();
                if let Some(follower) = self.followers[last] {
                    self.ready.push(Reverse(follower));
                }
            } else {
                let failures = self.failures.entry(first).or_default();
                *failures += 1;
                let at = now + self.backoff.after(*failures, chance());
                self.delayed.push(Reverse((at, first)));
            }
        }
        if self.open == 0 {
            self.open_next_part();
        }
    }

    /// The next request; the order of the payload is kept where lanes leave a choice.
    fn request(&mut self) -> Option<Vec<Bundle>> {
        let mut request = Vec::new();
        let mut bytes = 0;
        while let Some(&Reverse(item)) = self.ready.peek() {
            let fits = request.len() < self.limits.entries
                && bytes + self.items[item].bytes <= self.limits.bytes;
            // One that is over the limit by itself goes alone: the service says what is wrong with it.
            if !fits && !request.is_empty() {
                break;
            }
            self.ready.pop();
            let bundle = self.bundle(item, self.limits.bytes - bytes.min(self.limits.bytes));
            bytes += bundle
                .items
                .iter()
                .map(|&item| self.items[item].bytes)
                .sum::<usize>();
            request.push(bundle);
        }
        (!request.is_empty()).then_some(request)
    }

    fn bundle(&self, first: usize, room: usize) -> Bundle {
        let mut items = vec![first];
        let mut bytes = self.items[first].bytes;
        let room = room.min(self.limits.bundle);
        let mut last = first;
        while let Some(follower) = self.followers[last] {
            // The partition key is among the bytes of each.
            bytes += self.items[follower].bytes;
            if bytes + Aggregate::overhead(items.len() + 1, 0) > room {
                break;
            }
            items.push(follower);
            last = follower;
        }
        Bundle { items }
    }

    /// Lets the records up to the next barrier go: those of a barrier itself, or those before one.
    fn open_next_part(&mut self) {
        let start = self.next_part;
        let Some(first) = self.items.get(start) else {
            return;
        };
        let end = self.items[start..]
            .iter()
            .position(|item| item.barrier != first.barrier)
            .map_or(self.items.len(), |length| start + length);
        let mut last: HashMap<usize, usize> = HashMap::new();
        for index in start..end {
            match last.insert(self.items[index].lane, index) {
                Some(before) => self.followers[before] = Some(index),
                None => self.ready.push(Reverse(index)),
            }
        }
        self.next_part = end;
        self.open = end - start;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const BACKOFF: Backoff = Backoff {
        first: Duration::from_millis(50),
        longest: Duration::from_secs(2),
    };

    const LIMITS: Limits = Limits {
        entries: 3,
        bytes: 100,
        requests: 2,
        bundle: 0,
    };

    fn item(lane: usize) -> Item {
        Item {
            lane,
            bytes: 10,
            barrier: false,
        }
    }

    fn sent(next: &Next) -> Vec<Vec<usize>> {
        match next {
            Next::Send(request) => request.iter().map(|bundle| bundle.items.clone()).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// What a stream holds after a delivery through a network in which anything happens.
    ///
    /// `dice` says what: which request on its way is answered next, and for each of its entries whether it gets into the
    /// stream, and whether that is known.
    fn simulate(
        items: &[Item],
        limits: Limits,
        mut dice: impl FnMut(usize) -> usize,
    ) -> Vec<usize> {
        let mut schedule = Schedule::new(items.to_vec(), limits, BACKOFF);
        let mut stream = Vec::new();
        let mut known = vec![false; items.len()];
        let mut on_their_way = Vec::new();
        let mut now = Duration::ZERO;
        loop {
            match schedule.next(now) {
                Next::Done => {
                    assert!(on_their_way.is_empty(), "done before all was answered");
                    return stream;
                }
                Next::Send(request) => {
                    let lanes: Vec<usize> = request
                        .iter()
                        .map(|bundle| items[bundle.items[0]].lane)
                        .collect();
                    let mut different = lanes.clone();
                    different.sort_unstable();
                    different.dedup();
                    assert_eq!(different.len(), lanes.len(), "one entry of a lane at most");
                    assert!(request.len() <= limits.entries);
                    let bytes: usize = request
                        .iter()
                        .flat_map(|bundle| &bundle.items)
                        .map(|&item| items[item].bytes)
                        .sum();
                    assert!(bytes <= limits.bytes || request.len() == 1);
                    on_their_way.push(request);
                    assert!(on_their_way.len() <= limits.requests);
                }
                Next::Wait(at) => {
                    // Time goes on to when something can happen; an answer may come before.
                    if on_their_way.is_empty() || (at.is_some() && dice(2) == 0) {
                        now = at.expect("nothing is on its way, so there is a time to wait for");
                        continue;
                    }
                    let request = on_their_way.swap_remove(dice(on_their_way.len()));
                    // A whole request that fails says nothing of its entries.
                    let answer_is_lost = dice(4) == 0;
                    let acknowledged: Vec<bool> = request
                        .iter()
                        .map(|bundle| {
                            let lands = dice(3) > 0;
                            if lands {
                                stream.extend(&bundle.items);
                            }
                            lands && !answer_is_lost
                        })
                        .collect();
                    for (bundle, acknowledged) in request.iter().zip(&acknowledged) {
                        for &item in &bundle.items {
                            known[item] |= acknowledged;
                        }
                    }
                    assert_open_is_the_end(items, &known);
                    schedule.answered(&request, acknowledged, now, || 0.5);
                }
            }
        }
    }

    /// Whenever the delivery ends, what has not been acknowledged is the end of its lane and behind every barrier that has.
    fn assert_open_is_the_end(items: &[Item], known: &[bool]) {
        let mut open_lanes = BTreeSet::new();
        let (mut open_records, mut open_barriers) = (false, false);
        for (item, known) in items.iter().zip(known) {
            if *known {
                let waits = if item.barrier {
                    open_records
                } else {
                    open_barriers
                };
                assert!(!waits && !open_lanes.contains(&item.lane), "{item:?}");
            } else {
                open_lanes.insert(item.lane);
                open_records |= !item.barrier;
                open_barriers |= item.barrier;
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_fails_all_is_there_in_the_order_of_its_lane(
            lanes in prop::collection::vec((0_usize..6, 1_usize..40, prop::bool::weighted(0.05)), 1..80),
            bundle in prop_oneof![Just(0_usize), Just(200)],
            rolls in prop::collection::vec(0_usize..1000, 1..400),
        ) {
            let items: Vec<Item> = lanes
                .iter()
                .map(|&(lane, bytes, barrier)| Item { lane, bytes, barrier })
                .collect();
            let limits = Limits { bundle, bytes: 250, ..LIMITS };
            let mut roll = rolls.iter().cycle();
            // In the end all goes through, or nothing would be promised.
            let mut left = 2_000_usize;
            let stream = simulate(&items, limits, |sides| {
                left = left.saturating_sub(1);
                match roll.next() {
                    Some(roll) if left > 0 => roll % sides,
                    _ => sides - 1,
                }
            });
            // First occurrences count.
            let mut first = Vec::new();
            for item in stream {
                if !first.contains(&item) {
                    first.push(item);
                }
            }
            prop_assert_eq!(first.len(), items.len(), "all is there");
            for (place, &earlier) in first.iter().enumerate() {
                for &later in &first[place..] {
                    let crosses_barrier = (earlier.min(later)..=earlier.max(later))
                        .any(|item| items[item].barrier)
                        && !(earlier.min(later)..=earlier.max(later)).all(|item| items[item].barrier);
                    if items[earlier].lane == items[later].lane || crosses_barrier {
                        prop_assert!(earlier <= later, "{} came before {}", earlier, later);
                    }
                }
            }
        }
    }

    #[test]
    fn a_record_waits_for_the_one_before_it_and_for_no_other() {
        let mut schedule = Schedule::new([0, 0, 1, 0, 2].map(item).to_vec(), LIMITS, BACKOFF);
        let first = schedule.next(Duration::ZERO);
        assert_eq!(sent(&first), [[0], [2], [4]]);
        let Next::Send(request) = first else {
            unreachable!()
        };
        assert_eq!(schedule.next(Duration::ZERO), Next::Wait(None));
        // The first one failed: what is behind it stays where it is.
        schedule.answered(&request, [false, true, true], Duration::ZERO, || 1.0);
        let wait = Duration::from_millis(50);
        assert_eq!(schedule.next(Duration::ZERO), Next::Wait(Some(wait)));
        for expected in [0, 1, 3] {
            let next = schedule.next(wait);
            assert_eq!(sent(&next), [[expected]]);
            let Next::Send(request) = next else {
                unreachable!()
            };
            schedule.answered(&request, [true], wait, || 1.0);
        }
        assert_eq!(schedule.next(wait), Next::Done);
    }

    #[test]
    fn a_truncate_waits_for_all_before_it_and_holds_up_all_behind_it() {
        let barrier = |lane| Item {
            barrier: true,
            ..item(lane)
        };
        let items = vec![item(2), barrier(0), barrier(1), item(3)];
        let mut schedule = Schedule::new(items, LIMITS, BACKOFF);
        for expected in [vec![vec![0]], vec![vec![1], vec![2]], vec![vec![3]]] {
            let next = schedule.next(Duration::ZERO);
            assert_eq!(sent(&next), expected);
            assert_eq!(schedule.next(Duration::ZERO), Next::Wait(None));
            let Next::Send(request) = next else {
                unreachable!()
            };
            let answers = vec![true; request.len()];
            schedule.answered(&request, answers, Duration::ZERO, || 1.0);
        }
        assert_eq!(schedule.next(Duration::ZERO), Next::Done);
    }

    #[test]
    fn with_bundles_a_hot_key_takes_few_requests() {
        let items: Vec<Item> = (0..1000).map(|_| item(0)).collect();
        let limits = Limits {
            entries: 500,
            bytes: 10_000,
            requests: 4,
            bundle: 5_000,
        };
        let mut schedule = Schedule::new(items, limits, BACKOFF);
        let mut requests = 0;
        let mut items = Vec::new();
        while let Next::Send(request) = schedule.next(Duration::ZERO) {
            requests += 1;
            items.extend(request[0].items.clone());
            schedule.answered(&request, [true], Duration::ZERO, || 1.0);
        }
        assert_eq!(items, (0..1000).collect::<Vec<_>>());
        assert_eq!(requests, 5);
    }

    #[test]
    fn nothing_to_send_is_done() {
        let mut schedule = Schedule::new(Vec::new(), LIMITS, BACKOFF);
        assert_eq!(schedule.next(Duration::ZERO), Next::Done);
    }
}
