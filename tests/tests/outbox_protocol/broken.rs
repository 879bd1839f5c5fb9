//! Each rule is needed: a scenario that breaks it leads to the violation that is named here.

use crate::holds::{self, COLLECTS_AND_TRUNCATES};
use crate::invariant::Violation;
use crate::rules::Rule;
use crate::scenario::{COLLECTS, DRAINS, Isolation, Scenario};
use crate::search::search;

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
        holds::two_collectors(2),
        Rule::OrderKeyBeforeRowLock,
        Violation::NumbersOutOfOrder,
    );
}

#[test]
fn collector_not_locked() {
    breaks(
        holds::two_collectors(2),
        Rule::CollectorNotLocked,
        Violation::TwoNumbers,
    );
}

#[test]
fn collector_read_with_lock() {
    breaks(
        holds::two_collectors(2),
        Rule::CollectorReadWithLock,
        Violation::TwoNumbers,
    );
}

#[test]
fn upto_taken_with_lock() {
    breaks(
        holds::two_collectors(2),
        Rule::UptoTakenWithLock,
        Violation::TwoNumbers,
    );
}

#[test]
fn done_is_newer() {
    breaks(holds::two_collectors(2), Rule::DoneIsNewer, Violation::Lost);
}

#[test]
fn own_is_committed() {
    breaks(
        holds::writer_drains(Isolation::ReadCommitted),
        Rule::OwnIsCommitted,
        Violation::Lost,
    );
}

#[test]
fn own_left_out_of_copy_only() {
    breaks(
        holds::writer_drains(Isolation::ReadCommitted),
        Rule::OwnLeftOutOfCopyOnly,
        Violation::Lost,
    );
}

#[test]
fn membership_by_order_key() {
    breaks(
        holds::two_collectors(2),
        Rule::MembershipByOrderKey,
        Violation::Lost,
    );
}

#[test]
fn order_by_txid() {
    breaks(
        holds::two_collectors(9),
        Rule::OrderByTxid,
        Violation::NumbersOutOfOrder,
    );
}

#[test]
fn queues_apart() {
    breaks(
        holds::two_collectors(9),
        Rule::QueuesApart,
        Violation::NumbersOutOfOrder,
    );
}

#[test]
fn ties_cut() {
    breaks(holds::ties(), Rule::TiesCut, Violation::Lost);
}

#[test]
fn ties_cut_with_a_clock() {
    breaks(holds::clock(), Rule::TiesCut, Violation::Lost);
}

#[test]
fn last_number_from_outbox() {
    breaks(
        holds::outbox_rotates(),
        Rule::LastNumberFromOutbox,
        Violation::Lost,
    );
}

#[test]
fn collector_commits_async() {
    breaks(
        holds::server_crashes(),
        Rule::CollectorCommitsAsync,
        Violation::SentUncommitted,
    );
}

#[test]
fn queue_not_locked() {
    breaks(
        holds::queues_take_turns(2),
        Rule::QueueNotLocked,
        Violation::TruncatedUncopied,
    );
}

#[test]
fn queue_checked_before_lock() {
    breaks(
        holds::queues_take_turns(2),
        Rule::QueueCheckedBeforeLock,
        Violation::TruncatedUncopied,
    );
}

#[test]
fn writer_truncates() {
    for (isolation, violation) in [
        (Isolation::ReadCommitted, Violation::Stuck),
        (Isolation::RepeatableRead, Violation::TruncatedUncopied),
    ] {
        // A writer with one change waits for nobody after the truncation.
        let changes: &[(usize, usize)] = if isolation == Isolation::ReadCommitted {
            &[(0, 0), (0, 1), (1, 1)]
        } else {
            &[(0, 0), (1, 1)]
        };
        let duties = [COLLECTS_AND_TRUNCATES, COLLECTS];
        let writer_drains = Some(isolation);
        let scenario = Scenario {
            duties,
            writer_drains,
            capture_apart: true,
            ..Scenario::new(changes)
        };
        breaks(scenario, Rule::WriterTruncates, violation);
    }
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
        Violation::PointerBack,
    );
}

#[test]
fn lane_events_read_with_lock() {
    breaks(
        holds::pauses(),
        Rule::LaneEventsReadWithLock,
        Violation::OutOfOrder,
    );
}

#[test]
fn lane_reads_own_copies() {
    // The number of a row changes when an older row commits between two copies of it.
    let scenario = Scenario {
        duties: [DRAINS, COLLECTS],
        drain_crashes: false,
        ..holds::writer_drains(Isolation::ReadCommitted)
    };
    let changes = Scenario::new(&[(0, 0), (1, 1), (2, 2), (3, 0)]).changes;
    breaks(
        Scenario {
            changes,
            ..scenario
        },
        Rule::LaneReadsOwnCopies,
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
fn pointer_over_open() {
    breaks(holds::one_lane(), Rule::PointerOverOpen, Violation::Lost);
}

#[test]
fn pointer_over_own_events_only() {
    breaks(
        holds::outbox_rotates(),
        Rule::PointerOverOwnEventsOnly,
        Violation::NeverTruncated,
    );
}

#[test]
fn pointer_by_newer_snapshot() {
    breaks(
        holds::outbox_rotates(),
        Rule::PointerByNewerSnapshot,
        Violation::Lost,
    );
}

#[test]
fn written_behind_refused() {
    breaks(
        holds::one_lane(),
        Rule::WrittenBehindRefused,
        Violation::OutOfOrder,
    );
}

#[test]
fn held_overtaken() {
    breaks(holds::pauses(), Rule::HeldOvertaken, Violation::OutOfOrder);
}

#[test]
fn outbox_by_settled() {
    breaks(
        holds::outbox_rotates(),
        Rule::OutboxBySettled,
        Violation::TruncatedUnsettled,
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

/// Pointers only grow, and the collector's lock keeps new events out of the table: older pointers only delay the truncation.
#[test]
fn pointers_before_lock() {
    is_spare(holds::outbox_rotates(), Rule::PointersBeforeLock);
}

/// No collector needs a row that `done` covers. The lock saves a second drain the wait.
#[test]
fn truncation_without_collector_lock() {
    let changes = Scenario::new(&[(0, 0), (1, 1)]).changes;
    is_spare(
        Scenario {
            changes,
            ..holds::queues_take_turns(2)
        },
        Rule::TruncationWithoutCollectorLock,
    );
}
