//! An application at its busiest: sixteen writers on hot and cold rows, every kind of statement, three isolation
//! levels, nested triggers, cascades, two drains, and a stream that fails one in five entries.
//!
//! Each run makes 2,000 events, or as many as `AURORA_TRIGGER_LONG_RUN_EVENTS` says:
//!
//! ```sh
//! AURORA_TRIGGER_LONG_RUN_EVENTS=500000 cargo test -p pipeline-tests --test promises long_run -- --nocapture
//! ```

use std::time::Instant;

use tokio::sync::watch;

use crate::cell::compared;
use crate::drains::{Drains, settle};
use crate::mode::Mode;
use crate::promise::Promise;
use crate::scale::scale;
use crate::shop::{Shop, run};
use crate::statements::Rows;
use crate::workload::Workload;

const WRITERS: usize = 16;

/// The others fail so often, each by the application's own doing, that they would do little else.
const LEVELS: [&str; 10] = {
    let mut levels = ["READ COMMITTED"; 10];
    levels[0] = "REPEATABLE READ";
    levels[1] = "SERIALIZABLE";
    levels
};

/// So many changes a transaction makes on the average, about: where there is no MERGE, a few less.
const CHANGES: usize = 6;

async fn assert_promise(mode: Mode, promise: Promise) {
    let events = scale("AURORA_TRIGGER_LONG_RUN_EVENTS", 2_000);
    let shop = Shop::start(mode).await;
    run(&shop.session().await, include_str!("nested.sql")).await;
    let workload = Workload {
        seed: 42,
        writers: WRITERS,
        transactions: events / WRITERS / CHANGES,
        rows: Rows {
            hot: 16,
            all: 1_000,
        },
        savepoints: 10,
        rollbacks: 5,
        truncates: 1_000,
        levels: &LEVELS,
    };
    shop.relay.kinesis().faults().fail_share(20, 42);
    let drains = Drains::start(&shop, 2, "");
    let (progress, _) = watch::channel(0);

    let start = Instant::now();
    let tally = workload.run(&shop, &progress).await;
    let wrote = start.elapsed();
    shop.relay.kinesis().faults().clear();
    drains.stop().await;
    settle(&shop).await;
    let took = start.elapsed();
    let counts = compared(&shop).await;
    eprintln!(
        "{mode:?}: written in {wrote:?}, in the stream after {took:?}: {counts:?}, {tally:?}"
    );
    promise.assert_kept(&counts, &tally);
    assert!(counts.committed >= events / 10 * 9, "{counts:?}");
    assert!(tally.conflicts > 0, "{tally:?}");
}

#[tokio::test]
async fn outbox_is_whole_and_true_and_in_order_and_no_write_fails() {
    assert_promise(Mode::Outbox, Mode::Outbox.promise()).await;
}

/// A transaction can fail behind its call, as one that is SERIALIZABLE: then what it sent is not true.
#[tokio::test]
async fn commit_loses_nothing_and_no_write_fails() {
    let promise = Promise {
        nothing_is_untrue: false,
        // A nested write can go by the drain, and what it was nested in by the commit.
        copies_are_equal: false,
        ..Mode::Commit.promise()
    };
    assert_promise(Mode::Commit, promise).await;
}
