use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger};
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
}

struct Row;

#[derive(ChangeStream)]
enum Shop {
    Order(Change<Order>),
    Row(Change<Row>),
}

fn main() {}
