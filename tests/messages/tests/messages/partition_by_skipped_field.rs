use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async", key = "none", partition_by = "note, secret, cache")]
struct Order {
    id: i64,
    #[serde(default)]
    #[stream(skip)]
    note: String,
    #[stream(mask = "redact")]
    secret: String,
    #[serde(skip)]
    cache: u8,
}

fn main() {}
