use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async", level = "row", level = "row")]
struct Order {
    #[stream(key)]
    #[stream(key)]
    id: i64,
}

fn main() {}
