use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger};
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order<T> {
    #[stream(key)]
    id: T,
    note: String,
}

#[derive(ChangeStream)]
enum Shop {
    Order(Change<Order<Option<i64>>>),
}

fn main() {}
