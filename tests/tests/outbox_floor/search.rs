//! Breadth-first search through every order of steps, so that the first violation found has the shortest trace.

use std::collections::HashSet;
use std::fmt;

use pipeline_tests::model::StateHash;

use crate::scenario::Scenario;
use crate::state::{Set, State};
use crate::step::{self, Action};

/// An invariant, named after its violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// All writers have ended, nothing is paused, and a committed event stays in the outbox whatever drains follow.
    Lost,
    /// An event was sent whose transaction has not committed.
    SentUncommitted,
    /// The first occurrences of a key's events in the stream are not in the order of their commits.
    OutOfOrder,
}

/// A violation, and the steps that lead to it.
pub(crate) struct Counterexample {
    pub(crate) violation: Violation,
    trace: Vec<Action>,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?} after {} steps:", self.violation, self.trace.len())?;
        self.trace
            .iter()
            .try_for_each(|action| writeln!(f, "  {action:?}"))
    }
}

/// The number of states that a search has met, and of those in which no drain runs:
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Covered {
    pub(crate) states: usize,
    /// With an event of an open transaction below the floor.
    pub(crate) open_below: usize,
    /// With a committed event of a paused table below the floor.
    pub(crate) paused_below: usize,
}

/// A state, with the place of the one before it and the step between them.
type Found = (State, Option<(usize, Action)>);

/// Tries every order of steps.
pub(crate) fn search(scenario: &Scenario) -> Result<Covered, Counterexample> {
    let mut found: Vec<Found> = vec![(scenario.start(), None)];
    let mut known = HashSet::with_capacity_and_hasher(1 << 18, StateHash::default());
    known.insert(scenario.start());
    let mut covered = Covered::default();
    while let Some(&(state, from)) = found.get(covered.states) {
        if state.drains.iter().all(|drain| drain.steps == 0) {
            count(scenario, &state, &mut covered);
            drain_all(scenario, &state)
                .map_err(|violation| counterexample(&found, from, violation))?;
        }
        for (action, next) in step::steps(scenario, &state) {
            let from = Some((covered.states, action));
            let next = next.map_err(|violation| counterexample(&found, from, violation))?;
            if known.insert(next) {
                found.push((next, from));
            }
        }
        covered.states += 1;
    }
    Ok(covered)
}

fn counterexample(
    found: &[Found],
    mut from: Option<(usize, Action)>,
    violation: Violation,
) -> Counterexample {
    let mut trace = Vec::new();
    while let Some((place, action)) = from {
        trace.push(action);
        from = found[place].1;
    }
    trace.reverse();
    Counterexample { violation, trace }
}

/// If all writers have ended and nothing is paused, drains follow that nothing disturbs and that do no more than they must:
/// none begins where no event is above the floor, and one that sends nothing notes only what the next one needs.
fn drain_all(scenario: &Scenario, state: &State) -> Result<(), Violation> {
    if state.outbox == Set::EMPTY || state.open != Set::EMPTY || state.is_paused {
        return Ok(());
    }
    let mut next = *state;
    if state.last_of(state.outbox) > state.floor_of(scenario, state.committed) {
        for step in step::order(scenario) {
            next = step::drain_step(scenario, next, 0, step)?;
        }
    }
    let next_floor = next.floor_of(scenario, next.lane.durable.shown);
    let is_noted = next.outbox != state.outbox
        || next.lane.floor_version != state.lane.floor_version
        || next.next_of_lane(scenario, next_floor).0 != Set::EMPTY;
    if is_noted && next != *state {
        drain_all(scenario, &next)
    } else {
        Err(Violation::Lost)
    }
}

fn count(scenario: &Scenario, state: &State, covered: &mut Covered) {
    let floor = state.floor_of(scenario, state.lane.durable.shown);
    let is_below = |events: Set| events.items().any(|event| state.position[event] <= floor);
    let open = state.rows_of(scenario, state.open);
    let committed = state.rows_of(scenario, state.committed);
    covered.open_below += usize::from(is_below(open));
    covered.paused_below += usize::from(is_below(committed.and(state.paused(scenario))));
}
