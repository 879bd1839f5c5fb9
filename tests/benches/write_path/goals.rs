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
    pub(crate) wal: &'a Runs,
    pub(crate) copy_times: &'a Runs,
    pub(crate) copy_peaks: &'a Runs,
    pub(crate) pgbench: &'a Runs,
}

/// All of them.
pub(crate) fn of(measured: &Measured<'_>) -> Vec<Goal> {
    use Limit::{AtLeast, AtMost};
    use Operation::{Insert, Update};
    use Variant::{Article, History, Limit as Bare, None as NoTrigger, Outbox, Statement};
    let Measured {
        bulk,
        calls,
        calls_at_commit,
        slow,
        one_row,
        wal,
        copy_times,
        copy_peaks,
        pgbench,
    } = *measured;
    let bulk_ratio = |operation, of, to| bulk[&operation].ratio(of, to);
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
            AtMost(0.40),
            bulk_ratio(Insert, Statement, Article),
        ),
        goal(
            "bulk_update_vs_article",
            "time, to the article's way",
            AtMost(0.55),
            bulk_ratio(Update, Statement, Article),
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
            "copy_extra_mb",
            "MB of the backend's peak, over no trigger",
            AtMost(128.0),
            copy_peaks.difference(Statement, NoTrigger),
        ),
        goal(
            "outbox_insert_vs_none",
            "time, to no trigger",
            AtMost(2.8),
            bulk_ratio(Insert, Outbox, NoTrigger),
        ),
        goal(
            "outbox_update_vs_none",
            "time, to no trigger",
            AtMost(4.2),
            bulk_ratio(Update, Outbox, NoTrigger),
        ),
        goal(
            "outbox_copy_vs_none",
            "time, to no trigger",
            AtMost(3.0),
            copy_times.ratio(Outbox, NoTrigger),
        ),
        goal(
            "outbox_insert_vs_limit",
            "time, to a bare copy",
            AtMost(1.6),
            bulk_ratio(Insert, Outbox, Bare),
        ),
        goal(
            "outbox_update_vs_limit",
            "time, to a bare copy",
            AtMost(1.6),
            bulk_ratio(Update, Outbox, Bare),
        ),
        goal(
            "outbox_one_row_insert_vs_limit",
            "time, to a bare copy",
            AtMost(1.5),
            one_row[&Insert].ratio(Outbox, Bare),
        ),
        goal(
            "outbox_one_row_update_vs_limit",
            "time, to a bare copy",
            AtMost(1.6),
            one_row[&Update].ratio(Outbox, Bare),
        ),
        goal(
            "outbox_insert_vs_history",
            "time, to a history table",
            AtMost(0.40),
            bulk_ratio(Insert, Outbox, History),
        ),
        goal(
            "outbox_update_vs_history",
            "time, to a history table",
            AtMost(0.45),
            bulk_ratio(Update, Outbox, History),
        ),
        goal(
            "outbox_one_row_insert_vs_history",
            "time, to a history table",
            AtMost(1.0),
            one_row[&Insert].ratio(Outbox, History),
        ),
        goal(
            "outbox_one_row_update_vs_history",
            "time, to a history table",
            AtMost(1.25),
            one_row[&Update].ratio(Outbox, History),
        ),
        goal(
            "outbox_wal_bytes_vs_none",
            "of a bulk UPDATE, to no trigger",
            AtMost(2.2),
            wal.ratio(Outbox, NoTrigger),
        ),
        goal(
            "outbox_pgbench_vs_none",
            "transactions a second, to no trigger",
            AtLeast(0.70),
            pgbench.ratio(Outbox, NoTrigger),
        ),
        goal(
            "outbox_pgbench_vs_limit",
            "transactions a second, to a bare copy",
            AtLeast(0.90),
            pgbench.ratio(Outbox, Bare),
        ),
        goal(
            "commit_calls_per_transaction",
            "of 20 statements of 10 rows",
            AtMost(1.0),
            u32::try_from(calls_at_commit).ok().map(f64::from),
        ),
    ]
}
