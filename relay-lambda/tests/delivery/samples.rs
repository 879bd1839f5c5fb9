//! A program whose struct reads another JSON than the triggers send does not serve.

use aurora_trigger_gen::describe::TypeDesc;
use aurora_trigger_gen::{Change, ChangeStream, PgType, StreamTrigger};
use relay_lambda::Relay;
use serde::Deserialize;

use crate::calls::configuration;

/// Reads a text for a number, as a type may after somebody in the app has turned on a feature of its crate.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "that it is read is all")]
struct Cents(String);

impl PgType for Cents {
    const TYPE: TypeDesc = i64::TYPE;
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "sales.payments", delivery = "async")]
#[expect(dead_code, reason = "only decoded here")]
struct Payment {
    #[stream(key)]
    id: i64,
    amount: Cents,
}

#[derive(Debug, ChangeStream)]
#[expect(dead_code, reason = "only decoded here")]
enum Payments {
    Payment(Change<Payment>),
}

#[test]
fn a_struct_that_does_not_read_its_samples_is_refused_before_anything_is_served() {
    let errors = Relay::<Payments>::new(&configuration("http://127.0.0.1:1", &[]))
        .expect_err("no event would be read");
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(!texts.is_empty());
    for text in &texts {
        assert!(
            text.contains("Payment") && text.contains("amount"),
            "{text}"
        );
    }
}
