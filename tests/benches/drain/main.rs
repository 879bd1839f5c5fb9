//! The speed of a drain, alone and beside what can slow it down; its latency; and the size of the outbox.
//!
//! The relay is a closure that acknowledges at once, so what is measured is the database: reading a lane, making the payload
//! of a call, deleting what was sent. It prints a table, how the goals were met, and one line `ratio NAME VALUE` for each
//! number.
//!
//! ```text
//! cargo bench -p pipeline-tests --bench drain                  # some minutes
//! cargo bench -p pipeline-tests --bench drain -- --minutes 10  # with more of the load
//! cargo bench -p pipeline-tests --bench drain -- --quick       # some seconds, to see that it works
//! ```
//!
//! `cargo test --benches` is as quick.

mod backlog;
mod beside;
mod database;
mod held;
mod latency;
mod load;
mod many;
mod relay;
#[path = "../write_path/structs.rs"]
mod structs;

use std::time::Duration;

use pipeline_tests::{Goal, Limit, print_goals};

use backlog::{Backlog, Drained};
use database::Database;

/// How much is measured.
struct Plan {
    rounds: u32,
    small: u32,
    medium: u32,
    large: u32,
    /// Events of a paused table.
    paused: u32,
    /// Drains of one event.
    single_drains: u32,
    latency_seconds: u32,
    /// Captured tables of a database.
    tables: &'static [usize],
    load: Duration,
    /// After the load, with drains.
    rest: Duration,
}

const WHOLE: Plan = Plan {
    rounds: 5,
    small: 10_000,
    medium: 100_000,
    large: 1_000_000,
    paused: 300_000,
    single_drains: 9,
    latency_seconds: 30,
    tables: &[1, 10, 100],
    load: Duration::from_secs(60),
    rest: Duration::from_secs(30),
};

const QUICK: Plan = Plan {
    rounds: 1,
    small: 1_000,
    medium: 1_000,
    large: 2_000,
    paused: 1_000,
    single_drains: 1,
    latency_seconds: 2,
    tables: &[1, 3],
    load: Duration::from_millis(300),
    rest: Duration::from_millis(100),
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    // Cargo says --bench when it benches, and nothing when it tests.
    let quick = given("--quick") || !given("--bench");
    let mut plan = if quick { QUICK } else { WHOLE };
    if let Some(load) = minutes(&arguments) {
        plan.load = load;
    }
    if quick {
        println!("A quick run: it shows that the bench works, its numbers say nothing.\n");
    }
    bench(&plan).await;
}

fn minutes(arguments: &[String]) -> Option<Duration> {
    let place = arguments
        .iter()
        .position(|argument| argument == "--minutes")?;
    let minutes: f64 = arguments
        .get(place + 1)
        .and_then(|minutes| minutes.parse().ok())
        .expect("--minutes takes a number");
    Some(Duration::from_secs_f64(minutes * 60.0))
}

async fn bench(plan: &Plan) {
    let database = Database::create().await;
    // Once for the caches.
    backlog::measure(&database, &Backlog::of_statements(plan.medium), 1).await;
    let small = backlog::measure(&database, &Backlog::of_statements(plan.small), plan.rounds).await;
    let medium =
        backlog::measure(&database, &Backlog::of_statements(plan.medium), plan.rounds).await;
    let large = backlog::measure(&database, &Backlog::of_statements(plan.large), 1).await;
    let of_rows = backlog::measure(&database, &Backlog::of_rows(plan.medium), 1).await;
    let held = held::measure(&database, plan.large).await;
    let beside = beside::measure(&database, plan.large, plan.paused, plan.single_drains).await;
    let latency = latency::measure(&database, plan.latency_seconds).await;
    let many = many::measure(&database, plan.tables).await;
    let load = load::run_for(&database, plan.load, plan.rest).await;

    Drained::print(&[&small, &medium, &large, &of_rows]);
    held.print();
    beside.print();
    latency.print();
    many.print();
    load.print();
    print_goals(&[
        Goal {
            name: "drain_events_per_second",
            meaning: "of a backlog of 100,000, one after the other",
            limit: Limit::AtLeast(80_000.0),
            value: Some(medium.events_per_second()),
        },
        Goal {
            name: "drain_backlog_slowdown",
            meaning: "time of an event of 1,000,000, to one of 10,000",
            limit: Limit::AtMost(1.2),
            value: Some(small.events_per_second() / large.events_per_second()),
        },
        Goal {
            name: "drain_held_xmin_slowdown",
            meaning: "beside a transaction that stays open, last tenth to first",
            limit: Limit::AtMost(1.2),
            value: Some(held.slowdown()),
        },
        Goal {
            name: "drain_open_transaction_slowdown",
            meaning: "one event, beside those of an open transaction",
            limit: Limit::AtMost(1.5),
            value: Some(beside.open_slowdown()),
        },
        Goal {
            name: "drain_paused_slowdown",
            meaning: "one event, beside those of a paused table",
            limit: Limit::AtMost(1.5),
            value: Some(beside.paused_slowdown()),
        },
        Goal {
            name: "outbox_latency_p50_ms",
            meaning: "from COMMIT to the relay, 200 changes a second",
            limit: Limit::AtMost(3.0),
            value: Some(latency.percentile(50)),
        },
        Goal {
            name: "outbox_latency_p99_ms",
            meaning: "the same",
            limit: Limit::AtMost(50.0),
            value: Some(latency.percentile(99)),
        },
        Goal {
            name: "outbox_mb_after_load",
            meaning: "the installation's tables, while it is written and drained",
            limit: Limit::AtMost(200.0),
            value: Some(load.megabytes()),
        },
        Goal {
            name: "outbox_mb_after_rest",
            meaning: "half a minute later",
            limit: Limit::AtMost(10.0),
            value: Some(load.megabytes_later()),
        },
    ]);
    println!(
        "ratio outbox_mb_grown_in_last_half {:.3}",
        load.grown_in_last_half()
    );
}
