use aurora_trigger_gen::PgType;
use aurora_trigger_gen::describe::TypeDesc;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "sales.order_status")]
#[serde(rename_all = "snake-case")]
enum Status {
    Placed,
}

const STATUS: TypeDesc = Option::<Status>::TYPE;

fn main() {
    STATUS.has_check();
}
