use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "sales.address")]
struct Address {
    #[stream(key)]
    street: String,
    #[stream(skip)]
    city: String,
    #[stream(column = "street")]
    other: String,
    #[serde(skip)]
    #[stream(column = "skipped")]
    skipped: String,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Deserialize)]
struct Rest {}

fn main() {}
