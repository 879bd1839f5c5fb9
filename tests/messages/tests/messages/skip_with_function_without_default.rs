use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
    #[stream(skip)]
    #[serde(deserialize_with = "read")]
    note: Option<String>,
}

fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Deserialize::deserialize(deserializer)
}

fn main() {}
