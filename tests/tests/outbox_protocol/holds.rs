//! The protocol holds: scenarios that the search goes through to the end.

use crate::scenario::{
    ALL_DUTIES, COLLECTS, DRAINS, Duties, Isolation, OrderKeys, SENDS, Scenario,
};
use crate::search::search;

fn holds(name: &str, scenario: &Scenario) {
    match search(scenario) {
        Ok(covered) => eprintln!(
            "HOLDS {name}: {} states, {} at rest, {:?}",
            covered.states, covered.at_rest, covered.time
        ),
        Err(found) => panic!("{found}"),
    }
}

/// A drain that collects and truncates queues.
pub(crate) const COLLECTS_AND_TRUNCATES: Duties = Duties {
    truncates_queues: true,
    ..COLLECTS
};

/// Two collectors. Three writers change one row, so that each waits for the other; one of them changes a second row before.
pub(crate) fn two_collectors(step_limit: usize) -> Scenario {
    Scenario {
        duties: [COLLECTS; 2],
        step_limit,
        rollbacks: true,
        drain_crashes: true,
        ..Scenario::new(&[(0, 1), (1, 0), (0, 0), (2, 0)])
    }
}

/// Three writers take turns of the queue tables, two collectors also truncate them.
pub(crate) fn queues_take_turns(step_limit: usize) -> Scenario {
    Scenario {
        duties: [COLLECTS_AND_TRUNCATES; 2],
        step_limit,
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
        lane: [0, 0, 0],
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
        lane: [0, 0, 0],
        table: [0, 1, 0],
        duties: [SENDS, DRAINS],
        call_limit: 1,
        opens: true,
        drain_crashes: true,
        pauses: 1,
        step_limit: 9,
        ..Scenario::new(&[(0, 0), (0, 0), (0, 0), (1, 1)])
    }
}

/// The outbox tables take turns while one lane sends and another one has no events for long.
pub(crate) fn outbox_rotates() -> Scenario {
    Scenario {
        duties: [
            SENDS,
            Duties {
                truncates_outbox: true,
                ..COLLECTS
            },
        ],
        outbox_rotates: true,
        scan_apart: true,
        drain_crashes: true,
        opens: true,
        ..Scenario::new(&[(0, 0), (1, 1)])
    }
}

/// A writer calls a drain between its own changes, another drain runs by itself.
pub(crate) fn writer_drains(isolation: Isolation) -> Scenario {
    Scenario {
        duties: [DRAINS, DRAINS],
        writer_drains: Some(isolation),
        rollbacks: true,
        drain_crashes: true,
        ..Scenario::new(&[(0, 0), (0, 1), (1, 1), (2, 0)])
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
        outbox_rotates: true,
        opens: true,
        drain_crashes: true,
        ..Scenario::new(&[(0, 0), (1, 0)])
    }
}

/// Two captures may have one order key.
pub(crate) fn ties() -> Scenario {
    Scenario {
        order_keys: OrderKeys::WalWithTies,
        duties: [COLLECTS; 2],
        step_limit: 1,
        drain_crashes: true,
        ..Scenario::new(&[(0, 0), (1, 1), (2, 0)])
    }
}

/// The order key is a clock that may say anything.
pub(crate) fn clock() -> Scenario {
    Scenario {
        order_keys: OrderKeys::Clock,
        ..ties()
    }
}

#[test]
fn two_collectors_copy_each_row_once() {
    holds("two_collectors N=1", &two_collectors(1));
    holds("two_collectors N=2", &two_collectors(2));
}

#[test]
fn queues_are_truncated_after_the_copy() {
    holds("queues_take_turns N=1", &queues_take_turns(1));
    holds("queues_take_turns N=2", &queues_take_turns(2));
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
fn the_outbox_is_truncated_after_the_last_lane() {
    holds("outbox_rotates", &outbox_rotates());
    let more = Scenario::new(&[(0, 0), (1, 1), (1, 0)]).changes;
    holds(
        "outbox_rotates, more changes",
        &Scenario {
            opens: false,
            changes: more,
            ..outbox_rotates()
        },
    );
    holds(
        "outbox_rotates, pauses",
        &Scenario {
            pauses: 1,
            opens: false,
            drain_crashes: false,
            ..outbox_rotates()
        },
    );
}

#[test]
fn a_writer_may_drain() {
    holds("writer_drains RC", &writer_drains(Isolation::ReadCommitted));
    holds(
        "writer_drains RR",
        &writer_drains(Isolation::RepeatableRead),
    );
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
}

#[test]
fn two_drains_do_everything_at_once() {
    holds("everything", &everything());
}

#[test]
fn equal_order_keys_lose_nothing() {
    holds("ties", &ties());
}

#[test]
fn a_clock_that_steps_back_loses_nothing() {
    holds("clock", &clock());
}
