use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
enum Status {
    Placed,
}

fn main() {}
