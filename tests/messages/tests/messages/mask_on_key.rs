use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key, mask = "redact")]
    id: String,
    #[stream(key, mask_sql = "left(value, 1)")]
    line: String,
}

fn main() {}
