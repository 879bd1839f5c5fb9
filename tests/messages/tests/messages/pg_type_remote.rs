use aurora_trigger_gen::PgType;
use serde::Deserialize;

struct Foreign(i64);

#[derive(Deserialize, PgType)]
#[serde(remote = "Foreign")]
struct Local(i64);

fn main() {}
