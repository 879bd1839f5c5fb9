use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;
use std::borrow::Cow;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order<'a> {
    #[stream(key)]
    id: i64,
    #[serde(borrow)]
    note: Cow<'a, str>,
}

fn main() {}
