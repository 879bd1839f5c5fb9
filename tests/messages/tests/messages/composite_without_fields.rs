use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "sales.address")]
struct Address {}

fn main() {}
