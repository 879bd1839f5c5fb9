//! A lane's call: under the lane's lock, the next batches go to the relay, and what it settles leaves them.

use super::{Action, Taken, batches, collector};
use crate::invariant;
use crate::rules::Rule;
use crate::scenario::Scenario;
use crate::state::{At, CHANGES, Drain, PAIR, Set, State};

pub(super) fn steps(scenario: &Scenario, state: &State, drain: usize, taken: &mut Vec<Taken>) {
    let session = state.drains[drain];
    let mut next = *state;
    match session.at {
        At::Idle | At::Between if may_begin(scenario, state, drain) => {
            // A lane without batches is left out.
            for lane in (0..PAIR).filter(|lane| !visible(scenario, state, drain, *lane).is_empty())
            {
                begin(scenario, state, drain, lane, taken);
            }
        }
        At::LaneSeen if is_free(scenario, state, drain, lane_of(session)) => {
            choose(scenario, &mut next, drain);
            let lane = lane_of(session);
            taken.push((Action::LockLane { drain, lane }, Ok(next)));
        }
        At::LaneLocked if scenario.scan_apart => {
            next.drains[drain].at = At::LaneSnapshot;
            next.drains[drain].seen = visible(scenario, state, drain, lane_of(session));
            taken.push((Action::SnapshotLane { drain }, Ok(next)));
        }
        At::LaneLocked if !batches::are_locked(state, drain) => {
            next.drains[drain].seen = visible(scenario, state, drain, lane_of(session));
            choose(scenario, &mut next, drain);
            let result = invariant::chosen(scenario, &next, drain).map(|()| next);
            taken.push((Action::ReadLane { drain }, result));
        }
        At::LaneSnapshot if !batches::are_locked(state, drain) => {
            // TRUNCATE does not wait for older snapshots: they see an empty table.
            next.drains[drain].seen = session.seen.and(state.db.batched());
            choose(scenario, &mut next, drain);
            taken.push((Action::ReadLane { drain }, Ok(next)));
        }
        At::LaneRead => call(scenario, state, drain, taken),
        _ => {}
    }
}

/// A drain calls before it collects. A second drain of the same transaction calls behind it.
fn may_begin(scenario: &Scenario, state: &State, drain: usize) -> bool {
    let session = state.drains[drain];
    let is_second = scenario.drains_twice || scenario.is_inside(drain);
    let has_collected = session.has_collected || !session.truncated.is_empty();
    scenario.duties[drain].sends && !session.has_called && (!has_collected || is_second)
}

fn begin(scenario: &Scenario, state: &State, drain: usize, lane: usize, taken: &mut Vec<Taken>) {
    let mut next = *state;
    let step = &mut next.drains[drain];
    step.lane = Some(u8::try_from(lane).expect("there are two lanes"));
    if scenario.breaks(Rule::LaneReadWithLock) {
        step.at = At::LaneSeen;
        step.seen = visible(scenario, state, drain, lane);
        taken.push((Action::SeeLane { drain, lane }, Ok(next)));
    } else if is_free(scenario, state, drain, lane) {
        step.at = At::LaneLocked;
        taken.push((Action::LockLane { drain, lane }, Ok(next)));
    }
}

fn lane_of(session: Drain) -> usize {
    usize::from(session.lane.expect("the lane is chosen"))
}

/// No other drain has the lane's row.
fn is_free(scenario: &Scenario, state: &State, drain: usize, lane: usize) -> bool {
    let other = state.drains[1 - drain];
    let locks = other.at != At::LaneSeen && other.lane.map(usize::from) == Some(lane);
    !locks || scenario.breaks(Rule::LaneNotLocked)
}

/// The events of a lane that a new statement of the drain can choose: none that its transaction has collected.
fn visible(scenario: &Scenario, state: &State, drain: usize, lane: usize) -> Set {
    let own = state.drains[drain]
        .collected
        .only(|change| scenario.breaks(Rule::LaneReadsOwnBatches) && scenario.lane(change) == lane);
    batches::of_lane(scenario, &state.db, lane).or(own)
}

/// The first batches that the drain has seen, as many as a call takes.
fn choose(scenario: &Scenario, state: &mut State, drain: usize) {
    let batched = batched(scenario, state, drain);
    let session = &mut state.drains[drain];
    let sorted = in_order(&batched, session.seen);
    let mut chosen = Set::EMPTY;
    let mut size = 0;
    for batch in sorted.chunk_by(|one, other| batched.place[*one] == batched.place[*other]) {
        size += batch.len();
        if !chosen.is_empty() && size > scenario.call_limit {
            break;
        }
        chosen = chosen.or(batch.iter().copied().collect());
    }
    session.at = At::LaneRead;
    session.chosen = chosen;
    session.seen = Set::EMPTY;
}

