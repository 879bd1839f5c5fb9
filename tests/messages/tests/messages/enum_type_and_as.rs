use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "sales.order_status", as = "String")]
enum Status {
    Placed,
}

fn main() {}
