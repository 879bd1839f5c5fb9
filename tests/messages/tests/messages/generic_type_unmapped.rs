use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger};
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order<T> {
    #[stream(key)]
    id: i64,
    value: Option<T>,
}

#[derive(ChangeStream)]
enum Shop {
    Order(Change<Order<u8>>),
}

fn main() {}
