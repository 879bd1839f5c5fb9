use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "sales.order_status")]
enum Status {
    Placed,
    Paid(i64),
    Shipped { at: i64 },
}

fn main() {}
