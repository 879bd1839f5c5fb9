//! The protocol holds: scenarios that the search goes through to the end.

use std::time::Instant;

use crate::scenario::Scenario;
use crate::search::{Covered, search};

/// Two writers of one key, beside a third one, which may stay open.
pub(crate) const ONE_KEY: Scenario = Scenario::new(&[(0, 1), (1, 0), (2, 0)]);

/// Two drains at once, beside two writers.
pub(crate) const TWO_DRAINS: Scenario = Scenario {
    drains: 2,
    ..Scenario::new(&[(0, 0), (1, 0)])
};

/// A writer with two events. Writers roll back, calls fail, answers get lost.
pub(crate) const FAULTS: Scenario = Scenario {
    faults: true,
    ..Scenario::new(&[(0, 0), (0, 1), (1, 0)])
};

/// An operator pauses the table of two writers.
pub(crate) const PAUSES: Scenario = Scenario {
    pauses: 1,
    ..Scenario::new(&[(0, 0), (1, 0)])
};

/// An operator puts a dead letter back, beside a writer with two events.
pub(crate) const REDRIVES: Scenario = Scenario {
    has_letter: true,
    ..Scenario::new(&[(0, 1), (1, 0), (1, 0)])
};

fn holds(name: &str, scenario: &Scenario) -> Covered {
    let begun = Instant::now();
    let covered = search(scenario).unwrap_or_else(|found| panic!("{name}: {found}"));
    eprintln!("HOLDS {name}: {covered:?}, {:?}", begun.elapsed());
    covered
}

#[test]
fn the_floor_waits_for_no_open_transaction() {
    assert_ne!(holds("one key", &ONE_KEY).open_below, 0);
}

#[test]
fn drains_take_turns() {
    assert_ne!(holds("two drains", &TWO_DRAINS).open_below, 0);
}

#[test]
fn faults_lose_nothing() {
    holds("faults N=1", &FAULTS);
    let mut pairs = FAULTS;
    pairs.call_events = 2;
    holds("faults N=2", &pairs);
}

#[test]
fn the_floor_waits_for_no_paused_table() {
    assert_ne!(holds("pauses", &PAUSES).paused_below, 0);
}

#[test]
fn a_dead_letter_comes_back_below_the_floor() {
    holds("redrives", &REDRIVES);
}
