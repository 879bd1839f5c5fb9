//! What the triggers cost the writer, on the article's table.
//!
//! In one run, against one server of its own, it measures seven variants in turn: no trigger, the least that any trigger
//! can do, a history table written by hand, the article's way, and ours at statement level, at row level and into the
//! outbox. Then, against a server that waits for the disk, pgbench's script with the outbox, with the least, and without. It prints a table, how the goals were met, and one line `ratio NAME VALUE` for each goal.
//!
//! ```text
//! cargo bench -p pipeline-tests --bench write_path              # some minutes
//! cargo bench -p pipeline-tests --bench write_path -- --quick   # some seconds, to see that it works
//! ```
//!
//! `cargo test --benches` is as quick.

mod at_commit;
mod copy;
mod database;
mod goals;
mod limit;
mod pgbench;
mod report;
mod runs;
mod structs;
mod stub;
mod variant;
mod workload;

use std::collections::BTreeMap;
use std::time::Duration;

use pipeline_tests::print_goals;
use relay_lambda::local::PostgresCluster;

use database::Database;
use goals::Measured;
use report::Line;
use runs::Runs;
use stub::Invoke;
use variant::Variant;
use workload::Operation;

/// How much is measured.
struct Plan {
    rounds: u32,
    bulk_rows: u32,
    one_row_statements: u32,
    slow_rounds: u32,
    slow_rows: u32,
    copy_rounds: u32,
    copy_rows: u32,
    pgbench: pgbench::Size,
}

const WHOLE: Plan = Plan {
    rounds: 7,
    bulk_rows: 20_000,
    one_row_statements: 2_000,
    slow_rounds: 5,
    slow_rows: 2_000,
    copy_rounds: 5,
    copy_rows: 1_000_000,
    pgbench: pgbench::Size {
        rounds: 5,
        duration: Duration::from_secs(10),
        accounts: 100_000,
    },
};

const QUICK: Plan = Plan {
    rounds: 1,
    bulk_rows: 500,
    one_row_statements: 50,
    slow_rounds: 1,
    slow_rows: 20,
    copy_rounds: 1,
    copy_rows: 1_000,
    pgbench: pgbench::Size {
        rounds: 1,
        duration: Duration::from_millis(100),
        accounts: 1_000,
    },
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    // Cargo says --bench when it benches, and nothing when it tests.
    let quick = given("--quick") || !given("--bench");
    bench(if quick { &QUICK } else { &WHOLE }, quick).await;
}

async fn bench(plan: &Plan, quick: bool) {
    let cluster = PostgresCluster::builder()
        // Nothing of the server's own comes in between.
        .setting("autovacuum", "off")
        .setting("checkpoint_timeout", "1h")
        .setting("max_wal_size", "8GB")
        // As the extension has them on every server that it is loaded in.
        .setting("aws_lambda.connect_timeout_ms", "1000")
        .setting("aws_lambda.request_timeout_ms", "3000")
        .start()
        .expect("PostgreSQL is installed");
    let mut databases = BTreeMap::new();
    for variant in Variant::TIMED {
        databases.insert(variant, Database::create(&cluster, variant).await);
    }

    let calls = count_calls(plan, &databases).await;
    let calls_at_commit = at_commit::calls_per_transaction(&cluster).await;
    let bulk = measure_bulk(plan, &databases).await;
    let one_row = measure_one_row(plan, &databases).await;
    let slow = measure_slow(plan, &databases).await;
    let wal = measure_wal(plan, &databases).await;
    let copies = copy::measure(plan.copy_rounds, plan.copy_rows, &cluster).await;
    let pgbench = pgbench::measure(&plan.pgbench).await;

    let mut lines = Vec::new();
    for operation in Operation::ALL {
        let what = format!("{} rows, one {operation}, ms", plan.bulk_rows);
        lines.extend(Line::of(&what, &bulk[&operation], |variant| {
            calls[&(variant, operation)]
        }));
    }
    for operation in Operation::ALL {
        let what = format!("one-row {operation}, µs");
        lines.extend(Line::of(&what, &one_row[&operation], |variant| {
            u64::from(variant.calls())
        }));
    }
    let what = format!("{} rows, one INSERT, 5 ms a call, ms", plan.slow_rows);
    lines.extend(Line::of(&what, &slow.times, |variant| slow.calls[&variant]));
    let what = format!("{} rows, one UPDATE, bytes of WAL", plan.bulk_rows);
    lines.extend(Line::without_calls(&what, &wal));
    let what = format!("COPY of {} rows, ms", plan.copy_rows);
    lines.extend(Line::without_calls(&what, &copies.times));
    let what = format!("COPY of {} rows, peak MB", plan.copy_rows);
    lines.extend(Line::without_calls(&what, &copies.peaks));
    lines.extend(Line::without_calls(
        "pgbench's script, transactions a second",
        &pgbench,
    ));

    let database = &databases[&Variant::None];
    report::heading(database, plan, quick).await;
    report::table(&lines);
    println!(
        "\nOurs at statement level; ratios and differences are medians of those of each round.\n"
    );
    print_goals(&goals::of(&Measured {
        bulk: &bulk,
        calls: &calls,
        calls_at_commit,
        slow: &slow.times,
        one_row: &one_row,
        wal: &wal,
        copy_times: &copies.times,
        copy_peaks: &copies.peaks,
        pgbench: &pgbench,
    }));
}

