use aurora_trigger_gen::{PgType, StreamTrigger};
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "sales.prices")]
struct Prices(Vec<rust_decimal::Decimal>);

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
    prices: Prices,
}

fn main() {}
