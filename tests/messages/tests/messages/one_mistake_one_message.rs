use aurora_trigger_gen::{Change, ChangeStream, PgType, StreamTrigger};
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "order_status")]
enum Status {
    Placed,
}

#[derive(Deserialize, PgType)]
struct Email(#[stream(json)] String);

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.orders")]
struct Order {
    #[stream(key)]
    id: i64,
    status: Status,
    #[stream(mask = "redact")]
    email: Email,
}

#[derive(Deserialize, StreamTrigger)]
#[stream(table = "sales.lines", delivery = "later")]
struct Line {
    #[stream(key)]
    status: Status,
}

#[derive(ChangeStream)]
enum Shop {
    Order(Change<Order>),
    Line(Change<Line>),
    Other,
}

fn use_all(record: &[u8]) -> (&'static str, bool) {
    (Order::TABLE.table(), Shop::decode(record).is_ok())
}

fn main() {
    use_all(b"");
}
