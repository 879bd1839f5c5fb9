//! Payloads of changes of the article's table, nine columns, as the triggers write them.

use storefront::{Person, Storefront};

use aurora_trigger_gen::StreamTrigger;

/// What is measured is a relay of the whole reference app.
pub(crate) type Stream = Storefront;

fn image(id: u32, age: u32) -> String {
    format!(
        r#"{{"id":{id},"name":"First Last {id}","dob":"19{:02}-0{}-1{}","category":"category {}","company":"Company {}","age":{age},"salary":{}.{},"created_dt":"2026-11-22T18:30:24.{:06}","updated_dt":"2026-11-22T18:30:24.{:06}"}}"#,
        id % 100,
        1 + id % 9,
        id % 10,
        id % 10,
        id % 100,
        1000 + id,
        1 + id % 9,
        id % 1_000_000,
        id * 7 % 1_000_000,
    )
}

/// The images of so many updates: before and after of each.
pub(crate) fn images(events: u32) -> Vec<(String, String)> {
    (0..events)
        .map(|id| (image(id, 20 + id % 50), image(id, 21 + id % 50)))
        .collect()
}

/// A payload with an update of each.
pub(crate) fn updates(images: &[(String, String)], invocation: &str) -> String {
    payload(
        images.iter().map(|(before, after)| {
            format!(r#""op" : "u", "before" : {before}, "after" : {after}"#)
        }),
        invocation,
    )
}

/// A payload with an insert of each.
pub(crate) fn inserts(images: &[(String, String)], invocation: &str) -> String {
    payload(
        images
            .iter()
            .map(|(_, after)| format!(r#""op" : "c", "after" : {after}"#)),
        invocation,
    )
}

fn payload(events: impl Iterator<Item = String>, invocation: &str) -> String {
    let events: Vec<String> = events
        .zip(1_000_000_u64..)
        .map(|(event, seq)| format!(r#"{{"seq" : {seq}, {event}}}"#))
        .collect();
    format!(
        r#"{{"aurora_trigger" : 1, "invocation" : "{invocation}", "batches" : [{{"source" : {{"db" : "shop", "schema" : "public", "table" : "testing_rds_trigger", "fingerprint" : "{}", "epoch" : 1, "txId" : 7451, "ts_us" : 1795350000123456, "capture" : "6404e21aa0c405d1c9f3a6c", "snapshot" : false}}, "events" : [{}]}}]}}"#,
        Person::TABLE.fingerprint(),
        events.join(",")
    )
}
