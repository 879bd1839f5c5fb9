//! The steps of the writers, the operators and the drains.

use crate::rules::Rule;
use crate::scenario::Scenario;
use crate::search::Violation;
use crate::state::{Drain, Lane, Set, State};

/// A step. Traces print it. Of a drain that is killed only its number has ended, as of one that chose nothing and notes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Begin { writer: usize },
    Write { event: usize },
    Commit { writer: usize },
    RollBack { writer: usize },
    Pause,
    Resume,
    Redrive,
    Drain(usize, DrainStep),
    KillDrain(usize),
}

/// A step of a drain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DrainStep {
    ReadFirstPosition,
    TakeNumber,
    /// The drain locks the lane, too.
    ReadPositionNow,
    TakeSnapshot,
    ReadVersion,
    /// Broken rule only.
    FindFloor,
    Choose,
    /// The events are in the stream, the drain commits.
    Send,
    /// Nothing is in the stream, the drain commits.
    Fail,
    /// The events are in the stream, the drain takes the call for a failed one, and commits.
    LoseAnswer,
    /// The events are in the stream, and nothing else remains of the drain.
    SendAndDie,
}

/// The steps of a drain that nothing disturbs.
pub(crate) fn order(scenario: &Scenario) -> Vec<DrainStep> {
    let mut order = vec![
        DrainStep::ReadFirstPosition,
        DrainStep::TakeNumber,
        DrainStep::ReadPositionNow,
        DrainStep::TakeSnapshot,
        DrainStep::ReadVersion,
        DrainStep::Choose,
        DrainStep::Send,
    ];
    match scenario.broken {
        Some(Rule::FirstPositionAfterNumber) => order.swap(0, 1),
        Some(Rule::VersionAfterChoice) => order.swap(4, 5),
        Some(Rule::FloorBeforeChoice) => order.insert(5, DrainStep::FindFloor),
        _ => {}
    }
    order
}

/// A step that can be taken, and the state that it leads to.
type Taken = (Action, Result<State, Violation>);

/// All steps that can be taken.
pub(crate) fn steps(scenario: &Scenario, state: &State) -> Vec<Taken> {
    let mut taken = Vec::new();
    writer_steps(scenario, state, &mut taken);
    operator_steps(scenario, state, &mut taken);
    for drain in 0..scenario.drains {
        drain_steps(scenario, state, drain, &mut taken);
    }
    taken
}

fn drain_steps(scenario: &Scenario, state: &State, drain: usize, taken: &mut Vec<Taken>) {
    let order = order(scenario);
    let next = |state: &State| order[usize::from(state.drains[drain].steps)];
    let mut before = *state;
    // Only an operator changes what a drain reads from its snapshot on, and nobody reads what it writes.
    while !scenario.has_operator()
        && let read @ (DrainStep::TakeSnapshot | DrainStep::ReadVersion | DrainStep::Choose) =
            next(&before)
        && let Ok(after) = drain_step(scenario, before, drain, read)
    {
        before = after;
    }
    // The third step locks the lane.
    let is_locked = state.drains.iter().any(|other| other.steps > 2);
    let mut steps = vec![next(&before)];
    steps.retain(|step| !is_locked || *step != DrainStep::ReadPositionNow);
    if scenario.faults && before.drains[drain].chosen != Set::EMPTY {
        steps.extend([
            DrainStep::Fail,
            DrainStep::LoseAnswer,
            DrainStep::SendAndDie,
        ]);
    }
    for step in steps {
        let after = drain_step(scenario, before, drain, step);
        taken.push((Action::Drain(drain, step), after));
    }
    let mut killed = *state;
    killed.end_drain(drain);
    taken.push((Action::KillDrain(drain), Ok(killed)));
}

fn writer_steps(scenario: &Scenario, state: &State, taken: &mut Vec<Taken>) {
    let mut writers = scenario.events.iter().map(|event| event.0);
    if let Some(writer) = writers.find(|writer| !state.begun.has(*writer)) {
        let mut next = *state;
        next.begun = state.begun.with(writer);
        next.open = state.open.with(writer);
        taken.push((Action::Begin { writer }, Ok(next)));
    }
    for writer in state.open.items() {
        let mut next = *state;
        let own = scenario.events(|of, _| of == writer);
        if let Some(event) = own.minus(state.outbox).items().next() {
            let same_key = scenario.events(|_, key| key == scenario.events[event].1);
            let locked = state.rows_of(scenario, state.open).minus(own);
            if locked.and(same_key) == Set::EMPTY {
                next.last_position += 1;
                next.position[event] = next.last_position;
                next.outbox = state.outbox.with(event);
                taken.push((Action::Write { event }, Ok(next)));
            }
        } else {
            next.end_writer(writer);
            next.committed = state.committed.with(writer);
            taken.push((Action::Commit { writer }, Ok(next)));
        }
        if scenario.faults {
            let mut undone = *state;
            undone.end_writer(writer);
            undone.outbox = state.outbox.minus(own);
            taken.push((Action::RollBack { writer }, Ok(undone)));
        }
    }
}

