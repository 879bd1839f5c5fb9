use aurora_trigger_gen::{ChangeStream, PgType, StreamTrigger};

#[derive(StreamTrigger)]
union Order {
    id: i64,
}

#[derive(PgType)]
union Number {
    id: i64,
}

#[derive(ChangeStream)]
union Shop {
    id: i64,
}

fn main() {}
