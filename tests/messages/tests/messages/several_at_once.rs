use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "Sales.orders", level = "rows", keys = "none")]
struct Order {
    id: &'static str,
    #[stream(json, as = "String", mask = "sha")]
    note: String,
    #[stream(column = "note", skip = "yes")]
    other: i64,
}

fn main() {}
