//! What the relay costs, and how fast the pipeline is.
//!
//! It prints a table, how the goals were met, and one line `ratio NAME VALUE` for each goal. It builds the reference app's
//! relay as it is deployed, and so takes minutes the first time.
//!
//! ```text
//! cargo bench -p pipeline-tests --bench relay              # some minutes
//! cargo bench -p pipeline-tests --bench relay -- --quick   # to see that it works
//! ```
//!
//! `cargo test --benches` is as quick, and leaves out what needs the relay as it is deployed.

mod binary;
mod cold_start;
mod core;
mod event;
mod hot_key;
mod memory;
mod pipeline;
mod samples;
mod wide;

use pipeline_tests::{Goal, Limit, print_goals};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    pub(crate) hot_key_changes: usize,
    pub(crate) cold_starts: u32,
    pub(crate) changes: u32,
    pub(crate) statements: u32,
}

const WHOLE: Plan = Plan {
    rounds: 21,
    hot_key_changes: 10_000,
    cold_starts: 50,
    changes: 2_000,
    statements: 200,
};

const QUICK: Plan = Plan {
    rounds: 1,
    hot_key_changes: 100,
    cold_starts: 2,
    changes: 20,
    statements: 5,
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    // Cargo says --bench when it benches, and nothing when it tests.
    let benches = given("--bench");
    let plan = if given("--quick") || !benches {
        QUICK
    } else {
        WHOLE
    };

    let core = core::measure(plan.rounds);
    let json_column = wide::measure(plan.rounds);
    let hot_key = hot_key::measure(plan.hot_key_changes);
    let binary = benches.then(binary::build);
    let cold_start = binary
        .as_ref()
        .map(|binary| cold_start::measure(binary, plan.cold_starts));
    let memory = binary.as_ref().map(memory::measure);
    let zip_mb = binary.as_ref().map(binary::Binary::zip_mb);
    let pipeline = binary
        .as_ref()
        .map(|binary| pipeline::measure(binary, plan.changes, plan.statements));

    core.print();
    hot_key::print(&hot_key);
    if let Some(cold_start) = &cold_start {
        println!("cold start, ms          {cold_start}");
    }
    if let Some(pipeline) = &pipeline {
        println!("write to record, ms     {}", pipeline.latencies);
        for throughput in &pipeline.throughputs {
            println!("pipeline                {throughput}");
        }
    }
    println!();
    let goal = |name, meaning, limit, value| Goal {
        name,
        meaning,
        limit,
        value,
    };
    let throughput = |size: usize| {
        let pipeline = pipeline.as_ref()?;
        Some(pipeline.throughputs[size].events_per_second)
    };
    print_goals(&[
        goal(
            "decode_vs_serde",
            "time of decode, check and pack, to serde_json alone",
            Limit::AtMost(1.6),
            core.to_serde(),
        ),
        goal(
            "decode_vs_value",
            "the same, to a relay on serde_json::Value",
            Limit::AtMost(0.5),
            core.to_value(),
        ),
        goal(
            "events_per_second_core",
            "inserts, one core, up to the HTTP requests",
            Limit::AtLeast(300_000.0),
            core.events_per_second(),
        ),
        goal(
            "json_column_vs_none",
            "decode of a hundred columns, with a JSON column to without",
            Limit::AtMost(1.2),
            Some(json_column.median()),
        ),
        goal(
            "payload_memory",
            "the process's peak over its peak before, to the payload",
            Limit::AtMost(4.0),
            memory,
        ),
        goal(
            "cold_start_ms",
            "ms from process start to the request for a call",
            Limit::AtMost(15.0),
            cold_start.as_ref().map(samples::Samples::median),
        ),
        goal(
            "zip_mb",
            "MB of the deployed zip",
            Limit::AtMost(2.0),
            zip_mb,
        ),
        goal(
            "latency_p50_ms",
            "ms from write to record, 200 changes a second",
            Limit::AtMost(5.0),
            pipeline
                .as_ref()
                .map(|pipeline| pipeline.latencies.median()),
        ),
        goal(
            "latency_p99_ms",
            "the same of the slowest but one in a hundred",
            Limit::AtMost(25.0),
            pipeline
                .as_ref()
                .map(|pipeline| pipeline.latencies.percentile(99)),
        ),
        goal(
            "pipeline_100_events_per_second",
            "database to stream, statements of 1,000 rows of 100 bytes",
            Limit::AtLeast(120_000.0),
            throughput(0),
        ),
        goal(
            "pipeline_400_events_per_second",
            "the same, rows of 400 bytes",
            Limit::AtLeast(80_000.0),
            throughput(1),
        ),
        goal(
            "pipeline_1600_events_per_second",
            "the same, rows of 1,600 bytes",
            Limit::AtLeast(30_000.0),
            throughput(2),
        ),
    ]);
}
