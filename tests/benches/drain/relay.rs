//! A relay that has nothing to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use relay_lambda::local::LambdaEndpoint;

/// It accepts whatever it is sent, and counts it.
pub(crate) struct Relay {
    endpoint: LambdaEndpoint,
    accepted: Arc<AtomicUsize>,
}

impl Relay {
    pub(crate) fn start() -> Self {
        let accepted = Arc::new(AtomicUsize::new(0));
        let total = Arc::clone(&accepted);
        let endpoint = LambdaEndpoint::start(move |invocation| {
            // No value of this bench's rows holds that.
            let events = invocation.payload.matches("\"seq\"").count();
            total.fetch_add(events, Ordering::Relaxed);
            Ok(format!(r#"{{"accepted":{events},"refused":[]}}"#))
        })
        .expect("a port is free");
        Self { endpoint, accepted }
    }

    pub(crate) fn extension_sql(&self) -> String {
        self.endpoint.extension_sql()
    }

    /// How many events it has had since it started.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}
