//! Each rule is needed: a scenario that breaks it leads to the violation that is named here.

use crate::holds;
use crate::invariant::Violation;
use crate::rules::Rule;
use crate::scenario::{COLLECTS, COLLECTS_AND_TRUNCATES, Scenario, WriterDrains};
use crate::search::search;
use crate::state::KEYS;

fn breaks(scenario: Scenario, rule: Rule, violation: Violation) {
    match search(&scenario.breaking(rule)) {
        Ok(covered) => panic!("{rule:?}: nothing goes wrong in {} states", covered.states),
        Err(found) => {
            eprintln!("BREAKS {rule:?}: {found}");
            assert_eq!(found.violation, violation, "{rule:?}: {found}");
        }
    }
}

#[test]
fn order_key_before_row_lock() {
    breaks(
        holds::two_collectors(KEYS),
        Rule::OrderKeyBeforeRowLock,
        Violation::NumbersOutOfOrder,
    );
}

#[test]
fn collector_not_locked() {
    breaks(
        holds::two_collectors(KEYS),
        Rule::CollectorNotLocked,
        Violation::TwoNumbers,
    );
}

#[test]
fn collector_read_before_lock() {
    breaks(
        holds::two_collectors(KEYS),
        Rule::CollectorReadBeforeLock,
        Violation::TwoNumbers,
    );
}

#[test]
fn upto_taken_with_lock() {
    breaks(
        holds::two_collectors(KEYS),
        Rule::UptoTakenWithLock,
        Violation::TwoNumbers,
    );
}

#[test]
fn upto_taken_anew() {
    breaks(
        holds::two_collectors(1),
        Rule::UptoTakenAnew,
        Violation::Lost,
    );
}

#[test]
fn done_is_newer() {
    breaks(
        holds::two_collectors(KEYS),
        Rule::DoneIsNewer,
        Violation::Lost,
    );
}

#[test]
fn own_is_committed() {
    breaks(
        holds::writer_drains(WriterDrains::AtAnyTime),
        Rule::OwnIsCommitted,
        Violation::Lost,
    );
}

#[test]
fn membership_by_order_key() {
    breaks(
        holds::two_collectors(KEYS),
        Rule::MembershipByOrderKey,
        Violation::Lost,
    );
}

#[test]
fn order_by_txid() {
    breaks(
        holds::two_collectors(KEYS),
        Rule::OrderByTxid,
        Violation::NumbersOutOfOrder,
    );
}

#[test]
fn taken_by_txid() {
    breaks(
        holds::some_transactions(1, KEYS),
        Rule::TakenByTxid,
        Violation::NumbersOutOfOrder,
    );
}

/// The first one has changed the second key before it waits for the second transaction.
#[test]
fn taken_by_first_order_key() {
    breaks(
        holds::some_transactions(1, KEYS),
        Rule::TakenByFirstOrderKey,
        Violation::NumbersOutOfOrder,
    );
}

#[test]
fn queues_apart() {
    breaks(
        holds::two_collectors(KEYS),
        Rule::QueuesApart,
        Violation::NumbersOutOfOrder,
    );
}

#[test]
fn numbers_looked_up() {
    breaks(
        holds::one_lane(),
        Rule::NumbersLookedUp,
        Violation::SharedNumber,
    );
}

#[test]
fn drain_commits_async() {
    breaks(
        holds::server_crashes(),
        Rule::DrainCommitsAsync,
        Violation::SentUncommitted,
    );
}

#[test]
fn queue_not_locked() {
    breaks(
        holds::queues_take_turns(KEYS),
        Rule::QueueNotLocked,
        Violation::TruncatedUncollected,
    );
}

#[test]
fn queue_checked_before_lock() {
    breaks(
        holds::queues_take_turns(KEYS),
        Rule::QueueCheckedBeforeLock,
        Violation::TruncatedUncollected,
    );
}

#[test]
fn queue_checked_by_upto() {
    breaks(
        holds::queues_take_turns(1),
        Rule::QueueCheckedByUpto,
        Violation::TruncatedUncollected,
    );
}

#[test]
fn batches_checked_before_locks() {
    breaks(
        holds::two_truncate_batches(),
        Rule::BatchesCheckedBeforeLocks,
        Violation::TruncatedUnsettled,
    );
}

