use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async", ops = "insert, update, insert")]
struct Order {
    #[stream(key)]
    id: i64,
}

fn main() {}
