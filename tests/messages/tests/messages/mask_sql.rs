use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
    #[stream(mask = "sha256", mask_sql = "left(value, 1)")]
    note: String,
    #[stream(mask_sql = " ")]
    name: String,
    #[stream(mask_sql = "left(value, 1)", json)]
    details: Vec<String>,
    #[stream(mask_sql = "left(value, 1)", skip)]
    secret: Option<String>,
    #[stream(mask_sql)]
    zip: String,
}

fn main() {}