/// A writer's transaction truncates a queue. Another writer waits for the lock on the queue, with a row's lock.
fn writer_truncates(when: WriterDrains) -> Scenario {
    let changes = Scenario::new(&[(0, 0), (0, 1), (1, 1)]).changes;
    Scenario {
        duties: [COLLECTS_AND_TRUNCATES, COLLECTS],
        capture_apart: true,
        rollbacks: false,
        changes,
        ..holds::writer_drains(when)
    }
}

#[test]
fn writer_truncates_behind_its_write() {
    breaks(
        writer_truncates(WriterDrains::AfterItsFirstChange),
        Rule::WriterTruncates,
        Violation::Stuck,
    );
}

/// Nobody can tell whether a transaction that has drained will write: PostgreSQL ends the wait, and one of the transactions.
#[test]
fn a_transaction_that_truncates_and_then_writes() {
    let found = search(&writer_truncates(WriterDrains::AtAnyTime)).expect_err("they wait");
    eprintln!("BREAKS a drain before a write: {found}");
    assert_eq!(found.violation, Violation::Stuck);
}

#[test]
fn lane_not_locked() {
    breaks(
        holds::one_lane(),
        Rule::LaneNotLocked,
        Violation::TwoSenders,
    );
}

#[test]
fn lane_read_with_lock() {
    breaks(
        holds::one_lane(),
        Rule::LaneReadWithLock,
        Violation::SentSettled,
    );
}

#[test]
fn lane_reads_own_batches() {
    breaks(
        holds::drains_twice(),
        Rule::LaneReadsOwnBatches,
        Violation::TwoNumbers,
    );
}

#[test]
fn number_at_call() {
    let scenario = Scenario {
        opens: false,
        ..holds::one_lane()
    };
    breaks(scenario, Rule::NumberAtCall, Violation::TwoNumbers);
}

#[test]
fn open_deleted() {
    breaks(holds::one_lane(), Rule::OpenDeleted, Violation::Lost);
}

#[test]
fn open_moved_behind() {
    breaks(
        holds::one_lane(),
        Rule::OpenMovedBehind,
        Violation::OutOfOrder,
    );
}

#[test]
fn deleted_up_to_place() {
    breaks(holds::pauses(), Rule::DeletedUpToPlace, Violation::Lost);
}

#[test]
fn pause_ignored() {
    breaks(holds::pauses(), Rule::PauseIgnored, Violation::SentPaused);
}

#[test]
fn written_behind_refused() {
    breaks(
        holds::one_lane(),
        Rule::WrittenBehindRefused,
        Violation::OutOfOrder,
    );
}

/// A late call of a relay that accepts an event and refuses it in another call: no rule of the database helps.
#[test]
fn late_call_of_a_relay_that_changes_its_mind() {
    let found = search(&Scenario {
        refusal_changes: true,
        ..holds::late_calls()
    })
    .expect_err("the late call overtakes");
    eprintln!("BREAKS late call: {found}");
    assert_eq!(found.violation, Violation::OutOfOrder);
}

/// Rules that safety does not need: the search finds nothing.
fn is_spare(scenario: Scenario, rule: Rule) {
    match search(&scenario.breaking(rule)) {
        Ok(covered) => eprintln!(
            "SPARE {rule:?}: {} states, {:?}",
            covered.states, covered.time
        ),
        Err(found) => panic!("{rule:?}: {found}"),
    }
}

/// No collector needs a row that `done` covers, and nobody can collect into a table that is locked. The lock saves a second drain
/// the wait.
#[test]
fn truncation_without_collector_lock() {
    let changes = Scenario::new(&[(0, 0), (1, 1)]).changes;
    let queues = Scenario {
        changes,
        ..holds::queues_take_turns(KEYS)
    };
    for scenario in [queues, holds::two_truncate_batches()] {
        is_spare(scenario, Rule::TruncationWithoutCollectorLock);
    }
}

/// Behind the collector's lock nobody else adds a batch.
#[test]
fn batches_checked_before_table_lock() {
    is_spare(
        holds::two_truncate_batches(),
        Rule::BatchesCheckedBeforeTableLock,
    );
}

/// Its own transaction is open in `upto`. Others would have to wait for the collector until it ends.
#[test]
fn writer_collects() {
    is_spare(
        holds::writer_drains(WriterDrains::AfterItsFirstChange),
        Rule::WriterCollects,
    );
}
