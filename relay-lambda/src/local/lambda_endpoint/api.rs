//! What a call gets, without how it comes in.

use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::activity::Activity;
use super::function::Function;
use super::{
    EventQueue, FailedEvent, Fault, Faults, FunctionError, Invocation, InvocationType, LogType,
};

/// The default of `aws_lambda.request_timeout_ms`.
const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_millis(3000);

// The texts that follow `AWS Lambda client returned`. Of these only the first is documented; the
// others are ours, and nothing should compare them.
const UNABLE_TO_CONNECT: &str = "Unable to connect to endpoint";
const THROTTLED: &str = "Rate Exceeded.";
const TIMED_OUT: &str = "Timeout was reached";
const NOT_FOUND: &str = "Function not found";

/// The version of a function of which none was published.
pub(super) const LATEST: &str = "$LATEST";

/// The function, what has been ordered to go wrong with it, and what has gone wrong.
pub(super) struct Api {
    function: Function,
    faults: Faults,
    concurrency: Arc<Semaphore>,
    activity: Arc<Activity>,
    queue: Option<EventQueue>,
    failed_events: Mutex<Vec<FailedEvent>>,
    deliver_twice: AtomicUsize,
}

/// What has been ordered for a run of the function.
#[derive(Debug)]
enum Run {
    Whole,
    /// It fails in place of running.
    Fail(FunctionError),
    /// It runs, and dies before it answers.
    Kill,
}

/// The parameters of a call, as the stand-in's SQL writes them.
#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    function_name: String,
    qualifier: Option<String>,
    region: Option<String>,
    invocation_type: Option<String>,
    log_type: Option<String>,
    context: Option<String>,
    request_timeout_ms: Option<String>,
}

/// The four OUT parameters of `aws_lambda.invoke`.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status_code: i32,
    pub(super) payload: Option<String>,
    pub(super) executed_version: Option<&'static str>,
    pub(super) log: Option<String>,
}

/// The error that `aws_lambda.invoke` raises.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) message: &'static str,
    pub(super) detail: String,
}

impl Failure {
    /// The service refused, or was not there.
    fn api(cause: impl fmt::Display) -> Failure {
        Failure {
            message: "invoke API failed",
            detail: format!("AWS Lambda client returned '{cause}'."),
        }
    }

    /// The function ran and failed.
    fn function(function_name: &str, error: &FunctionError) -> Failure {
        Failure {
            message: "lambda invocation failed",
            detail: format!(
                "\"{function_name}\" returned error \"Unhandled\", details: \"{}\".",
                error.to_json()
            ),
        }
    }
}

impl Api {
    pub(super) fn new(function: Function, concurrency: usize, queue: Option<EventQueue>) -> Api {
        Api {
            function,
            faults: Faults::default(),
            concurrency: Arc::new(Semaphore::new(concurrency)),
            activity: Arc::default(),
            queue,
            failed_events: Mutex::default(),
            deliver_twice: AtomicUsize::new(0),
        }
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    pub(super) fn function(&self) -> &Function {
        &self.function
    }

    /// The `Event` calls that failed for good so far.
    pub(super) fn failed_events(&self) -> MutexGuard<'_, Vec<FailedEvent>> {
        // A push is done or not done, so a panic elsewhere has not harmed it.
        self.failed_events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Delivers so many more `Event` calls twice.
    pub(super) fn deliver_twice(&self, events: usize) {
        self.deliver_twice.fetch_add(events, Ordering::Relaxed);
    }

    pub(super) fn wait_until_idle(&self, timeout: Duration) -> bool {
        self.activity.wait_until_idle(timeout)
    }

    /// Makes one call, and answers within the time that the caller gives it.
    pub(super) async fn invoke(
        self: &Arc<Api>,
        parameters: Parameters,
        payload: String,
    ) -> Result<Answer, Failure> {
        let deadline = Instant::now() + parameters.request_timeout()?;
        let invocation = Arc::new(parameters.into_invocation(payload)?);
        let fault = self.faults.take(invocation.invocation_type);
        let answer_is_lost = fault == Some(Fault::LoseAnswer);
        let ordered = match fault {
            Some(Fault::Throttle) => return Err(Failure::api(THROTTLED)),
            Some(Fault::Refuse) => return Err(Failure::api(UNABLE_TO_CONNECT)),
            Some(Fault::NotFound) => return Err(Failure::api(NOT_FOUND)),
            Some(Fault::TimeOut) => {
                sleep_until(deadline).await;
                return Err(Failure::api(TIMED_OUT));
            }
            Some(Fault::FunctionError(error)) => Run::Fail(error),
            Some(Fault::KillAfterRun) => Run::Kill,
            Some(Fault::LoseAnswer) | None => Run::Whole,
        };
        let answer = match invocation.invocation_type {
            InvocationType::DryRun => Ok(Answer::empty(204)),
            InvocationType::Event => Ok(self.event(&invocation, ordered, deadline).await),
            InvocationType::RequestResponse => self.request(&invocation, ordered, deadline).await,
        };
        if answer_is_lost {
            sleep_until(deadline).await;
            return Err(Failure::api(TIMED_OUT));
        }
        answer
    }

    /// Runs the function; if it `dies`, in vain.
    async fn run(&self, invocation: &Arc<Invocation>, dies: bool) -> Result<String, FunctionError> {
        let ran = self.function.run(invocation).await;
        if dies {
            return Err(FunctionError::killed());
        }
        ran
    }

    /// A call whose caller waits for the answer.
    async fn request(
        self: &Arc<Api>,
        invocation: &Arc<Invocation>,
        ordered: Run,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        let ran = match ordered {
            Run::Fail(error) => Err(error),
            run @ (Run::Whole | Run::Kill) => {
                let Ok(permit) = Arc::clone(&self.concurrency).try_acquire_owned() else {
                    return Err(Failure::api(THROTTLED));
                };
                let busy = self.activity.begin();
                let api = Arc::clone(self);
                let called = Arc::clone(invocation);
                // A task of its own: the function runs on when the caller has gone.
                let running = tokio::spawn(async move {
                    let ran = api.run(&called, matches!(run, Run::Kill)).await;
                    // Before the caller knows, so that its next call finds the place free.
                    drop((permit, busy));
                    ran
                });
                match timeout_at(deadline, running).await {
                    Ok(Ok(ran)) => ran.and_then(|answer| within_limit(invocation, answer)),
                    Ok(Err(_)) | Err(_) => return Err(Failure::api(TIMED_OUT)),
                }
            }
        };
        match ran {
            Ok(payload) => Ok(Answer::of_function(invocation, payload)),
            Err(error) => Err(Failure::function(&invocation.function_name, &error)),
        }
    }

    /// A call whose caller only hands it over. Whatever becomes of it is the service's business.
    async fn event(
        self: &Arc<Api>,
        invocation: &Arc<Invocation>,
        ordered: Run,
        deadline: Instant,
    ) -> Answer {
        let again = self
            .deliver_twice
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |events| {
                events.checked_sub(1)
            })
            .is_ok();
        let first = self.deliver(invocation, ordered);
        let second = again.then(|| self.deliver(invocation, Run::Whole));
        if self.queue.is_none() {
            let delivered = async {
                first.await.ok();
                if let Some(second) = second {
                    second.await.ok();
                }
            };
            timeout_at(deadline, delivered).await.ok();
        }
        Answer::empty(202)
    }

