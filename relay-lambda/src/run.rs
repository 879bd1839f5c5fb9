//! The relay as a Lambda function.

use std::pin::pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll};

use aurora_trigger_gen::ChangeStream;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::Inspect;
use lambda_runtime::tower::{Layer, Service};
use lambda_runtime::{Context, Diagnostic, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::configuration::Configuration;
use crate::deadline::{WITHOUT_DEADLINE, time_left};
use crate::log::{self, Level, Log};
use crate::relay::{Handled, Relay, now_ms};

/// Where the calls come from: Lambda sets it.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// The whole of a relay's `main`: checks configuration and struct, then serves calls for as long as Lambda wants.
///
/// ```no_run
/// # use aurora_trigger_gen::{ChangeStream, DecodeError, ImageCheck, describe::TableDesc, wire::Record};
/// # struct Storefront;
/// # impl ChangeStream for Storefront {
/// #     const TABLES: &'static [&'static TableDesc] = &[];
/// #     const CHECKS: &'static [ImageCheck] = &[];
/// #     fn from_record(record: &Record<'_>) -> Result<Self, DecodeError> { unreachable!() }
/// # }
/// fn main() -> std::process::ExitCode {
///     relay_lambda::run::<Storefront>()
/// }
/// ```
///
/// It is told what it needs by its environment: see [`Configuration`]. It logs JSON at the level of
/// `AWS_LAMBDA_LOG_LEVEL`, and metrics in CloudWatch's embedded format; neither holds a value of a row.
///
/// It fails before the first call, with all that is wrong in the log, where it is not configured, or where a struct does
/// not decode samples of its own table. On SIGTERM, which Lambda sends where an extension is registered, it ends when the
/// call that it is at has been answered.
#[must_use]
pub fn run<S: ChangeStream>() -> ExitCode {
    let log = Log::from_env();
    let served = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime.block_on(serve::<S>(log).boxed_local()),
        Err(error) => Err(error.to_string()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Who starts it by hand reads text; a log that holds JSON must hold nothing else.
            if is_on_lambda() {
                log.write(Level::Error, &message, json!({}));
            } else {
                eprintln!("error: {message}");
            }
            ExitCode::FAILURE
        }
    }
}

fn is_on_lambda() -> bool {
    std::env::var_os(RUNTIME_API).is_some()
}

async fn serve<S: ChangeStream>(log: Log) -> Result<(), String> {
    let configuration = Configuration::from_env().map_err(|error| error.to_string())?;
    if !is_on_lambda() {
        return Err(format!(
            "{RUNTIME_API} is missing: this is a function for AWS Lambda, which sets it"
        ));
    }
    let relay = Relay::<S>::new(&configuration).map_err(|errors| {
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        texts.join("; ")
    })?;
    log.write(
        Level::Info,
        "the relay starts",
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "featureLocal": cfg!(feature = "local"),
            "stream": configuration.stream.to_string(),
            "tables": relay.fingerprints(),
        }),
    );
    let relay = Arc::new(relay);
    let current = Current::default();
    let handed_over = current.clone();
    let mut is_idle = current.busy.subscribe();
    let cold_start = Arc::new(Mutex::new(true));
    let first_without_deadline = Arc::new(Mutex::new(true));
    let function = service_fn(move |event: LambdaEvent<()>| {
        let relay = Arc::clone(&relay);
        let payload = handed_over.take_payload();
        let cold_start = std::mem::take(&mut *lock(&cold_start));
        let deadline = deadline(&event.context, &first_without_deadline, log);
        // Boxed, or the type of all futures within it is deeper than the compiler follows in the app's crate.
        async move { call(&relay, &payload, deadline, &event.context, cold_start, log).await }
            .boxed_local()
    });
    let mut served = pin!(Runtime::new(function).layer(current).run());
    let mut terminated = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    tokio::select! {
        served = &mut served => return served.map_err(|error| error.to_string()),
        _ = terminated.recv() => {}
    }
    tokio::select! {
        served = &mut served => return served.map_err(|error| error.to_string()),
        _ = is_idle.wait_for(|busy| !busy) => {}
    }
    log.write(Level::Info, "the relay ends", json!({}));
    Ok(())
}

/// When the call must have ended. The first call that has no deadline is told in the log.
fn deadline(context: &Context, is_first: &Mutex<bool>, log: Log) -> Instant {
    let left = time_left(context.deadline, now_ms()).unwrap_or_else(|| {
        if std::mem::take(&mut *lock(is_first)) {
            log.write(
                Level::Warn,
                &format!(
                    "the deadline of the call is before its beginning, so it has none: it may take {} s",
                    WITHOUT_DEADLINE.as_secs()
                ),
                json!({"requestId": context.request_id, "deadlineMs": context.deadline}),
            );
        }
        WITHOUT_DEADLINE
    });
    Instant::now() + left
}

async fn call<S: ChangeStream>(
    relay: &Relay<S>,
    payload: &[u8],
    deadline: Instant,
    context: &Context,
    cold_start: bool,
    log: Log,
) -> Result<Box<RawValue>, Diagnostic> {
    let Handled {
        answer,
        left_open,
        metrics,
    } = relay.handle(payload, deadline).await;
    for line in metrics.to_lines(&context.env_config.function_name, cold_start, now_ms()) {
        log::raw(&line);
    }
    let fields = json!({
        "requestId": context.request_id,
        "received": metrics.received,
        "written": metrics.written,
        "refused": metrics.refused,
        "retried": metrics.retried,
    });
    match answer {
        Ok(answer) => {
            let level = if metrics.refused > 0 || left_open.is_some() {
                Level::Warn
            } else {
                Level::Debug
            };
            let message = left_open.map_or_else(
                || "the call is answered".to_owned(),
                |reason| format!("the call is answered and leaves events open: {reason}"),
            );
            log.write(level, &message, fields);
            Ok(RawValue::from_string(answer).expect("an answer is JSON"))
        }
        Err(error) => {
            log.write(Level::Error, &error.to_string(), fields);
            Err(Diagnostic {
                error_type: error.name().to_owned(),
                error_message: error.to_string(),
            })
        }
    }
}

/// The call that is on. A process serves one at a time.
#[derive(Debug, Clone, Default)]
struct Current {
    /// Kept from the runtime, which would parse and copy it.
    payload: Arc<Mutex<Bytes>>,
    /// Until its answer has been taken.
    busy: watch::Sender<bool>,
}

impl Current {
    fn take_payload(&self) -> Bytes {
        std::mem::take(&mut *lock(&self.payload))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds it leaves it half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S> Layer<S> for Current {
    type Service = CurrentService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CurrentService {
            current: self.clone(),
            inner,
        }
    }
}

struct CurrentService<S> {
    current: Current,
    inner: S,
}

type AtTheEnd<T, E> = Box<dyn FnOnce(&Result<T, E>) + Send>;

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for CurrentService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Inspect<S::Future, AtTheEnd<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        let body = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        *lock(&self.current.payload) = body;
        self.current.busy.send_replace(true);
        let busy = self.current.busy.clone();
        let at_the_end: AtTheEnd<S::Response, S::Error> = Box::new(move |_| {
            busy.send_replace(false);
        });
        self.inner.call(invocation).inspect(at_the_end)
    }
}
