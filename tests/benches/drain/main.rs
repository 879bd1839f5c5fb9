//! How fast a drain empties the outbox, and how much room the outbox takes.
//!
//! The relay is a closure that acknowledges at once, so what is measured is the database: reading a lane, making the payload
//! of a call, deleting what was sent. It prints a table, how the goals were met, and one line `ratio NAME VALUE` for each
//! number.
//!
//! ```text
//! cargo bench -p pipeline-tests --bench drain                  # a quarter of an hour
//! cargo bench -p pipeline-tests --bench drain -- --minutes 1   # with less of the load
//! cargo bench -p pipeline-tests --bench drain -- --quick       # some seconds, to see that it works
//! ```
//!
//! `cargo test --benches` is as quick.

mod backlog;
mod database;
mod load;
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
    load: Duration,
}

const WHOLE: Plan = Plan {
    rounds: 5,
    small: 10_000,
    medium: 100_000,
    large: 1_000_000,
    load: Duration::from_secs(600),
};

const QUICK: Plan = Plan {
    rounds: 1,
    small: 1_000,
    medium: 2_000,
    large: 4_000,
    load: Duration::from_secs(1),
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
    let load = load::run_for(&database, plan.load).await;

    Drained::print(&[&small, &medium, &large, &of_rows]);
    load.print();
    print_goals(&[
        Goal {
            name: "drain_events_per_second",
            meaning: "of a backlog of 100,000, one after the other",
            limit: Limit::AtLeast(20_000.0),
            value: Some(medium.events_per_second()),
        },
        Goal {
            name: "drain_backlog_slowdown",
            meaning: "time of an event of 1,000,000, to one of 10,000",
            limit: Limit::AtMost(1.2),
            value: Some(small.events_per_second() / large.events_per_second()),
        },
    ]);
    println!("ratio outbox_megabytes_after_load {:.3}", load.megabytes());
    println!(
        "ratio outbox_megabytes_grown_in_last_half {:.3}",
        load.grown_in_last_half()
    );
}
