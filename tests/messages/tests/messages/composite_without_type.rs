use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
struct Address {
    street: String,
}

fn main() {}
