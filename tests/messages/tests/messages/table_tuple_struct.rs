use aurora_trigger_gen::StreamTrigger;
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order(i64);

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.lines", delivery = "async")]
struct Line;

fn main() {}
