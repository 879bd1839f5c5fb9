//! The stream's tables, and what their triggers send.

use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger};
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
pub(crate) struct Order {
    #[stream(key)]
    id: i64,
    note: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.lines", delivery = "async", oversize = "dead_letter")]
pub(crate) struct Line {
    #[stream(key)]
    order: String,
    text: String,
}

#[derive(Debug, ChangeStream)]
#[expect(dead_code, reason = "only decoded here")]
pub(crate) enum Shop {
    Order(Change<Order>),
    Line(Change<Line>),
}

/// A payload whose batches are of these tables and of the structs' fingerprints.
pub(crate) fn payload(invocation: &str, batches: &[(&str, &[String])]) -> String {
    let batches: Vec<String> = batches
        .iter()
        .map(|(table, events)| {
            let fingerprint = match *table {
                "orders" => Order::TABLE.fingerprint(),
                _ => Line::TABLE.fingerprint(),
            };
            format!(
                r#"{{"source":{{"db":"shop","schema":"sales","table":"{table}","fingerprint":"{fingerprint}","epoch":1,
                "txId":7,"ts_us":1795350000123456,"capture":"5d1c","snapshot":false}},"events":[{}]}}"#,
                events.join(",")
            )
        })
        .collect();
    format!(
        r#"{{"aurora_trigger":1,"invocation":"{invocation}","batches":[{}]}}"#,
        batches.join(",")
    )
}

/// A payload whose caller waits, and takes a part for an answer.
pub(crate) fn partial(batches: &[(&str, &[String])]) -> String {
    payload("RequestResponse", batches).replacen('{', r#"{"partial":true,"#, 1)
}

pub(crate) fn order(seq: usize, id: usize) -> String {
    format!(r#"{{"seq":{seq},"op":"c","after":{{"id":{id},"note":"n{seq}"}}}}"#)
}

pub(crate) fn line(seq: usize, order: &str, text: &str) -> String {
    format!(r#"{{"seq":{seq},"op":"c","after":{{"order":"{order}","text":"{text}"}}}}"#)
}

/// So many changes, numbered from 1, of as many rows as `ids`.
pub(crate) fn orders(count: usize, ids: usize) -> Vec<String> {
    (1..=count).map(|seq| order(seq, seq % ids)).collect()
}
