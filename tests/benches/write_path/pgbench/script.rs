//! pgbench's script "tpcb-like", statement by statement as pgbench sends it by default: as plain text.

use std::time::Instant;

use tokio_postgres::Client;

use super::{BRANCHES, Size};
use crate::database::run;

/// One client's transactions until then; how many they were.
pub(super) async fn repeat(session: &Client, size: &Size, end: Instant) -> u32 {
    let mut transactions = 0;
    while Instant::now() < end {
        transaction(session, size).await;
        transactions += 1;
    }
    transactions
}

async fn transaction(session: &Client, size: &Size) {
    let aid = fastrand::u32(1..=BRANCHES * size.accounts);
    let bid = fastrand::u32(1..=BRANCHES);
    let tid = fastrand::u32(1..=BRANCHES * 10);
    let delta = fastrand::i32(-5000..=5000);
    let statements = [
        "BEGIN".to_owned(),
        format!("UPDATE pgbench_accounts SET abalance = abalance + {delta} WHERE aid = {aid}"),
        format!("SELECT abalance FROM pgbench_accounts WHERE aid = {aid}"),
        format!("UPDATE pgbench_tellers SET tbalance = tbalance + {delta} WHERE tid = {tid}"),
        format!("UPDATE pgbench_branches SET bbalance = bbalance + {delta} WHERE bid = {bid}"),
        format!(
            "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) \
             VALUES ({tid}, {bid}, {aid}, {delta}, CURRENT_TIMESTAMP)"
        ),
        "END".to_owned(),
    ];
    for statement in &statements {
        run(session, statement).await;
    }
}
