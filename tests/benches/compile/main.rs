//! What the derives cost the compiler: `cargo check` of a stream of many tables, beside that of the same structs with
//! serde's derives alone.
//!
//! ```text
//! cargo bench -p pipeline-tests --bench compile              # some minutes
//! cargo bench -p pipeline-tests --bench compile -- --quick   # to see that it works
//! ```

mod package;

use pipeline_tests::{Goal, Limit, print_goals};

use package::Package;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    // Cargo says --bench when it benches, and nothing when it tests.
    let (tables, rounds) = if given("--quick") || !given("--bench") {
        (3, 1)
    } else {
        (600, 5)
    };
    let serde = Package::with_serde(tables);
    let stream = Package::with_stream(tables);
    let mut ratios = Vec::new();
    for round in 1..=rounds {
        eprintln!("{tables} tables: round {round} of {rounds}");
        let (serde, stream) = (serde.check(), stream.check());
        println!("serde {serde:.2} s, serde and aurora-trigger {stream:.2} s");
        ratios.push(stream / serde);
    }
    ratios.sort_by(f64::total_cmp);
    println!();
    print_goals(&[Goal {
        name: "stream_check_vs_serde",
        meaning: "time of cargo check of 600 tables, to serde's derives",
        limit: Limit::AtMost(1.5),
        value: Some(ratios[ratios.len() / 2]),
    }]);
}
