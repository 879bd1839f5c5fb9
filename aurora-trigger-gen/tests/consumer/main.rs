//! The changes that a consumer gets from the records of a stream: records come again, in another order, and broken.
#![allow(
    missing_docs,
    reason = "the types here are read by the macros and the tests only"
)]

mod batch;
mod duplicates;
mod failures;
mod key;
mod memory;
mod record;
mod truncate;

use aurora_trigger_gen::wire::Aggregate;
use aurora_trigger_gen::{
    Change, ChangeStream, Deduplicator, Source, StreamTrigger, UnknownChange,
};
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

/// The numbers of the changes that are delivered of these records.
fn given<S: HasSource>(
    deduplicator: &mut Deduplicator<S>,
    records: impl IntoIterator<Item = Record>,
) -> Vec<u64> {
    let mut given = Vec::new();
    for record in records {
        let data = record.data();
        let mut changes = deduplicator.changes(&data).expect("it can be read");
        while let Some(change) = changes.next().unwrap_or_else(|error| panic!("{error}")) {
            given.push(change.source().sequence.seq);
        }
    }
    given
}

fn customer(id: i64, seq: u64) -> Record {
    Record::created("customers", id, seq)
}

fn order(id: i64, seq: u64) -> Record {
    Record::created("orders", id, seq)
}

/// Several changes in one record, as the relay aggregates them.
fn aggregate(changes: &[Vec<u8>]) -> Vec<u8> {
    let mut aggregate = Aggregate::new("1");
    for change in changes {
        aggregate.add(change);
    }
    aggregate.finish()
}

fn reading(id: i64, seq: u64) -> Record {
    Record::created("readings", id, seq)
}
