use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "sales.order_status")]
enum Status {
    #[stream(label = "placed")]
    Placed,
    #[stream(rename = "paid")]
    Paid,
}

fn main() {}
