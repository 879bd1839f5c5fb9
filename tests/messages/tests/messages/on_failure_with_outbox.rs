use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "outbox", on_failure = "outbox")]
struct Order {
    #[stream(key)]
    id: i64,
}

fn main() {}
