//! What the triggers of the reference app's customers send.
//!
//! It is text, since an image has its keys in the order of the struct, which a map would lose.

use aurora_trigger_gen::StreamTrigger;
use storefront::Customer;

/// In every name: no log may hold it.
pub(crate) const MARKER: &str = "Rumpelstiltskin";

/// A new row. `id` is the customer's.
pub(crate) fn created(seq: u64, id: u64) -> String {
    format!(
        r#"{{"seq":{seq},"op":"c","after":{{"id":{id},"name":"{MARKER} {seq}","email":"****.com",
        "segment":"retail","created_at":"2026-01-01T00:00:00+00:00"}}}}"#
    )
}

/// Events of customers that one statement captured.
pub(crate) fn batch(events: &[String]) -> String {
    batch_of("customers", events)
}

/// Events of any table that one statement captured.
pub(crate) fn batch_of(table: &str, events: &[String]) -> String {
    let fingerprint = Customer::TABLE.fingerprint();
    let events = events.join(",");
    format!(
        r#"{{"source":{{"db":"shop","schema":"sales","table":"{table}","fingerprint":"{fingerprint}","epoch":1,
        "txId":7,"ts_us":1000,"capture":"5d1c","snapshot":false}},"events":[{events}]}}"#
    )
}

/// What one call holds.
pub(crate) fn payload(invocation: &str, batches: &[String]) -> String {
    let batches = batches.join(",");
    format!(r#"{{"aurora_trigger":1,"invocation":"{invocation}","batches":[{batches}]}}"#)
}
