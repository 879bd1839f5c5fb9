use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
struct Bytes(Vec<u8>);

#[derive(Deserialize, PgType)]
#[stream(type = "sales.blob")]
struct Blob(Vec<u8>);

fn main() {}
