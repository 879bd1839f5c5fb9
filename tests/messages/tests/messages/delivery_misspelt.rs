use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "asinc")]
struct Order {
    #[stream(key)]
    id: i64,
}

fn main() {}
