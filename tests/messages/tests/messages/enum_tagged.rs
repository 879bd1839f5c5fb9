use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "sales.order_status")]
#[serde(tag = "status")]
enum Status {
    Placed,
}

#[derive(Deserialize, PgType)]
#[stream(as = "String")]
#[serde(untagged)]
enum Untagged {
    Placed,
}

fn main() {}
