use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
struct Email(#[serde(deserialize_with = "read")] String);

fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Deserialize::deserialize(deserializer)
}

fn main() {}
