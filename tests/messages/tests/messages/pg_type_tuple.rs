use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "sales.pair")]
struct Pair(i64, i64);

#[derive(Deserialize, PgType)]
struct Nothing;

#[derive(Deserialize, PgType)]
struct Skipped(#[serde(skip)] i64);

fn main() {}
