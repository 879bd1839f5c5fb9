use aurora_trigger_gen::{ChangeStream, StreamTrigger};
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
}

#[derive(ChangeStream)]
enum Shop {
    Order(Order),
}

fn main() {}