/// The numbers and the places of the events, as the drain's transaction sees them.
struct Batched {
    number: [u8; CHANGES],
    place: [u8; CHANGES],
}

fn batched(scenario: &Scenario, state: &State, drain: usize) -> Batched {
    let mut batched = Batched {
        number: state.db.number,
        place: state.db.place,
    };
    for own in collector::numbers(scenario, state, drain).0 {
        batched.number[own.change] = own.number;
        batched.place[own.change] = own.place;
    }
    batched
}

/// The events in the order of their batches, and in that of each batch.
fn in_order(batched: &Batched, events: Set) -> Vec<usize> {
    let mut sorted: Vec<usize> = events.items().collect();
    sorted.sort_by_key(|change| (batched.place[*change], batched.number[*change]));
    sorted
}

/// Gives the events to the relay, which answers in each way that it may.
fn call(scenario: &Scenario, state: &State, drain: usize, taken: &mut Vec<Taken>) {
    let session = state.drains[drain];
    let batched = batched(scenario, state, drain);
    let sorted = in_order(&batched, session.chosen);
    let mut given = *state;
    for &change in &sorted {
        let mut number = batched.number[change];
        if scenario.breaks(Rule::NumberAtCall) {
            given.next_call_number += 1;
            number = given.next_call_number;
        }
        if let Err(violation) = invariant::sent(scenario, &mut given, change, number) {
            let nothing = Action::Call {
                drain,
                accepted: Set::EMPTY,
                refused: Set::EMPTY,
            };
            taken.push((nothing, Err(violation)));
            return;
        }
    }
    for (accepted, refused) in answers(scenario, &sorted) {
        let mut next = given;
        let step = &mut next.drains[drain];
        step.at = At::Between;
        step.has_called = true;
        step.accepted = accepted;
        step.refused = refused;
        let mut written = sorted.iter().filter(|change| accepted.has(**change));
        let result = written
            .try_for_each(|change| invariant::written(scenario, &mut next, *change))
            .map(|()| next);
        taken.push((
            Action::Call {
                drain,
                accepted,
                refused,
            },
            result,
        ));
    }
    if scenario.late_calls
        && state.late.is_empty()
        && !session.chosen.is_empty()
        && !scenario.is_inside(drain)
    {
        let mut next = given;
        next.late = session.chosen;
        next.drains[drain] = Drain::default();
        taken.push((Action::AbandonCall { drain }, Ok(next)));
    }
}

/// All answers that the relay may give, as accepted and refused events. The first one settles the most.
///
/// No answer is an answer and a crash of the drain.
fn answers(scenario: &Scenario, sorted: &[usize]) -> Vec<(Set, Set)> {
    let mut answers = vec![(Set::EMPTY, Set::EMPTY)];
    for (place, &change) in sorted.iter().enumerate() {
        let before: Set = sorted[..place]
            .iter()
            .copied()
            .filter(|other| scenario.key(*other) == scenario.key(change))
            .collect();
        let mut longer = Vec::new();
        for (accepted, refused) in answers {
            let passes = if scenario.breaks(Rule::WrittenBehindRefused) {
                accepted.or(refused)
            } else {
                accepted
            };
            let refusable = scenario.refusable.has(change);
            if before.minus(passes).is_empty() {
                if !refusable || scenario.refusal_changes {
                    longer.push((accepted.with(change), refused));
                }
                if refusable {
                    longer.push((accepted, refused.with(change)));
                }
                if scenario.opens {
                    longer.push((accepted, refused));
                }
            } else {
                longer.push((accepted, refused));
            }
        }
        answers = longer;
    }
    answers
}

/// Settled events leave their batches, the refused ones for the dead letters. Open events stay in their places.
pub(super) fn apply(scenario: &Scenario, state: &mut State, drain: usize) {
    let session = state.drains[drain];
    if !session.has_called {
        return;
    }
    let lane = lane_of(session);
    let db = &mut state.db;
    let settled = session.accepted.or(session.refused);
    let open = session.chosen.minus(settled);
    let mut deleted = settled;
    if scenario.breaks(Rule::OpenDeleted) {
        deleted = session.chosen;
    }
    if scenario.breaks(Rule::DeletedUpToPlace) {
        let last = session.chosen.items().map(|change| db.place[change]).max();
        let earlier =
            |change: usize| scenario.lane(change) == lane && Some(db.place[change]) <= last;
        deleted = db.batched().only(earlier).minus(open);
    }
    if scenario.breaks(Rule::OpenMovedBehind) && !open.is_empty() {
        db.sequence += 1;
        for change in open.items() {
            db.place[change] = db.sequence;
        }
    }
    for change in deleted.items() {
        db.place[change] = 0;
    }
    db.dead_letters = db.dead_letters.or(session.refused);
}
