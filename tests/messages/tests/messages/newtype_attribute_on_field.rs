use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
struct Email(#[stream(sql_type = "citext", encoding = "text")] String);

fn main() {}
