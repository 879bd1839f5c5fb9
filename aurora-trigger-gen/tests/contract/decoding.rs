use std::error::Error;

use aurora_trigger_gen::wire::Operation;
use aurora_trigger_gen::{Change, ChangeEvent, ChangeStream, DecodeError, StreamTrigger};
use rust_decimal::Decimal;
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
    total: Decimal,
}

#[derive(Debug, PartialEq, ChangeStream)]
enum Shop {
    Order(Change<Order>),
}

/// `rest` stands where the images, the operation, the key and `oversized` do.
fn record(table: &str, rest: &str) -> String {
    format!(
        r#"{{{rest},"source":{{"version":"0.1.0","connector":"aurora-trigger","name":"shop","ts_ms":1,"ts_us":1000,
        "snapshot":"false","db":"shop","schema":"sales","table":"{table}","txId":7,"sequence":"[\"1\",\"2\"]"}},
        "ts_ms":2,"id":"5d1c-2","fingerprint":"9f3a6c1e"}}"#
    )
}

fn error(text: &str) -> DecodeError {
    Shop::decode(text.as_bytes()).expect_err("this is refused")
}

fn change(rest: &str) -> Change<Order> {
    let Shop::Order(change) =
        Shop::decode(record("orders", rest).as_bytes()).expect("it is a change");
    change
}

