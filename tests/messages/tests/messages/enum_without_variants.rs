use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "sales.order_status")]
enum Status {}

#[derive(Deserialize, PgType)]
#[stream(as = "String")]
enum Skipped {
    #[serde(skip)]
    Placed,
}

fn main() {}
