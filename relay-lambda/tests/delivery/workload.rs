//! Many changes of many rows, in the payloads of callers that call at the same time.

use std::collections::BTreeMap;
use std::env;

use crate::shop::{order, payload};

/// The number of changes.
pub(crate) fn number_of_events() -> usize {
    match env::var("AURORA_TRIGGER_FAULT_EVENTS") {
        Ok(number) => number.parse().expect("a number of events"),
        Err(_) => 40_000,
    }
}

const KEYS: usize = 2_000;
/// What the triggers fill a call to.
const PAYLOAD: usize = 240_000;
/// So many callers, each with rows of its own: a row's changes come from one, one call after the other.
pub(crate) const CALLERS: usize = 8;

/// The payloads of a caller, and for each of its partition keys the numbers in their order.
pub(crate) fn work(
    caller: usize,
    number_of_events: usize,
    random: &mut fastrand::Rng,
) -> (Vec<String>, BTreeMap<String, Vec<u64>>) {
    let mut payloads = Vec::new();
    let mut events = Vec::new();
    let mut bytes = 0;
    let mut expected: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for seq in (caller..number_of_events).step_by(CALLERS) {
        let id = random.usize(0..KEYS / CALLERS) * CALLERS + caller;
        let event = order(seq, id);
        bytes += event.len() + 1;
        events.push(event);
        let number = u64::try_from(seq).expect("it is small");
        expected.entry(id.to_string()).or_default().push(number);
        if bytes > PAYLOAD {
            payloads.push(payload("Event", &[("orders", &events)]));
            events.clear();
            bytes = 0;
        }
    }
    payloads.push(payload("Event", &[("orders", &events)]));
    (payloads, expected)
}
