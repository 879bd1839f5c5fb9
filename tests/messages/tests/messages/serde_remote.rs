use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

struct Foreign {
    id: i64,
}

#[derive(Deserialize, StreamTrigger)]
#[serde(remote = "Foreign")]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
}

fn main() {}
