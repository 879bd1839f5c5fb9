use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::kinesis::{Answer, Entry, KinesisStream, PutError};
use super::schedule::{Bundle, Next, Schedule};

/// What became of a delivery.
#[derive(Debug)]
pub(crate) struct Delivered {
    /// For each item whether it is in the stream.
    pub(crate) acknowledged: Vec<bool>,
    /// How many entries were sent once more.
    pub(crate) retried: u64,
    /// How long each request took.
    pub(crate) latencies: Vec<Duration>,
    /// Why some are not in the stream.
    pub(crate) failure: Option<String>,
}

/// A request that hangs is given up after this time, or after half of what is left, if that is less.
const LONGEST_REQUEST: Duration = Duration::from_secs(5);
const SHORTEST_REQUEST: Duration = Duration::from_millis(250);

/// Sends what the schedule says until all is acknowledged, or the deadline passes, or Kinesis refuses a request for good.
pub(crate) async fn deliver(
    stream: &KinesisStream,
    mut schedule: Schedule,
    entry: impl Fn(&Bundle) -> Entry,
    deadline: Instant,
) -> Delivered {
    let start = Instant::now();
    let mut delivered = Delivered {
        acknowledged: vec![false; schedule.len()],
        retried: 0,
        latencies: Vec::new(),
        failure: None,
    };
    let mut last_error = None;
    let mut requests = FuturesUnordered::new();
    loop {
        let at = match schedule.next(start.elapsed()) {
            Next::Done => return delivered,
            // Whoever called is not told any more what would become of it.
            Next::Send(_) if Instant::now() >= deadline => {
                delivered.failure = Some(time_is_up(last_error));
                return delivered;
            }
            Next::Send(bundles) => {
                let entries = bundles.iter().map(&entry).collect();
                requests.push(put(stream, bundles, entries, deadline));
                continue;
            }
            Next::Wait(at) => at.map_or(deadline, |at| deadline.min(start + at)),
        };
        let answered = tokio::select! {
            Some(answered) = requests.next(), if !requests.is_empty() => answered,
            () = sleep_until(at) => {
                if Instant::now() >= deadline {
                    delivered.failure = Some(time_is_up(last_error));
                    return delivered;
                }
                continue;
            }
        };
        delivered.latencies.push(answered.took);
        let acknowledged = match answered.result {
            Ok(answer) => {
                last_error = answer.error.or(last_error);
                answer.acknowledged
            }
            Err(error) if error.retry => {
                // A request that the deadline cut off says nothing of Kinesis.
                if last_error.is_none() || Instant::now() < deadline {
                    last_error = Some(error.text);
                }
                vec![false; answered.bundles.len()]
            }
            Err(error) => {
                delivered.failure = Some(error.text);
                return delivered;
            }
        };
        for (bundle, acknowledged) in answered.bundles.iter().zip(&acknowledged) {
            delivered.retried += u64::from(!acknowledged);
            for &item in &bundle.items {
                delivered.acknowledged[item] = *acknowledged;
            }
        }
        let now = start.elapsed();
        schedule.answered(&answered.bundles, acknowledged, now, fastrand::f64);
    }
}

struct Answered {
    bundles: Vec<Bundle>,
    result: Result<Answer, PutError>,
    took: Duration,
}

async fn put(
    stream: &KinesisStream,
    bundles: Vec<Bundle>,
    entries: Vec<Entry>,
    deadline: Instant,
) -> Answered {
    let start = Instant::now();
    let result = patiently(deadline, stream.put(entries)).await;
    Answered {
        bundles,
        result,
        took: start.elapsed(),
    }
}

/// Waits for the answer to a request, but not for ever, and not beyond the deadline.
pub(crate) async fn patiently<T>(
    deadline: Instant,
    request: impl Future<Output = Result<T, PutError>>,
) -> Result<T, PutError> {
    let start = Instant::now();
    let left = deadline.saturating_duration_since(start);
    let patience = (left / 2)
        .clamp(SHORTEST_REQUEST, LONGEST_REQUEST)
        .min(left);
    timeout_at(start + patience, request)
        .await
        .unwrap_or_else(|_| {
            Err(PutError {
                text: format!("no answer from Kinesis in {} ms", patience.as_millis()),
                retry: true,
            })
        })
}

fn time_is_up(last_error: Option<String>) -> String {
    let reason = last_error.unwrap_or_else(|| "no answer yet".to_owned());
    format!("the time is up, the last error: {reason}")
}
