use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "order_status")]
enum Status {
    Placed,
}

fn main() {}
