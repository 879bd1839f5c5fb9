//! One call: its payload in, its records into the stream, its answer out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aurora_trigger_gen::wire::Invocation;
use aurora_trigger_gen::{ChangeStream, SampleError, check_samples};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::answer::Answer;
use crate::call_error::CallError;
use crate::configuration::Configuration;
use crate::delivery::{
    Backoff, Bundle, Delivered, Entry, Item, KinesisStream, Limits, PutError, Schedule, deliver,
    patiently,
};
use crate::metrics::Metrics;
use crate::payload::{Checked, Parsed, Rejected, StreamTable, Tables, check};
use crate::plan::Plan;
use crate::record::{Envelope, Outgoing};
use crate::undelivered::Undelivered;

/// How long a call may take that somebody waits for. It is less than the 3 seconds that the triggers wait
/// (`aws_lambda.request_timeout_ms`, which they pin), so that the relay of a call which timed out for the writer sends
/// nothing any more. What Kinesis had received by then may still land, and be a duplicate of what is tried again.
const SYNCHRONOUS: Duration = Duration::from_millis(2000);

/// What Kinesis takes in one request, partition keys included. More requests on their way at a time do not make it faster,
/// and each takes memory.
pub(crate) const LIMITS: Limits = Limits {
    entries: 500,
    bytes: 10 * 1024 * 1024,
    requests: 4,
    bundle: 0,
};

pub(crate) const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(50),
    longest: Duration::from_secs(2),
};

/// What an answer of a function may hold.
const ANSWER_BYTES: usize = 6 * 1024 * 1024;

/// The relay of the stream `S`: what stands behind [`run`](crate::run), for those who call it themselves.
#[derive(Debug)]
pub struct Relay<S> {
    tables: Tables,
    stream: KinesisStream,
    reject_stream: Option<KinesisStream>,
    max_record_bytes: usize,
    bundle_bytes: usize,
    of: PhantomData<fn() -> S>,
}

/// What became of a call.
#[derive(Debug)]
#[non_exhaustive]
pub struct Handled {
    /// The answer, JSON, or why the call failed.
    pub answer: Result<String, CallError>,
    /// Why the answer leaves events open, if it does.
    pub left_open: Option<String>,
    /// What it did.
    pub metrics: Metrics,
}

struct Answered {
    text: String,
    left_open: Option<String>,
}

impl Answered {
    fn whole(text: String) -> Self {
        Self {
            text,
            left_open: None,
        }
    }
}

impl<S: ChangeStream> Relay<S> {
    /// A relay of this configuration. It makes no connection yet.
    ///
    /// # Errors
    ///
    /// Samples of a table that its struct does not decode: this program was built with other features than the struct
    /// expects, and must not serve.
    pub fn new(configuration: &Configuration) -> Result<Self, Vec<SampleError>> {
        check_samples::<S>()?;
        let client = configuration.client();
        let stream = |name: &crate::configuration::StreamName| {
            KinesisStream::new(client.clone(), name.clone())
        };
        Ok(Self {
            tables: Tables::of::<S>(),
            stream: stream(&configuration.stream),
            reject_stream: configuration.reject_stream.as_ref().map(stream),
            max_record_bytes: configuration.max_record_bytes,
            bundle_bytes: if configuration.aggregates_hot_keys {
                configuration.max_record_bytes
            } else {
                0
            },
            of: PhantomData,
        })
    }

    /// The tables, each with the fingerprint of its contract.
    pub(crate) fn fingerprints(&self) -> BTreeMap<String, String> {
        self.tables
            .iter()
            .map(|table| (table.full_name(), table.fingerprint.clone()))
            .collect()
    }

    /// Handles one call, until `deadline` at the latest, and two seconds if somebody waits for the answer.
    pub async fn handle(&self, payload: &[u8], deadline: Instant) -> Handled {
        let mut metrics = Metrics::default();
        let answered = self.answer(payload, deadline, &mut metrics).await;
        let (answer, left_open) = match answered {
            Ok(Answered { text, left_open }) => (Ok(text), left_open),
            Err(error) => (Err(error), None),
        };
        Handled {
            answer,
            left_open,
            metrics,
        }
    }

