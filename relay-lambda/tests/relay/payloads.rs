//! The payload as a whole.

use relay_lambda::{PayloadError, relay};

use crate::{Shop, batch, payload, relayed};

#[test]
fn a_payload_without_events_is_answered() {
    assert_eq!(relayed(&[]).answer(), r#"{"accepted":0,"refused":[]}"#);
    assert_eq!(relayed(&[batch("orders", "")]).records, []);
}

#[test]
fn what_is_no_payload_is_an_error_of_the_call() {
    let too_long = format!("{}{}", payload(&[]), " ".repeat(6 << 20));
    // A refusal is larger than what is refused here.
    let too_many = payload(&[batch("orders", &vec!["0"; 200_001].join(","))]);
    for text in [
        &*too_long,
        &*too_many,
        "",
        "[]",
        r#"{"body":"Hello from Postgres!"}"#,
        r#"{"aurora_trigger":1}"#,
    ] {
        let error = relay::<Shop>(text.as_bytes(), 0).expect_err("it is none");
        assert!(
            matches!(error, PayloadError::NotAPayload { .. }),
            "{error:?}"
        );
        assert!(
            error.to_string().starts_with("this is no payload: "),
            "{error}"
        );
    }
}

#[test]
fn another_version_of_the_format_says_which_relay_to_deploy() {
    let same_form = payload(&[batch("orders", r#"{"seq":1,"op":"t"}"#)])
        .replace(r#""aurora_trigger":1"#, r#""aurora_trigger":2"#);
    let relayed = relay::<Shop>(same_form.as_bytes(), 0).expect("its events can be told apart");
    assert_eq!(relayed.records, []);
    assert_eq!(relayed.refused[0].seq, Some(1));
    assert!(relayed.refused[0].reason.contains("of version 2"));
    // What the next version looks like nobody knows.
    let other_forms = [
        r#"{"aurora_trigger":2}"#,
        r#"{"aurora_trigger":2,"invocation":"Later","batches":{"orders":[]}}"#,
        r#"{"events":[["c",1]],"aurora_trigger":2}"#,
    ];
    for text in other_forms {
        let error = relay::<Shop>(text.as_bytes(), 0).expect_err("it is of another version");
        assert_eq!(error, PayloadError::Version { found: 2 }, "{text}");
        let message = error.to_string();
        assert!(
            message.contains("version 2") && message.contains("version 1"),
            "{message}"
        );
    }
}
