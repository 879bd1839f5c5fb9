//! A relay that has nothing to do.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use relay_lambda::local::LambdaEndpoint;
use serde_json::Value;

/// It accepts whatever it is sent, and counts it.
pub(crate) struct Relay {
    endpoint: LambdaEndpoint,
    accepted: Arc<AtomicUsize>,
    arrivals: Arc<Mutex<HashMap<i64, Instant>>>,
}

impl Relay {
    pub(crate) fn start() -> Self {
        let accepted = Arc::new(AtomicUsize::new(0));
        let arrivals = Arc::new(Mutex::new(HashMap::new()));
        let (total, arrived) = (Arc::clone(&accepted), Arc::clone(&arrivals));
        let endpoint = LambdaEndpoint::start(move |invocation| {
            let now = Instant::now();
            // No value of this bench's rows holds that.
            let events = invocation.payload.matches("\"seq\"").count();
            total.fetch_add(events, Ordering::Relaxed);
            if invocation.payload.contains(r#""table":"other""#) {
                let mut arrived = arrived.lock().expect("nobody panics with the lock");
                for id in ids(&invocation.payload) {
                    arrived.entry(id).or_insert(now);
                }
            }
            Ok(format!(r#"{{"accepted":{events},"refused":[]}}"#))
        })
        .expect("a port is free");
        Self {
            endpoint,
            accepted,
            arrivals,
        }
    }

    pub(crate) fn extension_sql(&self) -> String {
        self.endpoint.extension_sql()
    }

    /// How many events it has had since it started.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// When the row of the other table with this key has arrived.
    pub(crate) async fn wait_for(&self, id: i32) -> Instant {
        let last = Instant::now() + Duration::from_secs(30);
        loop {
            let arrived = self
                .arrivals
                .lock()
                .expect("nobody panics with the lock")
                .get(&i64::from(id))
                .copied();
            if let Some(arrived) = arrived {
                return arrived;
            }
            assert!(Instant::now() < last, "row {id} does not arrive");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// The keys of the rows in a payload.
fn ids(payload: &str) -> Vec<i64> {
    let payload: Value = serde_json::from_str(payload).expect("the database sends JSON");
    let batches = payload["batches"].as_array().expect("it has batches");
    batches
        .iter()
        .flat_map(|batch| batch["events"].as_array().expect("a batch has events"))
        .filter_map(|event| event["after"]["id"].as_i64())
        .collect()
}
