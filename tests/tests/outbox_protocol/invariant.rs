//! The invariants of the protocol, checked on each state and on each step to the outside.

use crate::rules::Rule;
use crate::scenario::{OrderKeys, Scenario};
use crate::state::{At, Drain, PAIR, Set, State, Status};

/// An invariant, named after its violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// All has come to rest, and a committed change is neither in the stream nor a dead letter.
    Lost,
    /// A change was sent whose transaction has not committed, or has been undone.
    SentUncommitted,
    /// A call sends an event that an earlier call has settled.
    SentSettled,
    /// A lane chooses an event of a table that is paused.
    SentPaused,
    /// A row of a queue was truncated before it was collected.
    TruncatedUncollected,
    /// The table of batches was truncated with an event in it.
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

/// A drain chooses what it sends, by a snapshot of this state.
pub(crate) fn chosen(scenario: &Scenario, state: &State, drain: usize) -> Result<(), Violation> {
    let is_paused = |change| state.db.paused.has(scenario.table(change));
    if state.drains[drain].chosen.items().any(is_paused) {
        Err(Violation::SentPaused)
    } else {
        Ok(())
    }
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
    if state.db.number[change] != 0 && state.db.place[change] == 0 {
        return Err(Violation::SentSettled);
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
    let uncollected = |change| {
        state.db.number[change] == 0 && scenario.status(&state.db, change) != Status::Aborted
    };
    if rows.items().any(uncollected) {
        Err(Violation::TruncatedUncollected)
    } else {
        Ok(())
    }
}

/// The table of batches is emptied.
pub(crate) fn batches_truncated(state: &State) -> Result<(), Violation> {
    if state.db.batched().is_empty() {
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
    let sends = |session: Drain| session.at == At::LaneRead || session.has_called;
    let [first, second] = state.drains;
    if sends(first) && sends(second) && first.lane == second.lane {
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
    let collected = scenario.all_changes().only(|change| db.number[change] != 0);
    let arrived = if sends {
        state.streamed.or(db.dead_letters)
    } else {
        collected
    };
    if !committed.minus(arrived).is_empty() {
        return Err(Violation::Lost);
    }
    let truncates_queues = outside.clone().any(|duties| duties.truncates_queues);
    let truncates_batches = outside.any(|duties| duties.truncates_batches);
    let queues_left = truncates_queues && !db.queued.is_empty();
    let batches_left = truncates_batches && db.batch_is_used && db.batched().is_empty();
    if queues_left || batches_left {
        return Err(Violation::NeverTruncated);
    }
    Ok(())
}
