use std::time::Duration;

use super::{FunctionError, Invocation};

/// What happens to `Event` calls between the caller and the function of a
/// [`LambdaEndpoint`](super::LambdaEndpoint).
///
/// The caller has its 202 at once. Then the call runs as soon as the concurrency allows, and again
/// after each of the delays while it fails. The service tries three times, one and two minutes apart;
/// so does this, 50 and 100 milliseconds apart. What has failed then is in
/// [`failed_events`](super::LambdaEndpoint::failed_events).
///
/// ```no_run
/// use std::time::Duration;
///
/// use relay_lambda::local::{EventQueue, LambdaEndpoint};
///
/// let endpoint = LambdaEndpoint::builder()
///     .queue(EventQueue::default().retry_delays([Duration::ZERO, Duration::ZERO]))
///     .start(|_| Ok("null".to_owned()))?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventQueue {
    pub(super) retry_delays: Vec<Duration>,
}

impl Default for EventQueue {
    fn default() -> EventQueue {
        EventQueue {
            retry_delays: vec![Duration::from_millis(50), Duration::from_millis(100)],
        }
    }
}

impl EventQueue {
    /// Tries a failed call once more after each of these, in this order. None: it is tried once.
    #[must_use]
    pub fn retry_delays(mut self, delays: impl IntoIterator<Item = Duration>) -> EventQueue {
        self.retry_delays = delays.into_iter().collect();
        self
    }
}

/// An `Event` call that failed at every try: what the service would send to the on-failure
/// destination. [`LambdaEndpoint::failed_events`](super::LambdaEndpoint::failed_events) has them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedEvent {
    /// The call, with its payload and request id.
    pub invocation: Invocation,
    /// How many times the function ran.
    pub attempts: usize,
    /// What the last time gave.
    pub error: FunctionError,
}