    /// Runs the function until it succeeds, or has had all its tries. The first one goes as it is
    /// `ordered`.
    fn deliver(self: &Arc<Api>, invocation: &Arc<Invocation>, mut ordered: Run) -> JoinHandle<()> {
        let busy = self.activity.begin();
        let api = Arc::clone(self);
        let invocation = Arc::clone(invocation);
        tokio::spawn(async move {
            let delays = api
                .queue
                .as_ref()
                .map(|queue| queue.retry_delays.as_slice());
            let mut delays = delays.unwrap_or_default().iter();
            for attempts in 1.. {
                let ran = match mem::replace(&mut ordered, Run::Whole) {
                    Run::Fail(error) => Err(error),
                    run @ (Run::Whole | Run::Kill) => {
                        let permit = Arc::clone(&api.concurrency).acquire_owned().await;
                        let ran = api.run(&invocation, matches!(run, Run::Kill)).await;
                        drop(permit);
                        ran
                    }
                };
                let Err(error) = ran else { break };
                let Some(delay) = delays.next() else {
                    api.failed_events().push(FailedEvent {
                        invocation: Invocation::clone(&invocation),
                        attempts,
                        error,
                    });
                    break;
                };
                sleep(*delay).await;
            }
            drop(busy);
        })
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Api").finish_non_exhaustive()
    }
}

/// The answer, if the service gives back one so large.
fn within_limit(invocation: &Invocation, answer: String) -> Result<String, FunctionError> {
    let limit = invocation.invocation_type.payload_limit();
    if answer.len() > limit {
        return Err(FunctionError::answer_too_large(answer.len(), limit));
    }
    Ok(answer)
}

impl Parameters {
    /// How long the caller waits.
    fn request_timeout(&self) -> Result<Duration, Failure> {
        let Some(text) = &self.request_timeout_ms else {
            return Ok(DEFAULT_REQUEST_TIMEOUT);
        };
        match text.parse() {
            Ok(milliseconds @ 1..=900_000) => Ok(Duration::from_millis(milliseconds)),
            _ => Err(Failure::api(format_args!(
                "aws_lambda.request_timeout_ms must be between 1 and 900000, not {text}"
            ))),
        }
    }

    /// The call, if the service takes one like this.
    fn into_invocation(self, payload: String) -> Result<Invocation, Failure> {
        let invocation_type = named(
            "invocation type",
            self.invocation_type,
            InvocationType::from_name,
        )?;
        let log_type = named("log type", self.log_type, LogType::from_name)?;
        let limit = invocation_type.payload_limit();
        if payload.len() > limit {
            return Err(Failure::api(format_args!(
                "a payload of {} bytes is over the limit of {limit}",
                payload.len()
            )));
        }
        Ok(Invocation {
            request_id: Invocation::next_request_id(),
            function_name: self.function_name,
            qualifier: self.qualifier,
            region: self.region,
            invocation_type,
            log_type,
            payload,
            context: match invocation_type {
                InvocationType::Event => None,
                InvocationType::RequestResponse | InvocationType::DryRun => self.context,
            },
        })
    }
}

/// What a parameter that has a fixed set of values means.
fn named<T>(
    what: &str,
    name: Option<String>,
    from_name: fn(&str) -> Option<T>,
) -> Result<T, Failure> {
    let name = name.unwrap_or_default();
    from_name(&name).ok_or_else(|| Failure::api(format_args!("{name} is no {what}")))
}

impl Answer {
    /// What the caller gets when the function has given this.
    fn of_function(invocation: &Invocation, payload: String) -> Answer {
        let name = &invocation.function_name;
        Answer {
            status_code: 200,
            payload: Some(payload),
            executed_version: Some(LATEST),
            log: match invocation.log_type {
                LogType::Tail => Some(format!("START {name} Version: {LATEST}\nEND {name}\n")),
                LogType::None => None,
            },
        }
    }

    /// A status and nothing else.
    fn empty(status_code: i32) -> Answer {
        Answer {
            status_code,
            payload: None,
            executed_version: None,
            log: None,
        }
    }
}
