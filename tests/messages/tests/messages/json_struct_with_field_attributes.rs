use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(json)]
struct Address {
    #[stream(column = "street")]
    street: String,
}

fn main() {}
