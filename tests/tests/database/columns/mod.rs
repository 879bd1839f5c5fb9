//! What the columns of a table can be, and what becomes of them while it is streamed.

mod altered;
mod defaults;
mod generated;
mod inherited;
mod layout;

use aurora_trigger_gen::{ChangeEvent, StreamTrigger};
use serde::Deserialize;

/// A row of the table that most tests write to.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.wares", delivery = "async", on_failure = "abort")]
struct Ware {
    #[stream(key)]
    id: i32,
    name: String,
    stock: Option<i32>,
}

fn ware(id: i32, name: &str, stock: impl Into<Option<i32>>) -> Ware {
    Ware {
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
