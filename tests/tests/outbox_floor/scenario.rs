//! A scenario: a few transactions and what may happen to them, few enough for every order of their steps to be tried.

use crate::rules::Rule;
use crate::state::{Set, State};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    /// As (writer, key). Writers begin in their order, each writes its events in this order, and each key has its own table.
    pub(crate) events: &'static [(usize, usize)],
    /// The drains that run at once.
    pub(crate) drains: usize,
    /// N: the events that a call takes.
    pub(crate) call_events: usize,
    /// Writers roll back, calls fail, answers get lost.
    pub(crate) faults: bool,
    /// The number of times that the table of key 0 is paused.
    pub(crate) pauses: u8,
    /// Event 0 is a dead letter, and its writer ended long ago.
    pub(crate) has_letter: bool,
    pub(crate) broken: Option<Rule>,
}

impl Scenario {
    /// One drain, one event in a call, and nothing but writers.
    pub(crate) const fn new(events: &'static [(usize, usize)]) -> Self {
        Self {
            events,
            drains: 1,
            call_events: 1,
            faults: false,
            pauses: 0,
            has_letter: false,
            broken: None,
        }
    }

    pub(crate) fn breaks(&self, rule: Rule) -> bool {
        self.broken == Some(rule)
    }

    /// Somebody pauses a table, resumes it, or puts a dead letter back.
    pub(crate) fn has_operator(&self) -> bool {
        self.pauses > 0 || self.has_letter
    }

    /// The events whose writer and key are these.
    pub(crate) fn events(&self, are: impl Fn(usize, usize) -> bool) -> Set {
        let of = |event: &usize| are(self.events[*event].0, self.events[*event].1);
        (0..self.events.len()).filter(of).collect()
    }

    pub(crate) fn start(&self) -> State {
        let ended = (0..usize::from(self.has_letter)).collect();
        let last_position = u8::from(self.has_letter);
        State {
            begun: ended,
            committed: ended,
            below_xmax: ended,
            position: [last_position, 0, 0],
            last_position,
            has_letter: self.has_letter,
            pauses_left: self.pauses,
            ..State::default()
        }
    }
}
