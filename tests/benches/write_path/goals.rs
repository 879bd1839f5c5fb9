//! What the project promises, and whether this run kept it.

use std::collections::BTreeMap;

use crate::runs::Runs;
use crate::variant::Variant;
use crate::workload::Operation;

/// On which side of its limit a number shall be.
#[derive(Debug, Clone, Copy)]
enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

/// A number and its goal.
pub(crate) struct Goal {
    name: &'static str,
    meaning: &'static str,
    limit: Limit,
    value: Option<f64>,
}

/// All of them.
pub(crate) fn of(
    bulk: &BTreeMap<Operation, Runs>,
    calls: &BTreeMap<(Variant, Operation), u64>,
    slow: &Runs,
    one_row: &BTreeMap<Operation, Runs>,
    copy_peaks: &Runs,
) -> Vec<Goal> {
    use Limit::{AtLeast, AtMost};
    use Variant::{Article, None as NoTrigger, Statement};
    let bulk_ratio = |operation, to| bulk[&operation].ratio(Statement, to);
    let most_calls = Operation::ALL
        .into_iter()
        .map(|operation| calls[&(Statement, operation)])
        .max()
        .and_then(|calls| u32::try_from(calls).ok())
        .map(f64::from);
    let goal = |name, meaning, limit, value| Goal {
        name,
        meaning,
        limit,
        value,
    };
    vec![
        goal(
            "bulk_insert_vs_article",
            "time, to the article's way",
            AtMost(0.30),
            bulk_ratio(Operation::Insert, Article),
        ),
        goal(
            "bulk_insert_vs_none",
            "time, to no trigger",
            AtMost(2.5),
            bulk_ratio(Operation::Insert, NoTrigger),
        ),
        goal(
            "bulk_update_vs_article",
            "time, to the article's way",
            AtMost(0.40),
            bulk_ratio(Operation::Update, Article),
        ),
        goal(
            "bulk_update_vs_none",
            "time, to no trigger",
            AtMost(3.5),
            bulk_ratio(Operation::Update, NoTrigger),
        ),
        goal(
            "calls_per_20000_rows",
            "the most of INSERT, UPDATE and DELETE",
            AtMost(40.0),
            most_calls,
        ),
        goal(
            "slow_invoke_article_vs_ours",
            "the article's time, to ours",
            AtLeast(200.0),
            slow.ratio(Article, Statement),
        ),
        goal(
            "one_row_extra_us",
            "µs of an INSERT, over no trigger",
            AtMost(20.0),
            one_row[&Operation::Insert].difference(Statement, NoTrigger),
        ),
        goal(
            "copy_extra_mb",
            "MB of the backend's peak, over no trigger",
            AtMost(128.0),
            copy_peaks.difference(Statement, NoTrigger),
        ),
    ]
}

/// Prints them for a person, then a line each for a program.
pub(crate) fn print(goals: &[Goal]) {
    println!(
        "\nOurs at statement level; ratios and differences are medians of those of each round.\n"
    );
    println!(
        "{:<28} {:>10}   {:>9}   {:<7} of what",
        "goal", "value", "limit", ""
    );
    for goal in goals {
        let (sign, limit) = match goal.limit {
            Limit::AtMost(limit) => ('≤', limit),
            Limit::AtLeast(limit) => ('≥', limit),
        };
        println!(
            "{:<28} {:>10}   {sign} {limit:>7}   {:<7} {}",
            goal.name,
            goal.value
                .map_or_else(|| "-".to_owned(), |value| format!("{value:.3}")),
            goal.verdict(),
            goal.meaning,
        );
    }
    println!();
    for goal in goals {
        if let Some(value) = goal.value {
            println!("ratio {} {value:.3}", goal.name);
        }
    }
}

impl Goal {
    fn verdict(&self) -> &'static str {
        let met = match (self.limit, self.value) {
            (_, None) => return "unknown",
            (Limit::AtMost(limit), Some(value)) => value <= limit,
            (Limit::AtLeast(limit), Some(value)) => value >= limit,
        };
        if met { "met" } else { "missed" }
    }
}
