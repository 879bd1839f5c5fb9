//! What a call gets, without how it comes in.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Fault, Faults, FunctionError, Invocation, InvocationType, LogType};

type Handler = dyn Fn(&Invocation) -> Result<String, FunctionError> + Send + Sync;

/// The default of `aws_lambda.request_timeout_ms`.
const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_millis(3000);

// The texts that follow `AWS Lambda client returned`. Of these only the first is documented; the
// others are ours, and nothing should compare them.
const UNABLE_TO_CONNECT: &str = "Unable to connect to endpoint";
const THROTTLED: &str = "Rate Exceeded.";
const TIMED_OUT: &str = "Timeout was reached";

/// The version of a function of which none was published.
const LATEST: &str = "$LATEST";

/// The function, and what has been ordered to go wrong with it.
pub(super) struct Api {
    handler: Arc<Handler>,
    faults: Faults,
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
    fn api(cause: impl std::fmt::Display) -> Failure {
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
    pub(super) fn new<Function>(handler: Function, faults: Faults) -> Api
    where
        Function: Fn(&Invocation) -> Result<String, FunctionError> + Send + Sync + 'static,
    {
        Api {
            handler: Arc::new(handler),
            faults,
        }
    }

    /// Makes one call, and answers within the time that the caller gives it.
    pub(super) async fn invoke(
        &self,
        parameters: Parameters,
        payload: String,
    ) -> Result<Answer, Failure> {
        let deadline = Instant::now() + parameters.request_timeout()?;
        let invocation = Arc::new(parameters.into_invocation(payload)?);
        let ran = match self.faults.take(invocation.invocation_type) {
            Some(Fault::Throttle) => return Err(Failure::api(THROTTLED)),
            Some(Fault::Refuse) => return Err(Failure::api(UNABLE_TO_CONNECT)),
            Some(Fault::TimeOut) => {
                sleep_until(deadline).await;
                return Err(Failure::api(TIMED_OUT));
            }
            Some(Fault::LoseAnswer) => {
                timeout_at(deadline, self.run(&invocation)).await.ok();
                sleep_until(deadline).await;
                return Err(Failure::api(TIMED_OUT));
            }
            Some(Fault::FunctionError(error)) => Some(Err(error)),
            None => timeout_at(deadline, self.run(&invocation)).await.ok(),
        };
        Answer::new(&invocation, ran)
    }

    /// Runs the function on a thread where it may block, or make calls of its own.
    async fn run(&self, invocation: &Arc<Invocation>) -> Result<String, FunctionError> {
        if invocation.invocation_type == InvocationType::DryRun {
            return Ok(String::new());
        }
        let handler = Arc::clone(&self.handler);
        let invocation = Arc::clone(invocation);
        match spawn_blocking(move || handler(&invocation)).await {
            Ok(ran) => ran,
            Err(panicked) => Err(FunctionError::new("Panic", panicked.to_string())),
        }
    }
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
    /// What the caller gets when this came of running the function, or nothing in time.
    fn new(
        invocation: &Invocation,
        ran: Option<Result<String, FunctionError>>,
    ) -> Result<Answer, Failure> {
        let name = &invocation.function_name;
        match (invocation.invocation_type, ran) {
            // From here on the call is the service's business, whatever becomes of it.
            (InvocationType::Event, _) => Ok(Answer::empty(202)),
            (_, None) => Err(Failure::api(TIMED_OUT)),
            (InvocationType::DryRun, Some(_)) => Ok(Answer::empty(204)),
            (InvocationType::RequestResponse, Some(Err(error))) => {
                Err(Failure::function(name, &error))
            }
            (InvocationType::RequestResponse, Some(Ok(payload))) => Ok(Answer {
                status_code: 200,
                payload: Some(payload),
                executed_version: Some(LATEST),
                log: match invocation.log_type {
                    LogType::Tail => Some(format!("START {name} Version: {LATEST}\nEND {name}\n")),
                    LogType::None => None,
                },
            }),
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
