//! What the project promises of the write path.

use std::collections::BTreeMap;

use pipeline_tests::{Goal, Limit};

use crate::runs::Runs;
use crate::variant::Variant;
use crate::workload::Operation;

/// What they are of.
pub(crate) struct Measured<'a> {
    pub(crate) bulk: &'a BTreeMap<Operation, Runs>,
    pub(crate) calls: &'a BTreeMap<(Variant, Operation), u64>,
    pub(crate) calls_at_commit: u64,
    pub(crate) slow: &'a Runs,
    pub(crate) one_row: &'a BTreeMap<Operation, Runs>,
    pub(crate) copy_peaks: &'a Runs,
    pub(crate) pgbench: &'a Runs,
}

/// All of them.
pub(crate) fn of(measured: &Measured<'_>) -> Vec<Goal> {
    use Limit::{AtLeast, AtMost};
    use Variant::{Article, None as NoTrigger, Outbox, Statement};
    let Measured {
        bulk,
        calls,
        calls_at_commit,
        slow,
        one_row,
        copy_peaks,
        pgbench,
    } = *measured;
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
        goal(
            "outbox_insert_vs_none",
            "time into the outbox, to no trigger",
            AtMost(3.0),
            bulk[&Operation::Insert].ratio(Outbox, NoTrigger),
        ),
        goal(
            "outbox_update_vs_none",
            "time into the outbox, to no trigger",
            AtMost(4.0),
            bulk[&Operation::Update].ratio(Outbox, NoTrigger),
        ),
        goal(
            "outbox_one_row_extra_us",
            "µs of an INSERT into the outbox, over no trigger",
            AtMost(25.0),
            one_row[&Operation::Insert].difference(Outbox, NoTrigger),
        ),
        goal(
            "outbox_pgbench_vs_none",
            "transactions a second, to no trigger",
            AtLeast(0.85),
            pgbench.ratio(Outbox, NoTrigger),
        ),
        goal(
            "commit_calls_per_transaction",
            "of 20 statements of 10 rows",
            AtMost(1.0),
            u32::try_from(calls_at_commit).ok().map(f64::from),
        ),
    ]
}