    async fn answer(
        &self,
        payload: &[u8],
        deadline: Instant,
        metrics: &mut Metrics,
    ) -> Result<Answered, CallError> {
        let received = Instant::now();
        if let Some(answer) = self.smoke_test(payload) {
            return Ok(Answered::whole(answer));
        }
        let parsed = Parsed::read(payload).map_err(CallError::Payload)?;
        let is_synchronous = parsed.invocation() == Invocation::RequestResponse;
        let deadline = if is_synchronous {
            deadline.min(received + SYNCHRONOUS)
        } else {
            deadline
        };
        let mut checked = check(&parsed, &self.tables);
        metrics.count(&checked);
        metrics.dead_letters = parsed.dead_letters();
        let envelopes = checked.envelopes(now_ms());
        let outgoing = checked.outgoing(&envelopes, self.max_record_bytes);
        metrics.refused = count(checked.rejected.len());
        let written = if parsed.is_dry_run() {
            Ok(())
        } else {
            self.write(&outgoing, &envelopes, deadline, metrics).await
        };
        metrics.oldest_event_ms = checked.age_of_oldest(now_ms());
        let undelivered = match written {
            Ok(()) => None,
            Err(undelivered) if parsed.takes_part() => Some(undelivered),
            Err(undelivered) => return Err(undelivered.error(&outgoing)),
        };
        if is_synchronous || parsed.is_dry_run() {
            return told(&checked, &outgoing, undelivered);
        }
        self.reject(&checked.rejected, deadline, metrics).await?;
        // Nobody reads it, so it does not list what the reject stream has.
        Ok(Answered::whole(format!(
            r#"{{"accepted":{}}}"#,
            outgoing.len()
        )))
    }

