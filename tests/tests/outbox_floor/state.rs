//! The database, the drains and the stream as the model sees them, in as few bytes as possible.

pub(crate) use pipeline_tests::model::Set;

use crate::rules::Rule;
use crate::scenario::Scenario;

/// The most events, and the most writers, in a scenario.
const MOST: usize = 3;

/// A snapshot, as the writers that it tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Snapshot {
    /// Those that had committed.
    pub(crate) shown: Set,
    /// Those in its list.
    pub(crate) listed: Set,
}

/// The lane's row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    pub(crate) durable: Snapshot,
    pub(crate) durable_position: u8,
    pub(crate) listed_position: u8,
    pub(crate) last_position: u8,
    pub(crate) floor: u8,
    /// The list of `floor_snapshot`.
    pub(crate) floor_listed: Set,
    pub(crate) floor_version: u8,
}

/// A drain's transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Drain {
    /// The number of steps that it has taken.
    pub(crate) steps: u8,
    pub(crate) first_position: u8,
    /// The writers that have a lower number than its own.
    pub(crate) lower: Set,
    pub(crate) position_now: u8,
    pub(crate) durable_now: Snapshot,
    pub(crate) version_now: u8,
    pub(crate) found_floor: u8,
    pub(crate) chosen: Set,
    pub(crate) is_all: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// Writers get numbers in their order.
    pub(crate) begun: Set,
    pub(crate) open: Set,
    pub(crate) committed: Set,
    /// The writers below the `xmax` of a snapshot.
    pub(crate) below_xmax: Set,
    /// By event; 0 for none.
    pub(crate) position: [u8; MOST],
    /// That of the sequence.
    pub(crate) last_position: u8,
    /// The rows of open transactions are in here too.
    pub(crate) outbox: Set,
    pub(crate) has_letter: bool,
    pub(crate) is_paused: bool,
    pub(crate) pauses_left: u8,
    /// That of the settings.
    pub(crate) floor_version: u8,
    pub(crate) lane: Lane,
    pub(crate) drains: [Drain; 2],
    pub(crate) streamed: Set,
}

impl State {
    pub(crate) fn end_writer(&mut self, writer: usize) {
        self.open = self.open.minus(Set::EMPTY.with(writer));
        self.below_xmax = self.below_xmax.or((0..=writer).collect());
    }

    pub(crate) fn end_drain(&mut self, drain: usize) {
        self.below_xmax = self.below_xmax.or(self.drains[drain].lower);
        self.drains[drain] = Drain::default();
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            shown: self.committed,
            listed: self.open.and(self.below_xmax),
        }
    }

    /// The rows of these writers.
    pub(crate) fn rows_of(&self, scenario: &Scenario, writers: Set) -> Set {
        let of_writers = scenario.events(|writer, _| writers.has(writer));
        self.outbox.and(of_writers)
    }

    /// The last position of these events.
    pub(crate) fn last_of(&self, events: Set) -> u8 {
        let positions = events.items().map(|event| self.position[event]);
        positions.max().unwrap_or(0)
    }

    pub(crate) fn sorted(&self, events: Set) -> Vec<usize> {
        let mut sorted: Vec<usize> = events.items().collect();
        sorted.sort_by_key(|event| self.position[*event]);
        sorted
    }

    /// The events of the paused table.
    pub(crate) fn paused(&self, scenario: &Scenario) -> Set {
        scenario.events(|_, key| self.is_paused && key == 0)
    }

    /// The position up to which nothing can be sent that these writers wrote.
    pub(crate) fn floor_of(&self, scenario: &Scenario, shown: Set) -> u8 {
        let lane = &self.lane;
        if lane.floor_version != self.floor_version && !scenario.breaks(Rule::VersionNotCompared) {
            return 0;
        }
        let since_ended = self.rows_of(scenario, lane.floor_listed.and(shown));
        let before = since_ended.items().map(|event| self.position[event] - 1);
        match before.min() {
            Some(before) if !scenario.breaks(Rule::OpenIgnored) => lane.floor.min(before),
            _ => lane.floor,
        }
    }

    /// The next events behind a position, and whether these are all.
    pub(crate) fn next_of_lane(&self, scenario: &Scenario, after_position: u8) -> (Set, bool) {
        let shown = self.rows_of(scenario, self.lane.durable.shown);
        let mut ready = self.sorted(shown.minus(self.paused(scenario)));
        let range = after_position + 1..=self.lane.durable_position;
        ready.retain(|event| range.contains(&self.position[*event]));
        let is_all = ready.len() <= scenario.call_events;
        ready.truncate(scenario.call_events);
        (ready.into_iter().collect(), is_all)
    }
}
