//! The table of batches: what of it a lane reads, and when nobody needs a row of it.

use super::collector::Numbered;
use crate::rules::Rule;
use crate::scenario::Scenario;
use crate::state::{Db, PAIR, Set, State};

/// Its number among the tables that are truncated: it comes after the queues.
pub(super) const TABLE: usize = PAIR;

/// The place of the batch that the next event of a collection goes into, unless it begins one. A batch has the events of one
/// lane and one captured table, up to a size.
pub(super) fn open_place(scenario: &Scenario, before: &[Numbered], change: usize) -> Option<u8> {
    let goes_with = |other: &&Numbered| {
        scenario.lane(other.change) == scenario.lane(change)
            && scenario.table(other.change) == scenario.table(change)
    };
    let place = before.iter().rfind(goes_with)?.place;
    let size = before.iter().filter(|other| other.place == place).count();
    (size < scenario.batch_limit).then_some(place)
}

/// The committed events in batches of a lane whose tables are not paused.
pub(super) fn of_lane(scenario: &Scenario, db: &Db, lane: usize) -> Set {
    db.batched().only(|change| {
        let is_paused =
            db.paused.has(scenario.table(change)) && !scenario.breaks(Rule::PauseIgnored);
        scenario.lane(change) == lane && !is_paused
    })
}

/// The other drain has the table's ACCESS EXCLUSIVE lock: who reads or writes it waits.
pub(super) fn are_locked(state: &State, drain: usize) -> bool {
    state.drains[1 - drain].locks_table(TABLE)
}

/// A new statement of the drain sees no row: none of others, and none of its own.
pub(super) fn are_empty(state: &State, drain: usize) -> bool {
    let session = state.drains[drain];
    let settled = session.accepted.or(session.refused);
    session.collected.is_empty() && state.db.batched().minus(settled).is_empty()
}
