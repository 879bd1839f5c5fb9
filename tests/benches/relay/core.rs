//! The relay's own work on one core, beside the least that it could be and what is written without thinking of it.

use std::hint::black_box;
use std::time::Instant;

use relay_lambda::bench::Prepared;
use serde_json::{Value, json};
use storefront::Person;

use crate::event::{Stream, images, inserts, updates};
use crate::samples::Samples;

/// As many as a call of a trigger holds: 240 KB.
const EVENTS: u32 = 450;

/// Times of a payload, in microseconds, and ratios of those of a round.
#[derive(Debug, Default)]
pub(crate) struct Core {
    serde: Samples,
    value: Samples,
    ours: Samples,
    inserts: Samples,
    ours_to_serde: Samples,
    ours_to_value: Samples,
    payload_bytes: usize,
}

pub(crate) fn measure(rounds: u32) -> Core {
    let images = images(EVENTS);
    let payload = updates(&images, "Event");
    let of_inserts = inserts(&images, "Event");
    let relay = Prepared::new::<Stream>();
    let mut core = Core {
        payload_bytes: payload.len(),
        ..Core::default()
    };
    let records: usize = relay
        .requests(payload.as_bytes())
        .iter()
        .map(Vec::len)
        .sum();
    assert_eq!(records, images.len());
    assert_eq!(on_values(payload.as_bytes()).len(), images.len());
    for _ in 0..rounds {
        let serde = time(|| {
            for (before, after) in &images {
                let before: Person = serde_json::from_str(before).expect("it is one");
                let after: Person = serde_json::from_str(after).expect("it is one");
                black_box((before, after));
            }
        });
        let ours = time(|| {
            black_box(relay.requests(black_box(payload.as_bytes())));
        });
        core.inserts.add(time(|| {
            black_box(relay.requests(black_box(of_inserts.as_bytes())));
        }));
        let value = time(|| {
            black_box(on_values(black_box(payload.as_bytes())));
        });
        core.serde.add(serde);
        core.ours.add(ours);
        core.value.add(value);
        core.ours_to_serde.add(ours / serde);
        core.ours_to_value.add(ours / value);
    }
    core
}

/// Microseconds, of twenty in a row.
fn time(mut work: impl FnMut()) -> f64 {
    const TIMES: u32 = 20;
    let start = Instant::now();
    for _ in 0..TIMES {
        work();
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES)
}

/// A relay as one writes it first: the same checks and the same records.
fn on_values(payload: &[u8]) -> Vec<(String, Vec<u8>)> {
    let payload: Value = serde_json::from_slice(payload).expect("it is JSON");
    let mut records = Vec::new();
    for batch in payload["batches"].as_array().expect("it has batches") {
        let source = &batch["source"];
        for event in batch["events"].as_array().expect("it has events") {
            for image in [&event["before"], &event["after"]] {
                let person: Person = serde_json::from_value(image.clone()).expect("it is one");
                black_box(person);
            }
            let key = &event["after"]["id"];
            let record = json!({
                "before": event["before"],
                "after": event["after"],
                "source": {
                    "version": "0.1.0",
                    "connector": "aurora-trigger",
                    "name": source["db"],
                    "ts_ms": source["ts_us"].as_i64().unwrap_or_default() / 1000,
                    "ts_us": source["ts_us"],
                    "snapshot": source["snapshot"].to_string(),
                    "db": source["db"],
                    "schema": source["schema"],
                    "table": source["table"],
                    "txId": source["txId"],
                    "sequence": format!(r#"["{}","{}"]"#, source["epoch"], event["seq"]),
                },
                "op": event["op"],
                "ts_ms": 0,
                "key": {"id": key},
                "id": format!("{}-{}", source["capture"].as_str().unwrap_or_default(), event["seq"]),
                "fingerprint": source["fingerprint"],
            });
            let record = serde_json::to_vec(&record).expect("it is JSON");
            records.push((key.to_string(), record));
        }
    }
    records
}

impl Core {
    pub(crate) fn print(&self) {
        println!(
            "A payload of {EVENTS} updates of nine columns, {} bytes; µs a payload:\n",
            self.payload_bytes
        );
        println!("serde_json alone        {}", self.serde);
        println!("ours                    {}", self.ours);
        println!("on serde_json::Value    {}", self.value);
        println!("ours, as many inserts   {}", self.inserts);
        println!();
    }

    pub(crate) fn to_serde(&self) -> Option<f64> {
        Some(self.ours_to_serde.median())
    }

    pub(crate) fn to_value(&self) -> Option<f64> {
        Some(self.ours_to_value.median())
    }

    pub(crate) fn events_per_second(&self) -> Option<f64> {
        Some(f64::from(EVENTS) * 1e6 / self.inserts.median())
    }
}
