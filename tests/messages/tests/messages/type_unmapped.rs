use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize)]
struct Address;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
    address: Address,
    bytes: Vec<u8>,
    both: Option<Vec<Address>>,
}

fn main() {}
