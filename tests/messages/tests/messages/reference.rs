use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order<'a> {
    #[stream(key)]
    id: i64,
    note: &'a str,
    #[serde(borrow)]
    other: Option<&'a str>,
}

fn main() {}
