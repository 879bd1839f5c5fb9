//! Breadth-first search through every order of events, so that the first violation found has the shortest trace.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use pipeline_tests::model::StateHash;

use crate::invariant::{self, Violation};
use crate::scenario::Scenario;
use crate::state::State;
use crate::step::{self, Action};

/// A violation, and the steps that lead to it.
#[derive(Debug)]
pub(crate) struct Counterexample {
    pub(crate) violation: Violation,
    pub(crate) trace: Vec<Action>,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?} after {} steps:", self.violation, self.trace.len())?;
        self.trace
            .iter()
            .try_for_each(|action| writeln!(f, "  {action:?}"))
    }
}

/// The size of a search.
#[derive(Debug)]
pub(crate) struct Covered {
    pub(crate) states: usize,
    /// The states at which all has come to rest.
    pub(crate) at_rest: usize,
    pub(crate) time: Duration,
}

/// More states than this take a test longer than it should.
const LIMIT: usize = 600_000;

struct Found {
    states: Vec<State>,
    index: HashMap<State, usize, StateHash>,
    /// The state and the step that each state was found by.
    from: Vec<Option<(usize, Action)>>,
    /// The state that a run without faults goes to.
    calm: Vec<Option<usize>>,
}

impl Found {
    fn add(&mut self, state: State, from: Option<(usize, Action)>) -> usize {
        let place = self.states.len();
        *self.index.entry(state).or_insert_with(|| {
            self.states.push(state);
            self.from.push(from);
            place
        })
    }

    fn counterexample(
        &self,
        mut place: usize,
        last: Option<Action>,
        violation: Violation,
    ) -> Counterexample {
        let mut trace: Vec<Action> = last.into_iter().collect();
        while let Some((before, action)) = self.from[place] {
            trace.push(action);
            place = before;
        }
        trace.reverse();
        Counterexample { violation, trace }
    }
}

/// Tries every order of events.
///
/// # Panics
///
/// The scenario has too many states: it must become smaller.
pub(crate) fn search(scenario: &Scenario) -> Result<Covered, Counterexample> {
    let begun = Instant::now();
    let mut found = Found {
        states: Vec::new(),
        index: HashMap::default(),
        from: Vec::new(),
        calm: Vec::new(),
    };
    found.add(scenario.start(), None);
    let mut at_rest = 0;
    let mut place = 0;
    while let Some(&state) = found.states.get(place) {
        let mut calm: Option<(u8, usize)> = None;
        for (action, next) in step::steps(scenario, &state) {
            let next =
                next.map_err(|violation| found.counterexample(place, Some(action), violation))?;
            let reached = found.add(next, Some((place, action)));
            if let Some(rank) = step::calm_rank(scenario, &state, action)
                && calm.is_none_or(|(best, _)| rank < best)
            {
                calm = Some((rank, reached));
            }
        }
        if calm.is_none() {
            at_rest += 1;
            invariant::at_rest(scenario, &state)
                .map_err(|violation| found.counterexample(place, None, violation))?;
        }
        found.calm.push(calm.map(|(_, reached)| reached));
        assert!(
            found.states.len() <= LIMIT,
            "the scenario has more than {LIMIT} states"
        );
        place += 1;
    }
    come_to_rest(&found)?;
    Ok(Covered {
        states: found.states.len(),
        at_rest,
        time: begun.elapsed(),
    })
}

/// A run without faults comes to rest from each state: none of them goes round.
fn come_to_rest(found: &Found) -> Result<(), Counterexample> {
    // The run that met the state last; a run that meets its own state again goes round.
    let mut run_of = vec![usize::MAX; found.states.len()];
    for start in 0..found.states.len() {
        let mut place = start;
        while run_of[place] == usize::MAX {
            run_of[place] = start;
            let Some(next) = found.calm[place] else { break };
            if run_of[next] == start {
                return Err(found.counterexample(start, None, Violation::Stuck));
            }
            place = next;
        }
    }
    Ok(())
}
