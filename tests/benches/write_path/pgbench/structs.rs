//! pgbench's tables.

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::TableDesc;
use chrono::NaiveDateTime;
use serde::Deserialize;

/// All of them.
pub(super) const TABLES: [&TableDesc; 4] = [
    &Account::TABLE,
    &Branch::TABLE,
    &Teller::TABLE,
    &History::TABLE,
];

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "public.pgbench_accounts", delivery = "outbox")]
#[expect(dead_code, reason = "only its description is used")]
struct Account {
    #[stream(key)]
    aid: i32,
    bid: Option<i32>,
    abalance: Option<i32>,
    filler: Option<String>,
}

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "public.pgbench_branches", delivery = "outbox")]
#[expect(dead_code, reason = "only its description is used")]
struct Branch {
    #[stream(key)]
    bid: i32,
    bbalance: Option<i32>,
    filler: Option<String>,
}

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "public.pgbench_tellers", delivery = "outbox")]
#[expect(dead_code, reason = "only its description is used")]
struct Teller {
    #[stream(key)]
    tid: i32,
    bid: Option<i32>,
    tbalance: Option<i32>,
    filler: Option<String>,
}

#[derive(Deserialize, StreamTrigger)]
#[stream(
    table = "public.pgbench_history",
    delivery = "outbox",
    key = "none",
    partition_by = "aid"
)]
#[expect(dead_code, reason = "only its description is used")]
struct History {
    tid: Option<i32>,
    bid: Option<i32>,
    aid: Option<i32>,
    delta: Option<i32>,
    mtime: Option<NaiveDateTime>,
    filler: Option<String>,
}
