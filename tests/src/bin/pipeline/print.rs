use std::fmt::Debug;

use aurora_trigger_gen::{Change, ChangeEvent};
use storefront::Storefront;

/// One change, for a person. The match is exhaustive: a new table does not compile until it is here.
pub(crate) fn change(change: &Storefront) {
    match change {
        Storefront::Customer(change) => event(change),
        Storefront::Order(change) => event(change),
        Storefront::OrderItem(change) => event(change),
        Storefront::Person(change) => event(change),
    }
}

fn event<T: Debug>(change: &Change<T>) {
    let seq = change.source.sequence.seq;
    match &change.event {
        ChangeEvent::Created(after) => println!("  → {seq} created {after:?}"),
        ChangeEvent::Updated { before, after } => {
            println!("  → {seq} updated {before:?}");
            println!(
                "    {:width$}      to {after:?}",
                "",
                width = seq.to_string().len()
            );
        }
        ChangeEvent::Deleted(before) => println!("  → {seq} deleted {before:?}"),
        ChangeEvent::Read(row) => println!("  → {seq} read {row:?}"),
        ChangeEvent::Truncated => {
            println!(
                "  → {seq} truncated {}.{}",
                change.source.schema, change.source.table
            );
        }
        ChangeEvent::Oversized { operation, key } => {
            println!("  → {seq} too big to send: {operation:?} of {key:?}");
        }
    }
}
