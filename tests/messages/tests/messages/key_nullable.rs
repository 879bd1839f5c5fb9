use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

type MaybeNumber = Option<i32>;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: Option<i64>,
    #[stream(key)]
    other: MaybeNumber,
}

fn main() {}