fn operator_steps(scenario: &Scenario, state: &State, taken: &mut Vec<Taken>) {
    let mut next = *state;
    if state.is_paused {
        next.is_paused = false;
        next.floor_version += u8::from(!scenario.breaks(Rule::ResumeKeepsVersion));
        taken.push((Action::Resume, Ok(next)));
    } else if state.pauses_left > 0 {
        next.is_paused = true;
        next.pauses_left -= 1;
        taken.push((Action::Pause, Ok(next)));
    }
    if state.has_letter {
        let mut next = *state;
        next.has_letter = false;
        next.outbox = state.outbox.with(0);
        next.floor_version += u8::from(!scenario.breaks(Rule::RedriveKeepsVersion));
        taken.push((Action::Redrive, Ok(next)));
    }
}

/// The outcome of a step of a drain.
pub(crate) fn drain_step(
    scenario: &Scenario,
    state: State,
    drain: usize,
    step: DrainStep,
) -> Result<State, Violation> {
    let floor = || state.floor_of(scenario, state.lane.durable.shown);
    let mut next = state;
    let own = &mut next.drains[drain];
    own.steps += 1;
    match step {
        DrainStep::ReadFirstPosition => own.first_position = state.last_position,
        DrainStep::TakeNumber => own.lower = state.begun,
        DrainStep::ReadPositionNow => own.position_now = state.last_position,
        DrainStep::TakeSnapshot => own.durable_now = state.snapshot(),
        DrainStep::ReadVersion => own.version_now = state.floor_version,
        DrainStep::FindFloor => own.found_floor = floor(),
        DrainStep::Choose => {
            if !scenario.breaks(Rule::FloorBeforeChoice) {
                own.found_floor = floor();
            }
            (own.chosen, own.is_all) = state.next_of_lane(scenario, own.found_floor);
        }
        DrainStep::Send | DrainStep::Fail | DrainStep::LoseAnswer | DrainStep::SendAndDie => {
            let own = state.drains[drain];
            if step != DrainStep::Fail {
                write(scenario, &mut next, own.chosen)?;
            }
            if step != DrainStep::SendAndDie {
                commit(scenario, &mut next, &own, step == DrainStep::Send);
            }
            next.end_drain(drain);
        }
    }
    Ok(next)
}

/// The relay writes the events into the stream.
fn write(scenario: &Scenario, state: &mut State, events: Set) -> Result<(), Violation> {
    for event in state.sorted(events) {
        let (writer, key) = scenario.events[event];
        if !state.committed.has(writer) {
            return Err(Violation::SentUncommitted);
        }
        let same_key = scenario.events(|_, of| of == key);
        let last = state.last_of(state.streamed.and(same_key));
        if !state.streamed.has(event) && last > state.position[event] {
            return Err(Violation::OutOfOrder);
        }
        state.streamed = state.streamed.with(event);
    }
    Ok(())
}

/// Deletes what was sent, and notes in the lane's row how far the drain has come.
fn commit(scenario: &Scenario, state: &mut State, drain: &Drain, is_done: bool) {
    let before = state.lane;
    state.lane = Lane {
        durable: drain.durable_now,
        durable_position: drain.position_now,
        listed_position: before.last_position,
        last_position: drain.first_position,
        floor: drain.found_floor,
        floor_listed: before.floor_listed,
        floor_version: drain.version_now,
    };
    match scenario.broken {
        Some(Rule::ListedByOwnPosition) => state.lane.listed_position = drain.first_position,
        Some(Rule::DurableByFirstPosition) => state.lane.durable_position = drain.first_position,
        _ => {}
    }
    if is_done {
        state.outbox = state.outbox.minus(drain.chosen);
    }
    if is_done || scenario.breaks(Rule::FloorPastFailedCall) {
        state.lane.floor = match scenario.broken {
            Some(Rule::FloorToDurablePosition) => before.durable_position,
            Some(Rule::FloorToPositionNow) => drain.position_now,
            _ => before.listed_position,
        };
        state.lane.floor_listed = before.durable.listed;
        if scenario.breaks(Rule::FloorSnapshotIsNewer) {
            state.lane.floor_listed = drain.durable_now.listed;
        }
        if !drain.is_all && !scenario.breaks(Rule::FloorPastCall) {
            state.lane.floor = state.lane.floor.min(state.last_of(drain.chosen));
        }
    }
}
