use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "sales.order_status")]
#[serde(from = "String")]
enum Status {
    Placed,
}

impl From<String> for Status {
    fn from(_: String) -> Self {
        Self::Placed
    }
}

fn main() {}
