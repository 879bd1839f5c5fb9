//! Records through `ChangeStream::decode`: what serde's attributes mean, they mean.

use aurora_trigger_gen::{
    Change, ChangeEvent, ChangeStream, DecodeError, PgType, StreamTrigger, UnknownChange,
    check_samples,
};
use rust_decimal::Decimal;
use serde::Deserialize;

/// A record of the table in schema `public`.
pub(crate) fn record(table: &str, operation: &str, before: &str, after: &str) -> String {
    format!(
        r#"{{"before":{before},"after":{after},"source":{{"version":"0.1.0","connector":"aurora-trigger","name":"shop",
        "ts_ms":1,"ts_us":1000,"snapshot":"false","db":"shop","schema":"public","table":"{table}","txId":7,
        "sequence":"[\"1\",\"42\"]"}},"op":"{operation}","ts_ms":2,"key":{{"id":1}},"id":"5d1c-42",
        "fingerprint":"9f3a6c1e"}}"#
    )
}

#[derive(Debug, PartialEq, Deserialize, PgType)]
#[stream(type = "public.status")]
#[serde(rename_all = "snake_case")]
enum Status {
    Placed,
    ShippedOut,
    #[serde(other)]
    Unknown,
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.orders", delivery = "async")]
#[serde(rename_all = "camelCase")]
struct Order {
    #[stream(key)]
    id: i64,
    order_status: Status,
    #[serde(alias = "sum")]
    total: Decimal,
    #[serde(rename = "remark", default)]
    note: String,
    #[stream(skip)]
    secret: Option<String>,
    #[serde(skip)]
    cached: u8,
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.customers", delivery = "sync")]
#[serde(deny_unknown_fields)]
struct Customer {
    #[stream(key)]
    id: i64,
    #[stream(mask = "last4")]
    email: String,
}

#[derive(Debug, PartialEq, ChangeStream)]
enum Shop {
    Order(Change<Order>),
    Customer(Change<Customer>),
}

#[derive(Debug, PartialEq, ChangeStream)]
enum OpenShop {
    #[stream(other)]
    Other(UnknownChange),
    Customer(Change<Customer>),
}

fn decode(record: &str) -> Result<Shop, DecodeError> {
    Shop::decode(record.as_bytes())
}

#[test]
fn a_stream_lists_its_tables_in_the_order_of_the_variants() {
    let tables: Vec<_> = Shop::TABLES.iter().map(|table| table.table()).collect();
    assert_eq!(tables, ["orders", "customers"]);
    assert_eq!(OpenShop::TABLES.len(), 1);
}

#[test]
fn a_row_is_read_by_the_names_that_serde_looks_for() {
    let before = r#"{"id":1,"orderStatus":"placed","total":"1.10","remark":"a\nb"}"#;
    let after = r#"{"id":1,"orderStatus":"new_label","sum":"1.10"}"#;
    let Ok(Shop::Order(change)) = decode(&record("orders", "u", before, after)) else {
        panic!("it is a change of the table orders");
    };
    let ChangeEvent::Updated { before, after } = change.event else {
        panic!("it is an update");
    };
    let expected = Order {
        id: 1,
        order_status: Status::Placed,
        total: Decimal::new(110, 2),
        note: "a\nb".to_owned(),
        secret: None,
        cached: 0,
    };
    assert_eq!(*before, expected);
    assert_eq!(after.order_status, Status::Unknown);
    assert_eq!(after.note, "");
}

#[test]
fn a_row_that_does_not_fit_is_refused() {
    let digits = r#"{"id":1,"orderStatus":"placed","sum":"0.12345678901234567890123456789012"}"#;
    let error = decode(&record("orders", "c", "null", digits)).expect_err("too many digits");
    assert!(error.to_string().contains("`sum`"), "{error}");
    let unknown = r#"{"id":1,"email":"***","more":1}"#;
    decode(&record("customers", "c", "null", unknown)).expect_err("deny_unknown_fields");
}

#[test]
fn a_table_without_a_variant_is_an_error_or_the_others() {
    let record = record("lines", "d", r#"{"id":1}"#, "null");
    assert_eq!(
        decode(&record),
        Err(DecodeError::UnknownTable {
            schema: "public".to_owned(),
            table: "lines".to_owned(),
            id: "5d1c-42".to_owned(),
        })
    );
    let Ok(OpenShop::Other(change)) = OpenShop::decode(record.as_bytes()) else {
        panic!("the variant takes the others");
    };
    assert_eq!(change.before.as_deref(), Some(r#"{"id":1}"#));
}

#[test]
fn each_struct_decodes_its_own_samples() {
    assert_eq!(check_samples::<Shop>(), Ok(()));
}
