use aurora_trigger_gen::{Change, StreamTrigger};
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.readings", delivery = "async", key = "none", partition_by = "id")]
struct Reading {
    id: i64,
}

fn key(change: &Change<Reading>) {
    drop(change.key());
}

fn main() {}
