use aurora_trigger_gen::{ChangeStream, UnknownChange};

#[derive(ChangeStream)]
enum Shop {
    #[stream(other)]
    Other(UnknownChange),
}

#[derive(ChangeStream)]
enum Nothing {}

fn main() {}
