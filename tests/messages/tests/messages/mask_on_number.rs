use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
    #[stream(mask = "last4")]
    age: Option<i32>,
    #[stream(mask = "redact")]
    total: rust_decimal::Decimal,
    #[stream(mask_sql = "left(value, 1)")]
    count: i64,
}

fn main() {}
