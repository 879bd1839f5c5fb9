use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: u64,
    quantity: Option<u32>,
}

fn main() {}
