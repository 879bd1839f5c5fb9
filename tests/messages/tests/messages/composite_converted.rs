use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "sales.address")]
#[serde(from = "String")]
struct Address {
    street: String,
}

impl From<String> for Address {
    fn from(street: String) -> Self {
        Self { street }
    }
}

fn main() {}
