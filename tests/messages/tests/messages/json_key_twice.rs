use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
    #[serde(rename = "text")]
    note: String,
    #[serde(alias = "text")]
    other: String,
    #[serde(rename = "id")]
    third: String,
    #[stream(skip)]
    #[serde(default, alias = "fifth")]
    fourth: String,
    fifth: String,
}

fn main() {}
