use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key, skip)]
    id: i64,
    #[serde(skip)]
    #[stream(key)]
    other: i64,
    note: String,
}

fn main() {}
