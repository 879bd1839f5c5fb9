use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
    #[stream(as = "String", json)]
    note: String,
    #[stream(json, sql_type = "citext", encoding = "text")]
    other: String,
}

fn main() {}
