use aurora_trigger_gen::ChangeStream;

#[derive(ChangeStream)]
struct Shop {
    order: i64,
}

fn main() {}
