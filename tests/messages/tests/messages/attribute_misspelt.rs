use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(tabel = "sales.orders", delivery = "async")]
struct Order {
    #[stream(kye)]
    id: i64,
}

fn main() {}
