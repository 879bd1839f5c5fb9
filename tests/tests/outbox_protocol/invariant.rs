//! The invariants of the protocol, checked on each state and on each step to the outside.

use crate::rules::Rule;
use crate::scenario::{OrderKeys, Scenario};
use crate::state::{At, PAIR, Set, State, Status};

/// An invariant, named after its violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// All has come to rest, and a committed change is neither in the stream nor a dead letter.
    Lost,
    /// A change was sent whose transaction has not committed, or has been undone.
    SentUncommitted,
    /// A row of a queue was truncated before it was copied.
    TruncatedUncopied,
    /// An event of the outbox was truncated before it was settled.
    TruncatedUnsettled,
    /// The first occurrences of a key's changes in the stream are not in the order of their commits.
    OutOfOrder,
    /// A change has two numbers.
    TwoNumbers,
    /// Two changes have one number.
    SharedNumber,
    /// The numbers of a key's changes do not grow with their order.
    NumbersOutOfOrder,
    /// Two drains send one lane at once.
    TwoSenders,
    /// A lane's pointer moves back.
    PointerBack,
    /// All has come to rest, and a table that could be truncated never will be.
    NeverTruncated,
    /// Sessions wait for each other, or steps go round for ever.
    Stuck,
}

/// The collector numbers a change.
pub(crate) fn numbered(scenario: &Scenario, state: &State, change: usize) -> Result<(), Violation> {
    let number = |change: usize| state.db.number[change];
    let order = |change| scenario.commit_order(&state.db, change);
    for other in scenario
        .all_changes()
        .items()
        .filter(|other| *other != change && number(*other) != 0)
    {
        if number(other) == number(change) {
            return Err(Violation::SharedNumber);
        }
        let grows = (order(change) < order(other)) == (number(change) < number(other));
        if scenario.order_keys != OrderKeys::Clock
            && scenario.key(other) == scenario.key(change)
            && !grows
        {
            return Err(Violation::NumbersOutOfOrder);
        }
    }
    Ok(())
}

/// The relay is given a change under a number.
pub(crate) fn sent(
    scenario: &Scenario,
    state: &mut State,
    change: usize,
    number: u8,
) -> Result<(), Violation> {
    if scenario.status(&state.db, change) != Status::Committed {
        return Err(Violation::SentUncommitted);
    }
    if state.sent_as[change] != 0 && state.sent_as[change] != number {
        return Err(Violation::TwoNumbers);
    }
    for other in scenario
        .all_changes()
        .items()
        .filter(|other| *other != change && state.sent_as[*other] != 0)
    {
        if state.sent_as[other] == number {
            return Err(Violation::SharedNumber);
        }
    }
    state.sent_as[change] = number;
    Ok(())
}

/// The relay writes a change into the stream.
pub(crate) fn written(
    scenario: &Scenario,
    state: &mut State,
    change: usize,
) -> Result<(), Violation> {
    let order = |change| scenario.commit_order(&state.db, change);
    let same_key = state
        .streamed
        .only(|other| scenario.key(other) == scenario.key(change));
    let overtaken =
        !state.streamed.has(change) && same_key.items().any(|other| order(other) > order(change));
    if overtaken && scenario.order_keys != OrderKeys::Clock {
        return Err(Violation::OutOfOrder);
    }
    state.streamed = state.streamed.with(change);
    Ok(())
}

/// Rows of a queue go away.
pub(crate) fn queue_truncated(
    scenario: &Scenario,
    state: &State,
    rows: Set,
) -> Result<(), Violation> {
    let uncopied = |change| {
        state.db.number[change] == 0 && scenario.status(&state.db, change) != Status::Aborted
    };
    if rows.items().any(uncopied) {
        Err(Violation::TruncatedUncopied)
    } else {
        Ok(())
    }
}

/// Events of the outbox go away.
pub(crate) fn outbox_truncated(state: &State, events: Set) -> Result<(), Violation> {
    let settled = state.streamed.or(state.db.dead_letters).or(state.db.held);
    if events.minus(settled).is_empty() {
        Ok(())
    } else {
        Err(Violation::TruncatedUnsettled)
    }
}

/// Checks the invariants of each state.
pub(crate) fn always(scenario: &Scenario, state: &State) -> Result<(), Violation> {
    if state
        .streamed
        .items()
        .any(|change| scenario.status(&state.db, change) != Status::Committed)
    {
        return Err(Violation::SentUncommitted);
    }
    let renumbered = |change: usize| {
        let (sent_as, number) = (state.sent_as[change], state.db.number[change]);
        sent_as != 0 && number != 0 && sent_as != number
    };
    if !scenario.breaks(Rule::NumberAtCall) && scenario.all_changes().items().any(renumbered) {
        return Err(Violation::TwoNumbers);
    }
    let sends = |drain: usize| matches!(state.drains[drain].at, At::LaneRead | At::Called);
    if sends(0) && sends(1) && state.drains[0].target == state.drains[1].target {
        return Err(Violation::TwoSenders);
    }
    Ok(())
}

/// Checks the invariants of a state in which faults have stopped and nothing is left to do.
pub(crate) fn at_rest(scenario: &Scenario, state: &State) -> Result<(), Violation> {
    let db = &state.db;
    let waits = db
        .writers
        .iter()
        .any(|writer| writer.status == Status::Open)
        || state.drains.iter().any(|d| d.at != At::Idle);
    if waits {
        return Err(Violation::Stuck);
    }
    let committed = scenario
        .all_changes()
        .only(|change| scenario.status(db, change) == Status::Committed);
    let mut outside = (0..PAIR)
        .filter(|drain| !scenario.is_inside(*drain))
        .map(|drain| scenario.duties[drain]);
    let sends = outside.clone().any(|duties| duties.sends);
    let copied = scenario.all_changes().only(|change| db.number[change] != 0);
    let arrived = if sends {
        state.streamed.or(db.dead_letters)
    } else {
        copied
    };
    if !committed.minus(arrived).is_empty() {
        return Err(Violation::Lost);
    }
    let truncates_queues = outside.clone().any(|duties| duties.truncates_queues);
    let truncates_outbox = outside.any(|duties| duties.truncates_outbox);
    let queues_left = truncates_queues && !db.queued.is_empty();
    let outbox_left =
        truncates_outbox && !db.outbox[usize::from(1 - db.collector.current)].is_empty();
    if queues_left || outbox_left {
        return Err(Violation::NeverTruncated);
    }
    Ok(())
}
