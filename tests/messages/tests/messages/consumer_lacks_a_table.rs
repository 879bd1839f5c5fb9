use aurora_trigger_gen::{Change, ChangeStream, Deduplicator, StreamTrigger};
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
}

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.refunds", delivery = "async")]
struct Refund {
    #[stream(key)]
    id: i64,
}

#[derive(ChangeStream)]
enum Shop {
    Order(Change<Order>),
    Refund(Change<Refund>),
}

fn main() {
    let mut deduplicator = Deduplicator::<Shop>::new(1);
    let mut changes = deduplicator.changes(b"").unwrap();
    while let Some(change) = changes.next().unwrap() {
        match change {
            Shop::Order(change) => drop(change.key()),
        }
    }
}
