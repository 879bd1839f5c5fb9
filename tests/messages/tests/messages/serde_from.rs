use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
#[serde(from = "i64")]
struct Order {
    #[stream(key)]
    id: i64,
}

impl From<i64> for Order {
    fn from(id: i64) -> Self {
        Self { id }
    }
}

fn main() {}