    /// The answer to what the documentation of Lambda for PostgreSQL has one try first:
    /// `{"body":"Hello from Postgres!"}`.
    fn smoke_test(&self, payload: &[u8]) -> Option<String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct SmokeTest<'a> {
            #[serde(borrow, rename = "body")]
            _body: Cow<'a, str>,
        }

        // A whole payload is not searched for it.
        if payload.len() > 1024 {
            return None;
        }
        serde_json::from_slice::<SmokeTest<'_>>(payload).ok()?;
        let tables: Vec<String> = self.tables.iter().map(StreamTable::full_name).collect();
        Some(
            serde_json::json!({
                "relay": "aurora-trigger",
                "version": env!("CARGO_PKG_VERSION"),
                "tables": tables,
                "stream": self.stream.name().to_string(),
            })
            .to_string(),
        )
    }

    async fn write(
        &self,
        outgoing: &[Outgoing<'_>],
        envelopes: &[Envelope],
        deadline: Instant,
        metrics: &mut Metrics,
    ) -> Result<(), Undelivered> {
        if outgoing.is_empty() {
            return Ok(());
        }
        let needs_shards = outgoing.iter().any(|event| event.accepted().key.is_none());
        let shards = if needs_shards {
            self.shards(deadline).await.map_err(|error| Undelivered {
                written: vec![false; outgoing.len()],
                reason: error.text,
            })?
        } else {
            Vec::new()
        };
        let plan = Plan::new(outgoing, envelopes, &shards);
        let limits = Limits {
            bundle: self.bundle_bytes,
            ..LIMITS
        };
        let schedule = Schedule::new(plan.items(), limits, BACKOFF);
        let delivered = deliver(
            &self.stream,
            schedule,
            |bundle| plan.entry(bundle),
            deadline,
        )
        .await;
        let written = plan.written(&delivered);
        metrics.add(&delivered);
        metrics.written = count(written.iter().filter(|written| **written).count());
        match delivered.failure {
            None => Ok(()),
            Some(reason) => Err(Undelivered { written, reason }),
        }
    }

    /// A hash key for each shard.
    async fn shards(&self, deadline: Instant) -> Result<Vec<String>, PutError> {
        let mut failures = 0;
        loop {
            let error = match patiently(deadline, self.stream.shard_hash_keys()).await {
                Ok(keys) if !keys.is_empty() => return Ok(keys),
                Ok(_) => PutError {
                    text: "the stream has no open shard".to_owned(),
                    retry: true,
                },
                Err(error) => error,
            };
            failures += 1;
            let pause = BACKOFF.after(failures, fastrand::f64());
            if !error.retry || Instant::now() + pause >= deadline {
                return Err(error);
            }
            sleep(pause).await;
        }
    }

    /// Writes refused events to the reject stream, or fails with them.
    async fn reject(
        &self,
        rejected: &[Rejected<'_>],
        deadline: Instant,
        metrics: &mut Metrics,
    ) -> Result<(), CallError> {
        if rejected.is_empty() {
            return Ok(());
        }
        let refused = |not_kept: &str| CallError::Refused {
            refused: rejected.iter().map(|event| event.refused.clone()).collect(),
            not_kept: not_kept.to_owned(),
        };
        let Some(stream) = &self.reject_stream else {
            return Err(refused(
                "set RELAY_REJECT_STREAM to keep refused events apart",
            ));
        };
        let entries: Vec<(String, Vec<u8>)> = rejected
            .iter()
            .enumerate()
            .map(|(index, event)| {
                let key = event
                    .refused
                    .seq
                    .map_or_else(|| format!("unread-{index}"), |seq| seq.to_string());
                (key, event.to_json())
            })
            .collect();
        // One that can't be kept there is kept with the whole payload by failing.
        if entries
            .iter()
            .any(|(key, record)| key.len() + record.len() > self.max_record_bytes)
        {
            return Err(refused(
                "one of them is over the record limit of the reject stream",
            ));
        }
        let items = entries
            .iter()
            .enumerate()
            .map(|(lane, (key, record))| Item {
                lane,
                bytes: key.len() + record.len(),
                barrier: false,
            })
            .collect();
        let entry = |bundle: &Bundle| {
            let (partition_key, data) = entries[bundle.items[0]].clone();
            Entry {
                partition_key,
                hash_key: None,
                data,
            }
        };
        let delivered = deliver(
            stream,
            Schedule::new(items, LIMITS, BACKOFF),
            entry,
            deadline,
        )
        .await;
        metrics.add(&delivered);
        match delivered.failure {
            None => Ok(()),
            Some(reason) => Err(refused(&format!(
                "not all are in the reject stream: {reason}"
            ))),
        }
    }
}

/// What the caller is told that waits.
fn told(
    checked: &Checked<'_>,
    outgoing: &[Outgoing<'_>],
    undelivered: Option<Undelivered>,
) -> Result<Answered, CallError> {
    let rejected = checked.rejected.iter();
    let open = undelivered
        .as_ref()
        .map_or_else(Vec::new, |undelivered| undelivered.open(outgoing));
    let text = Answer {
        accepted: outgoing.len() - open.len(),
        refused: rejected.map(|event| &event.refused).collect(),
        open,
        reason: undelivered.as_ref().map(|undelivered| &*undelivered.reason),
    }
    .to_json();
    if text.len() <= ANSWER_BYTES {
        let left_open = undelivered.map(|undelivered| undelivered.reason);
        return Ok(Answered { text, left_open });
    }
    Err(match undelivered {
        Some(undelivered) => undelivered.error(outgoing),
        None => CallError::AnswerTooLong {
            refused: checked.rejected.len(),
        },
    })
}

impl Metrics {
    fn count(&mut self, checked: &Checked<'_>) {
        self.received = count(checked.accepted.len() + checked.rejected.len());
        for source in &checked.sources {
            if source.wire.fingerprint != source.table.fingerprint {
                let table = source.table.full_name();
                *self.fingerprint_mismatches.entry(table).or_default() += 1;
            }
        }
    }

    fn add(&mut self, delivered: &Delivered) {
        self.retried += delivered.retried;
        self.put_latencies.extend(&delivered.latencies);
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
