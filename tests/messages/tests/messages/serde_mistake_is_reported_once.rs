use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
#[serde(rename_al = "camelCase")]
struct Order {
    #[stream(key)]
    id: i64,
}

fn main() {}
