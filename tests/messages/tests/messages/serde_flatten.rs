use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize)]
struct Rest {}

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
    #[serde(flatten)]
    rest: Rest,
}

fn main() {}
