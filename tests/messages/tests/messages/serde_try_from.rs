use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
#[serde(try_from = "i64")]
struct Order {
    #[stream(key)]
    id: i64,
}

impl TryFrom<i64> for Order {
    type Error = String;

    fn try_from(id: i64) -> Result<Self, String> {
        Ok(Self { id })
    }
}

fn main() {}
