//! What becomes of a payload: records for the stream, refusals with reasons, and the answer.

mod chains;
mod keys;
mod payloads;
mod records;
mod refusals;

use aurora_trigger_gen::wire::{Operation, Record};
use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger};
use relay_lambda::{Relayed, StreamRecord, relay};
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
    note: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "sales.readings",
    delivery = "async",
    key = "none",
    partition_by = "meter"
)]
struct Reading {
    meter: Option<i32>,
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.lines", delivery = "async", oversize = "dead_letter")]
struct Line {
    text: String,
    #[stream(key)]
    #[serde(rename = "li\"ne")]
    line: i32,
    #[stream(key)]
    order: String,
}

#[derive(Debug, ChangeStream)]
#[expect(dead_code, reason = "only decoded here")]
enum Shop {
    Line(Change<Line>),
    Order(Change<Order>),
    Reading(Change<Reading>),
}

fn batch(table: &str, events: &str) -> String {
    format!(
        r#"{{"source":{{"db":"shop","schema":"sales","table":"{table}","fingerprint":"9f3a6c1e","epoch":1,"txId":7,
        "ts_us":1000,"capture":"5d1c","snapshot":false}},"events":[{events}]}}"#
    )
}

fn payload(batches: &[String]) -> String {
    let batches = batches.join(",");
    format!(r#"{{"aurora_trigger":1,"invocation":"RequestResponse","batches":[{batches}]}}"#)
}

fn relayed(batches: &[String]) -> Relayed {
    relay::<Shop>(payload(batches).as_bytes(), 5).expect("it is a payload")
}

/// The number, the operation and the key of each record.
fn records(relayed: &Relayed) -> Vec<(u64, Operation, Option<String>)> {
    relayed
        .records
        .iter()
        .map(|StreamRecord { data, .. }| {
            Shop::decode(data).expect("the relay has read it");
            let record = Record::parse(data).expect("the relay has written it");
            assert_eq!((record.ts_ms, record.source.ts_ms), (5, 1));
            (
                record.source.sequence.seq,
                record.operation,
                record.key.map(|key| key.get().to_owned()),
            )
        })
        .collect()
}

/// The place, the identity and the image after of each record.
fn places(relayed: &Relayed) -> Vec<(u64, String, Option<String>)> {
    let records = relayed.records.iter();
    records
        .map(|record| {
            let record = Record::parse(&record.data).expect("it is one");
            (
                record.source.sequence.seq,
                record.id.to_string(),
                record.after.map(|image| image.get().to_owned()),
            )
        })
        .collect()
}
