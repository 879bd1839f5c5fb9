use aurora_trigger_gen::{Change, StreamTrigger, check_samples};
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
}

enum Shop {
    Order(Change<Order>),
}

fn main() {
    check_samples::<Shop>();
}
