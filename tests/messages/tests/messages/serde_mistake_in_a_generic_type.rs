use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[serde(rename_al = "camelCase")]
struct Wrapper<T>(T);

fn main() {}