/// How many calls each statement makes. Not timed: counting costs something too.
async fn count_calls(
    plan: &Plan,
    databases: &BTreeMap<Variant, Database>,
) -> BTreeMap<(Variant, Operation), u64> {
    let mut calls = BTreeMap::new();
    for (&variant, database) in databases {
        eprintln!("counting calls: {variant}");
        database.fill(plan.bulk_rows).await;
        database.set_invoke(Invoke::Counts).await;
        for operation in Operation::ALL {
            let made = database.calls_of(&operation.bulk(plan.bulk_rows)).await;
            // Its triggers warn, rather than fail, when something keeps them from calling.
            assert_eq!(
                variant.calls(),
                made > 0,
                "{variant}, {operation}: {made} calls"
            );
            calls.insert((variant, operation), made);
        }
        database.set_invoke(Invoke::Free).await;
    }
    calls
}

async fn measure_bulk(
    plan: &Plan,
    databases: &BTreeMap<Variant, Database>,
) -> BTreeMap<Operation, Runs> {
    let mut runs: BTreeMap<Operation, Runs> = BTreeMap::new();
    for database in databases.values() {
        database.fill(plan.bulk_rows).await;
    }
    // The first round is for the caches.
    for round in 0..=plan.rounds {
        eprintln!(
            "{} rows in one statement: round {round} of {}",
            plan.bulk_rows, plan.rounds
        );
        for operation in Operation::ALL {
            for (&variant, database) in databases {
                let milliseconds = database.time(&operation.bulk(plan.bulk_rows)).await;
                if round > 0 {
                    runs.entry(operation)
                        .or_default()
                        .add(variant, milliseconds);
                }
            }
        }
    }
    runs
}

async fn measure_one_row(
    plan: &Plan,
    databases: &BTreeMap<Variant, Database>,
) -> BTreeMap<Operation, Runs> {
    let statements = plan.one_row_statements;
    let mut runs: BTreeMap<Operation, Runs> = BTreeMap::new();
    for database in databases.values() {
        database.fill(statements).await;
    }
    for round in 0..=plan.rounds {
        eprintln!("one-row statements: round {round} of {}", plan.rounds);
        for operation in Operation::ALL {
            for (&variant, database) in databases {
                let milliseconds = database.time(&operation.one_row(statements)).await;
                if round > 0 {
                    let microseconds = milliseconds * 1000.0 / f64::from(statements);
                    runs.entry(operation)
                        .or_default()
                        .add(variant, microseconds);
                }
            }
        }
    }
    runs
}

/// Measures once: the WAL of a statement hardly varies.
async fn measure_wal(plan: &Plan, databases: &BTreeMap<Variant, Database>) -> Runs {
    let mut runs = Runs::default();
    for (&variant, database) in databases {
        database.fill(plan.bulk_rows).await;
        let statement = Operation::Update.bulk(plan.bulk_rows);
        runs.add(variant, database.wal_bytes(&statement).await);
    }
    runs
}

struct Slow {
    times: Runs,
    calls: BTreeMap<Variant, u64>,
}

async fn measure_slow(plan: &Plan, databases: &BTreeMap<Variant, Database>) -> Slow {
    let statement = Operation::Insert.bulk(plan.slow_rows);
    let mut times = Runs::default();
    let mut calls = BTreeMap::new();
    for (&variant, database) in databases {
        // At row level it makes a call per row, as the article's way does, and takes as long. Others make none.
        if variant == Variant::Row || !variant.calls() {
            continue;
        }
        database.fill(1).await;
        database.set_invoke(Invoke::Counts).await;
        calls.insert(variant, database.calls_of(&statement).await);
        database.set_invoke(Invoke::TakesFiveMilliseconds).await;
    }
    for round in 1..=plan.slow_rounds {
        eprintln!(
            "{} rows, 5 ms a call: round {round} of {}",
            plan.slow_rows, plan.slow_rounds
        );
        for &variant in calls.keys() {
            times.add(variant, databases[&variant].time(&statement).await);
        }
    }
    for database in databases.values() {
        database.set_invoke(Invoke::Free).await;
    }
    Slow { times, calls }
}
