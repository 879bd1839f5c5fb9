use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "Sales.Orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
}

fn main() {}
