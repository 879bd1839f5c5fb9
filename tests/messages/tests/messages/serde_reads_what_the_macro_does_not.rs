use aurora_trigger_gen::PgType;
use serde::{Deserialize, Deserializer, Serialize};

#[derive(Serialize, PgType)]
#[serde(transparent)]
struct Id(#[serde(default)] i64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Deserialize::deserialize(deserializer).map(Self)
    }
}

fn main() {}
