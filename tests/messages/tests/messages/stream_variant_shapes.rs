use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger};
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
}

#[derive(ChangeStream)]
enum Shop {
    Order(Change<Order>),
    Nothing,
    Two(Change<Order>, i64),
    Named { change: Change<Order> },
}

fn main() {}
