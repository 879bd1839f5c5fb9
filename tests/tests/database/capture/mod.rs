//! What the captured events mean: for each thing that SQL does to rows, which events a consumer reads.
//!
//! Most of it runs at both levels, statement and row.

mod delivery;
mod foreign_keys;
mod hidden;
mod keys;
mod lost_rows;
mod masks;
mod names;
mod other_triggers;
mod partitions;
mod random_workload;
mod replay;
mod session;
mod sizes;
mod statements;
mod subsets;
mod transactions;
mod truncate;
mod wide;

use aurora_trigger_gen::{ChangeEvent, StreamTrigger};
use serde::Deserialize;

/// A row of the table that most tests write to.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.items", delivery = "async", on_failure = "abort")]
struct Item {
    #[stream(key)]
    id: i32,
    name: String,
    stock: Option<i32>,
}

/// Its table.
const ITEMS: &str = "
    CREATE SCHEMA shop;
    CREATE TABLE shop.items (id integer PRIMARY KEY, name text NOT NULL, stock integer);
";

fn item(id: i32, name: &str, stock: impl Into<Option<i32>>) -> Item {
    Item {
        id,
        name: name.to_owned(),
        stock: stock.into(),
    }
}

fn created<T>(after: T) -> ChangeEvent<T> {
    ChangeEvent::Created(Box::new(after))
}

fn updated<T>(before: T, after: T) -> ChangeEvent<T> {
    ChangeEvent::Updated {
        before: Box::new(before),
        after: Box::new(after),
    }
}

fn deleted<T>(before: T) -> ChangeEvent<T> {
    ChangeEvent::Deleted(Box::new(before))
}
