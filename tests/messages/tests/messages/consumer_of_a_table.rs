use aurora_trigger_gen::{Deduplicator, StreamTrigger};
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
}

fn main() {
    Deduplicator::<Order>::new(1);
}
