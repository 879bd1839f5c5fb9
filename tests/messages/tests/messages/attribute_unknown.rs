use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async", retries = "3")]
struct Order {
    #[stream(key)]
    id: i64,
    #[stream(primary)]
    note: String,
}

fn main() {}
