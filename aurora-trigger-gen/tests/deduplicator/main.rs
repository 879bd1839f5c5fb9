//! What a consumer is given of the records of a stream: they come again, some are overtaken, and not all are good.
#![allow(
    missing_docs,
    reason = "the types here are read by the macros and the tests only"
)]

mod duplicates;
mod failures;
mod memory;
mod ready;
mod record;
mod truncate;

use std::convert::Infallible;

use aurora_trigger_gen::{
    Change, ChangeStream, Deduplicator, Source, StreamTrigger, UnknownChange,
};
use ready::ready;
use record::Record;
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.customers", delivery = "async")]
struct Customer {
    #[stream(key)]
    id: i64,
    name: String,
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "sales.readings",
    delivery = "async",
    key = "none",
    partition_by = "id"
)]
struct Reading {
    id: i64,
}

#[derive(Debug, PartialEq, ChangeStream)]
enum Shop {
    Customer(Change<Customer>),
    Order(Change<Order>),
    Reading(Change<Reading>),
}

#[derive(Debug, PartialEq, ChangeStream)]
enum OpenShop {
    Customer(Change<Customer>),
    #[stream(other)]
    Other(UnknownChange),
}

trait HasSource: ChangeStream {
    fn source(&self) -> &Source;
}

impl HasSource for Shop {
    fn source(&self) -> &Source {
        match self {
            Self::Customer(change) => &change.source,
            Self::Order(change) => &change.source,
            Self::Reading(change) => &change.source,
        }
    }
}

impl HasSource for OpenShop {
    fn source(&self) -> &Source {
        match self {
            Self::Customer(change) => &change.source,
            Self::Other(change) => &change.source,
        }
    }
}

/// More than any of the tests that are not about it has.
const ROWS: usize = 1000;

/// The numbers of those changes of the records that are given to the app.
fn given<S: HasSource>(
    changes: &mut Deduplicator<S>,
    records: impl IntoIterator<Item = Record>,
) -> Vec<u64> {
    let mut given = Vec::new();
    for record in records {
        ready(changes.process(&record.data(), async |change| {
            given.push(change.source().sequence.seq);
            Ok::<_, Infallible>(())
        }))
        .unwrap_or_else(|error| panic!("{error}"));
    }
    given
}

fn customer(id: i64, seq: u64) -> Record {
    Record::created("customers", id, seq)
}

fn order(id: i64, seq: u64) -> Record {
    Record::created("orders", id, seq)
}

fn reading(id: i64, seq: u64) -> Record {
    Record::created("readings", id, seq)
}
