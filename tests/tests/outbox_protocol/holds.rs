//! The protocol holds: scenarios that the search goes through to the end.

use crate::scenario::{
    ALL_DUTIES, COLLECTS, COLLECTS_AND_TRUNCATES, DRAINS, DRAINS_AND_TRUNCATES_BATCHES, Duties,
    OrderKeys, SENDS, Scenario, WriterDrains,
};
use crate::search::search;
use crate::state::KEYS;

fn holds(name: &str, scenario: &Scenario) {
    match search(scenario) {
        Ok(covered) => eprintln!(
            "HOLDS {name}: {} states, {} at rest, {:?}",
            covered.states, covered.at_rest, covered.time
        ),
        Err(found) => panic!("{found}"),
    }
}

/// Two collectors. Three writers change one row, so that each waits for the other; one of them changes a second row before.
pub(crate) fn two_collectors(step_keys: usize) -> Scenario {
    Scenario {
        duties: [COLLECTS; 2],
        step_keys,
        rollbacks: true,
        drain_crashes: true,
        ..Scenario::new(&[(0, 1), (1, 0), (0, 0), (2, 0)])
    }
}

/// Two collectors that take a transaction or two at a time.
pub(crate) fn some_transactions(step_writers: usize, step_keys: usize) -> Scenario {
    Scenario {
        step_writers,
        ..two_collectors(step_keys)
    }
}

/// Three writers take turns of the queue tables, two collectors also truncate them.
pub(crate) fn queues_take_turns(step_keys: usize) -> Scenario {
    Scenario {
        duties: [COLLECTS_AND_TRUNCATES; 2],
        step_keys,
        rollbacks: true,
        drain_crashes: true,
        ..Scenario::new(&[(0, 0), (1, 1), (2, 0)])
    }
}

/// A writer that stays open through three turns of the queue tables, one collector that also truncates.
pub(crate) fn long_transaction() -> Scenario {
    Scenario {
        duties: [COLLECTS_AND_TRUNCATES, Duties::default()],
        drain_crashes: true,
        ..Scenario::new(&[(0, 0), (1, 1), (2, 1), (3, 1)])
    }
}

/// Two drains send two keys of one lane. The relay leaves events open, and refuses one that it may accept the next time.
pub(crate) fn one_lane() -> Scenario {
    Scenario {
        lane: [0; KEYS],
        duties: [SENDS, DRAINS],
        drain_crashes: true,
        opens: true,
        refusable: [0].into_iter().collect(),
        refusal_changes: true,
        ..Scenario::new(&[(0, 0), (0, 1), (1, 0)])
    }
}

/// A call goes on after its drain has given it up or crashed. The relay refuses the same event each time.
pub(crate) fn late_calls() -> Scenario {
    Scenario {
        late_calls: true,
        refusal_changes: false,
        ..one_lane()
    }
}

/// Two tables share a lane, an operator pauses and resumes.
pub(crate) fn pauses() -> Scenario {
    Scenario {
        lane: [0; KEYS],
        table: [0, 1, 0],
        duties: [SENDS, DRAINS],
        batch_limit: 1,
        call_limit: 1,
        opens: true,
        drain_crashes: true,
        pauses: 1,
        ..Scenario::new(&[(0, 0), (0, 0), (0, 0), (1, 1)])
    }
}

/// The table of batches is truncated while another drain sends.
pub(crate) fn batches_are_truncated() -> Scenario {
    Scenario {
        duties: [SENDS, DRAINS_AND_TRUNCATES_BATCHES],
        scan_apart: true,
        drain_crashes: true,
        opens: true,
        ..Scenario::new(&[(0, 0), (1, 1)])
    }
}

/// Two drains collect, send, and truncate the table of batches.
pub(crate) fn two_truncate_batches() -> Scenario {
    Scenario {
        duties: [DRAINS_AND_TRUNCATES_BATCHES; 2],
        drain_crashes: true,
        ..Scenario::new(&[(0, 0), (1, 1)])
    }
}

/// A writer calls a drain in its own transaction, another drain runs by itself.
pub(crate) fn writer_drains(when: WriterDrains) -> Scenario {
    Scenario {
        duties: [DRAINS, DRAINS],
        writer_drains: Some(when),
        rollbacks: true,
        drain_crashes: true,
        ..Scenario::new(&[(0, 0), (0, 1), (1, 1), (2, 0)])
    }
}

/// A transaction calls a drain twice, and sends behind its own collection.
pub(crate) fn drains_twice() -> Scenario {
    Scenario {
        duties: [DRAINS, COLLECTS],
        drains_twice: true,
        drain_crashes: true,
        ..Scenario::new(&[(0, 0), (1, 1), (2, 0)])
    }
}

