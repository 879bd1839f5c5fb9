use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger, UnknownChange};
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
    #[stream(other)]
    Other(UnknownChange),
    #[stream(other)]
    Another(UnknownChange),
}

fn main() {}