fn image_error(rest: &str) -> (&'static str, String, String) {
    let error = error(&record("orders", rest));
    let text = error.to_string();
    let DecodeError::Image {
        schema,
        table,
        id,
        image,
        reason,
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((&*schema, &*table, &*id), ("sales", "orders", "5d1c-2"));
    (image, reason.to_string(), text)
}

const BEFORE: &str = r#"{"id":1,"total":"1.10"}"#;
const AFTER: &str = r#"{"id":1,"total":"2"}"#;

#[test]
fn every_operation_has_a_variant_of_its_own() {
    let before = || {
        Box::new(Order {
            id: 1,
            total: Decimal::new(110, 2),
        })
    };
    let after = || {
        Box::new(Order {
            id: 1,
            total: Decimal::TWO,
        })
    };
    let created = change(&format!(r#""before":null,"after":{AFTER},"op":"c""#));
    assert_eq!(created.event, ChangeEvent::Created(after()));
    assert_eq!((created.before(), created.after()), (None, Some(&*after())));
    let read = change(&format!(r#""before":null,"after":{AFTER},"op":"r""#));
    assert_eq!(read.event, ChangeEvent::Read(after()));
    let deleted = change(&format!(r#""before":{BEFORE},"after":null,"op":"d""#));
    assert_eq!(deleted.event, ChangeEvent::Deleted(before()));
    assert_eq!(
        (deleted.before(), deleted.after()),
        (Some(&*before()), None)
    );
    let updated = change(&format!(r#""before":{BEFORE},"after":{AFTER},"op":"u""#));
    let expected = ChangeEvent::Updated {
        before: before(),
        after: after(),
    };
    assert_eq!(updated.event, expected);
    assert_eq!(
        change(r#""before":null,"after":null,"op":"t""#).event,
        ChangeEvent::Truncated
    );
}

#[test]
fn an_oversized_change_says_which_row_to_fetch() {
    let change = change(r#""before":null,"after":null,"op":"u","key":{"id":42},"oversized":true"#);
    let ChangeEvent::Oversized { operation, key } = change.event else {
        panic!("{change:?}");
    };
    assert_eq!(operation, Operation::Update);
    assert_eq!(key.typed(), 42);
    assert_eq!(key.json(), r#"{"id":42}"#);
    assert_eq!(key.get::<i64>("id").ok(), Some(42));
    key.get::<Option<i64>>("total")
        .expect_err("it is not in the key");
    key.get::<String>("id").expect_err("it is a number");
}

#[test]
fn what_is_no_record_is_said_to_be_none() {
    for text in ["", "null", "[]", "{}", r#"{"op":"c"}"#, "\u{1}"] {
        let error = error(text);
        assert!(matches!(error, DecodeError::Foreign { .. }), "{error:?}");
        let text = "the record is no change event of aurora-trigger: ";
        assert!(error.to_string().starts_with(text), "{error}");
    }
    let unknown = error(&record("orders", r#""before":null,"after":null,"op":"x""#));
    assert!(
        unknown
            .to_string()
            .contains(": unknown variant, expected one of "),
        "{unknown}"
    );
}

#[test]
fn an_unknown_table_is_named_with_what_to_do() {
    let error = error(&record("invoices", r#""before":null,"after":{},"op":"c""#));
    let text = error.to_string();
    assert!(text.contains("sales.invoices"), "{text}");
    assert!(
        text.contains("add a variant") && text.contains("#[stream(other)]"),
        "{text}"
    );
    let error: Box<dyn Error> = Box::new(error);
    assert!(error.source().is_none());
}

#[test]
fn an_image_that_does_not_fit_is_named_with_its_event() {
    let missing = [
        (
            "before",
            r#""before":null,"after":{"id":1,"total":"2"},"op":"u""#,
        ),
        (
            "after",
            r#""before":{"id":1,"total":"2"},"after":null,"op":"u""#,
        ),
        ("after", r#""before":null,"after":null,"op":"c""#),
        (
            "before",
            r#""before":null,"after":{"id":1,"total":"2"},"op":"d""#,
        ),
    ];
    for (which, rest) in missing {
        let (image, reason, text) = image_error(rest);
        assert_eq!((image, &*reason), (which, "it is missing"));
        assert_eq!(
            text,
            format!(
                "the {which} of event 5d1c-2 of sales.orders does not fit its struct: it is missing"
            )
        );
    }
    let unfit = [
        ("[]", "an object"),
        ("7", "an object"),
        ("{}", "missing field `id`"),
        (r#"{"id":"1","total":"2"}"#, "expected i64"),
        (
            r#"{"id":1,"total":2}"#,
            "`total`: a numeric is expected as a JSON string",
        ),
        (
            r#"{"id":1,"total":"0.12345678901234567890123456789"}"#,
            "`total`: a numeric that",
        ),
        (r#"{"id":1,"total":"NaN"}"#, "`total`: a numeric that"),
        (r#"{"id":1,"total":"1","id":2}"#, "duplicate field `id`"),
    ];
    for (image, expected) in unfit {
        let (which, reason, _) = image_error(&format!(r#""before":null,"after":{image},"op":"c""#));
        assert_eq!(which, "after");
        assert!(reason.contains(expected), "{image}: {reason}");
    }
}

#[test]
fn an_oversized_change_without_its_key_is_refused() {
    let (image, reason, _) = image_error(r#""before":null,"after":null,"op":"u","oversized":true"#);
    assert_eq!((image, &*reason), ("key", "it is missing"));
    let (image, ..) =
        image_error(r#""before":null,"after":null,"op":"u","key":[1],"oversized":true"#);
    assert_eq!(image, "key");
}

/// Before somebody reads it out of the key as a number of fewer digits.
#[test]
fn a_key_that_its_type_would_alter_is_refused() {
    #[derive(Debug, Deserialize, StreamTrigger)]
    #[stream(table = "sales.orders", delivery = "async")]
    struct Numbered {
        #[stream(key)]
        number: Decimal,
    }
    #[derive(Debug, ChangeStream)]
    enum Numbers {
        #[expect(dead_code, reason = "it is refused")]
        Numbered(Change<Numbered>),
    }
    let decode = |digits: &str| {
        let rest = format!(
            r#""before":null,"after":null,"op":"u","key":{{"number":"{digits}"}},"oversized":true"#
        );
        Numbers::decode(record("orders", &rest).as_bytes())
    };
    decode("1.10").expect("a Decimal holds it");
    let error = decode("0.12345678901234567890123456789").expect_err("a Decimal does not hold it");
    assert!(
        error
            .to_string()
            .contains("rust_decimal::Decimal can't hold"),
        "{error}"
    );
}
