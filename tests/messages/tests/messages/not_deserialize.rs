use aurora_trigger_gen::StreamTrigger;

#[derive(StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
}

fn main() {}
