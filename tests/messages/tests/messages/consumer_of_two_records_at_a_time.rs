use aurora_trigger_gen::{Change, ChangeStream, Deduplicator, StreamTrigger};
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
}

#[derive(ChangeStream)]
enum Shop {
    Order(Change<Order>),
}

fn main() {
    let mut deduplicator = Deduplicator::<Shop>::new(1);
    let mut first = deduplicator.changes(b"").unwrap();
    let mut second = deduplicator.changes(b"").unwrap();
    drop(first.next());
    drop(second.next());
}
