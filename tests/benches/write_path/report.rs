//! The table for a person.

use crate::database::Database;
use crate::runs::{Runs, median};
use crate::variant::Variant;
use crate::{Plan, pgbench, stub};

/// A line of the table.
pub(crate) struct Line {
    what: String,
    variant: Variant,
    median: f64,
    least: f64,
    most: f64,
    runs: usize,
    calls: Option<u64>,
}

impl Line {
    /// One line for each variant.
    pub(crate) fn of(what: &str, runs: &Runs, calls: impl Fn(Variant) -> u64) -> Vec<Self> {
        let mut lines = Self::without_calls(what, runs);
        for line in &mut lines {
            line.calls = Some(calls(line.variant));
        }
        lines
    }

    /// The same where calls were not counted.
    pub(crate) fn without_calls(what: &str, runs: &Runs) -> Vec<Self> {
        runs.variants()
            .map(|(variant, values)| Self {
                what: what.to_owned(),
                variant,
                median: median(values),
                least: values.iter().copied().fold(f64::INFINITY, f64::min),
                most: values.iter().copied().fold(0.0, f64::max),
                runs: values.len(),
                calls: None,
            })
            .collect()
    }
}

/// What was measured, and where.
pub(crate) async fn heading(database: &Database, plan: &Plan, quick: bool) {
    let version = database
        .text("SELECT current_setting('server_version')")
        .await;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let stub_cost = database.time(stub::COST).await * 1000.0 / f64::from(stub::COST_CALLS);
    if quick {
        println!("A quick run: it shows that the bench works, its numbers say nothing.\n");
    }
    println!(
        "PostgreSQL {version}, {cores} cores, fsync = off, full_page_writes = off, autovacuum = off.\n\
         The variants take turns, each run is rolled back and vacuumed; medians, and least to most.\n\
         The article's way has its errors mended and its two NOTICEs a row left out.\n\
         A call does nothing, which takes {stub_cost:.1} µs; where it is said to take 5 ms, it sleeps in the backend.\n\
         One-row statements: {} in one transaction, in a loop of a DO block, with cached plans.\n\
         pgbench's script: 8 clients in this process, scale {}, on a server with fsync, full_page_writes and autovacuum on.\n\
         A call counts where it was counted in a run of its own, which was not timed.\n",
        plan.one_row_statements,
        pgbench::BRANCHES,
    );
}

/// Prints the lines, with a gap between operations.
pub(crate) fn table(lines: &[Line]) {
    println!(
        "{:<42} {:<22} {:>10}   {:>21} {:>5} {:>7}",
        "operation", "variant", "median", "least–most", "runs", "calls"
    );
    let mut last = "";
    for line in lines {
        if line.what != last {
            println!();
        }
        println!(
            "{:<42} {:<22} {:>10.1}   {:>21} {:>5} {:>7}",
            line.what,
            line.variant,
            line.median,
            format!("{:.1}–{:.1}", line.least, line.most),
            line.runs,
            line.calls
                .map_or_else(|| "-".to_owned(), |calls| calls.to_string()),
        );
        last = &line.what;
    }
}