/// The server crashes and loses what is not on disk. One writer may be prepared by then.
pub(crate) fn server_crashes() -> Scenario {
    let prepared = [0].into_iter().collect();
    Scenario {
        server_crashes: 1,
        prepared,
        duties: [SENDS, DRAINS],
        ..Scenario::new(&[(0, 0), (1, 0), (1, 1)])
    }
}

/// Two drains do everything at once for one key.
pub(crate) fn everything() -> Scenario {
    Scenario {
        duties: [ALL_DUTIES; 2],
        opens: true,
        drain_crashes: true,
        ..Scenario::new(&[(0, 0), (1, 0)])
    }
}

/// The order key is a clock that may say anything: it repeats itself, and steps back.
pub(crate) fn clock() -> Scenario {
    Scenario {
        order_keys: OrderKeys::Clock,
        duties: [COLLECTS; 2],
        step_keys: 1,
        drain_crashes: true,
        ..Scenario::new(&[(0, 0), (1, 1), (2, 0)])
    }
}

#[test]
fn two_collectors_collect_each_row_once() {
    holds("two_collectors, steps", &two_collectors(1));
    holds("two_collectors", &two_collectors(KEYS));
}

#[test]
fn transactions_are_collected_one_after_the_other() {
    holds("a transaction, steps", &some_transactions(1, 1));
    holds("a transaction", &some_transactions(1, KEYS));
    holds("two transactions", &some_transactions(2, KEYS));
    holds(
        "a transaction, queues take turns",
        &Scenario {
            step_writers: 1,
            ..queues_take_turns(KEYS)
        },
    );
}

#[test]
fn queues_are_truncated_after_the_collection() {
    holds("queues_take_turns, steps", &queues_take_turns(1));
    holds("queues_take_turns", &queues_take_turns(KEYS));
}

#[test]
fn a_long_transaction_holds_one_queue_only() {
    holds("long_transaction", &long_transaction());
}

#[test]
fn a_lane_keeps_the_order_of_each_key() {
    holds("one_lane", &one_lane());
}

#[test]
fn a_late_call_does_no_harm() {
    holds("late_calls", &late_calls());
}

#[test]
fn pauses_keep_the_order_of_each_key() {
    holds("pauses", &pauses());
    let fewer = Scenario::new(&[(0, 0), (0, 0), (1, 1)]).changes;
    holds(
        "pauses twice",
        &Scenario {
            pauses: 2,
            changes: fewer,
            ..pauses()
        },
    );
    let two = Scenario::new(&[(0, 0), (0, 0)]).changes;
    holds(
        "pauses, late calls",
        &Scenario {
            late_calls: true,
            changes: two,
            ..pauses()
        },
    );
}

#[test]
fn batches_are_truncated_when_they_are_settled() {
    holds("batches_are_truncated", &batches_are_truncated());
    holds("two_truncate_batches", &two_truncate_batches());
    holds(
        "batches_are_truncated, pauses",
        &Scenario {
            pauses: 1,
            opens: false,
            drain_crashes: false,
            ..batches_are_truncated()
        },
    );
}

#[test]
fn a_writer_may_drain() {
    for when in [WriterDrains::AtAnyTime, WriterDrains::AfterItsFirstChange] {
        holds(&format!("writer_drains {when:?}"), &writer_drains(when));
    }
    for (duties, when) in [
        (DRAINS_AND_TRUNCATES_BATCHES, WriterDrains::AtAnyTime),
        (ALL_DUTIES, WriterDrains::AfterItsFirstChange),
    ] {
        let changes = Scenario::new(&[(0, 0), (0, 1), (1, 1)]).changes;
        holds(
            &format!("writer_drains {when:?}, truncates"),
            &Scenario {
                duties: [duties, COLLECTS_AND_TRUNCATES],
                capture_apart: true,
                changes,
                ..writer_drains(when)
            },
        );
    }
}

#[test]
fn a_transaction_may_drain_twice() {
    holds("drains_twice", &drains_twice());
}

#[test]
fn a_crash_of_the_server_takes_back_no_number() {
    holds(
        "server_crashes",
        &Scenario {
            late_calls: true,
            ..server_crashes()
        },
    );
    let changes = Scenario::new(&[(0, 0), (1, 0)]).changes;
    holds(
        "server_crashes, truncations",
        &Scenario {
            duties: [ALL_DUTIES; 2],
            changes,
            ..server_crashes()
        },
    );
}

#[test]
fn two_drains_do_everything_at_once() {
    holds("everything", &everything());
}

#[test]
fn a_clock_that_steps_back_loses_nothing() {
    holds("clock", &clock());
    holds(
        "clock, a transaction",
        &Scenario {
            step_writers: 1,
            ..clock()
        },
    );
}
