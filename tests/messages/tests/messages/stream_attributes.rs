use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger};
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
}

#[derive(ChangeStream)]
#[stream(other)]
enum Shop {
    #[stream(table = "sales.orders")]
    Order(Change<Order>),
}

fn main() {}
