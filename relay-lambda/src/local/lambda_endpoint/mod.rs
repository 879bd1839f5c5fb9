//! The local stand-in for the invoke API of the Lambda service.

mod activity;
mod api;
#[cfg(unix)]
mod bootstrap;
mod builder;
mod fault;
mod function;
mod function_error;
mod invocation;
mod queue;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use aurora_trigger_gen::local_extension;

#[cfg(unix)]
pub use bootstrap::Bootstrap;
pub use builder::LambdaEndpointBuilder;
pub use fault::{Fault, Faults};
pub use function_error::FunctionError;
pub use invocation::{Invocation, InvocationType, LogType};
pub use queue::{EventQueue, FailedEvent};

use super::service_thread::ServiceThread;
use api::Api;

/// What `aws_lambda.invoke` of the local stand-in reaches instead of AWS, for as long as the value
/// lives.
///
/// It listens on 127.0.0.1 only and runs on threads of its own, so a test needs no async runtime for
/// it, and a handler may block. The function behind it is a closure, or a real Lambda executable: a
/// [`Bootstrap`]. What a call gets is what the documentation of the real one promises:
///
/// | invocation type | the function | the caller gets |
/// | --- | --- | --- |
/// | `RequestResponse` | runs | status 200 and its answer; its error as `lambda invocation failed` |
/// | `Event` | runs, three times if it fails | status 202, no payload; an error of the function does not reach the caller |
/// | `DryRun` | does not run | status 204 |
///
/// An API failure is the error `invoke API failed`: a wrong invocation or log type, a payload over
/// 6 MB (1 MB for `Event`), an answer that takes longer than `aws_lambda.request_timeout_ms` (3000 if
/// not set), a `RequestResponse` call over the
/// [concurrency](LambdaEndpointBuilder::concurrency), and every [`Fault`] of that kind. An answer over
/// 6 MB is a function error.
///
/// An `Event` call that fails for good is in [`failed_events`](LambdaEndpoint::failed_events).
/// [`wait_until_idle`](LambdaEndpoint::wait_until_idle) tells when all calls have been seen to.
///
/// Where it differs from AWS:
///
/// - One function is behind every name. Its version is always `$LATEST`, and its log has a first and
///   a last line and nothing of what it printed.
/// - For a closure an `Event` call is answered *after* the function has run, so that a test sees the
///   effect at once, and is not retried. With an [`EventQueue`] it is as on AWS. A bootstrap always
///   has one.
/// - The queue waits less between two tries, keeps calls as long as it lives, and hands out each event
///   once, unless [told otherwise](LambdaEndpoint::deliver_next_twice). It ends with the endpoint.
///
/// The function's answer must be JSON: the caller gets it as `json` or `jsonb`.
///
/// ```no_run
/// use relay_lambda::local::{Fault, LambdaEndpoint};
///
/// # fn main() -> std::io::Result<()> {
/// let endpoint = LambdaEndpoint::start(|call| {
///     println!("{} got {}", call.function_name, call.payload);
///     Ok("null".to_owned())
/// })?;
///
/// // Run this in the database, as a superuser.
/// println!("{}", endpoint.extension_sql());
///
/// // What happens to the app when Lambda throttles two calls in a row?
/// endpoint.faults().fail_next(2, Fault::Throttle);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LambdaEndpoint {
    port: u16,
    api: Arc<Api>,
    _thread: ServiceThread,
}

impl LambdaEndpoint {
    /// Starts an endpoint on a free port, with `handler` as the function behind every name.
    ///
    /// The handler gets each [`Invocation`] and gives the answer as JSON, or a [`FunctionError`];
    /// `?` makes one of any error. A panic in it counts as one. It is called on several threads at
    /// once when several sessions call. One that is still running when the endpoint is dropped is
    /// not waited for.
    ///
    /// # Errors
    ///
    /// When the operating system gives no port or no thread.
    pub fn start<Handler>(handler: Handler) -> io::Result<LambdaEndpoint>
    where
        Handler: Fn(&Invocation) -> Result<String, FunctionError> + Send + Sync + 'static,
    {
        LambdaEndpoint::builder().start(handler)
    }

    /// For an endpoint with an executable as the function, a queue, or a limit of concurrency.
    #[must_use]
    pub fn builder() -> LambdaEndpointBuilder {
        LambdaEndpointBuilder::default()
    }

    /// As [`LambdaEndpoint::start`], on a port of your choice: one that a database is already
    /// configured for, say, after the last endpoint has gone.
    ///
    /// ```no_run
    /// # use relay_lambda::local::LambdaEndpoint;
    /// let endpoint = LambdaEndpoint::start_on_port(9001, |_| Ok("null".to_owned()))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the port is taken, or the operating system gives no thread.
    pub fn start_on_port<Handler>(port: u16, handler: Handler) -> io::Result<LambdaEndpoint>
    where
        Handler: Fn(&Invocation) -> Result<String, FunctionError> + Send + Sync + 'static,
    {
        LambdaEndpoint::builder().port(port).start(handler)
    }

    /// Starts an endpoint with what the builder has put together.
    fn serve(port: u16, api: Api) -> io::Result<LambdaEndpoint> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let api = Arc::new(api);
        let served = Arc::clone(&api);
        let thread = ServiceThread::start("lambda-endpoint", async move |stopped| {
            wire::serve(listener, Arc::clone(&served), stopped).await;
            served.function().close().await;
        })?;
        Ok(LambdaEndpoint {
            port,
            api,
            _thread: thread,
        })
    }

    /// What libpq needs to connect, as `emit-sql` and the SQL of the stand-in take it.
    ///
    /// ```no_run
    /// # use relay_lambda::local::LambdaEndpoint;
    /// let endpoint = LambdaEndpoint::start_on_port(9001, |_| Ok("null".to_owned()))?;
    ///
    /// assert!(endpoint.connection_string().starts_with("host=127.0.0.1 port=9001 "));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn connection_string(&self) -> String {
        format!(
            "host=127.0.0.1 port={} user=aws_lambda dbname=aws_lambda sslmode=disable",
            self.port
        )
    }

    /// The SQL that lets `aws_lambda.invoke` call this endpoint: to be run as a superuser in each
    /// database with triggers, and again when the endpoint has another port. See
    /// [`aurora_trigger_gen::local_extension::sql`] for what it does and refuses.
    ///
    /// ```no_run
    /// # use relay_lambda::local::LambdaEndpoint;
    /// # async fn test(client: tokio_postgres::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let endpoint = LambdaEndpoint::start(|_| Ok("null".to_owned()))?;
    ///
    /// client.batch_execute(&endpoint.extension_sql()).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn extension_sql(&self) -> String {
        local_extension::sql(&self.connection_string())
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The handle by which calls are made to fail. It can be cloned and used from anywhere, the
    /// handler included.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.api.faults()
    }

    /// The `Event` calls that failed at every try since the start, in the order of their last ones.
    /// The service hands these to the function's on-failure destination.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use relay_lambda::local::{EventQueue, FunctionError, LambdaEndpoint};
    /// let endpoint = LambdaEndpoint::builder()
    ///     .queue(EventQueue::default())
    ///     .start(|_| Err(FunctionError::new("Broken", "as always")))?;
    ///
    /// // … an `Event` call …
    /// assert!(endpoint.wait_until_idle(Duration::from_secs(5)));
    /// for failed in endpoint.failed_events() {
    ///     println!("{} failed {} times", failed.invocation.payload, failed.attempts);
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn failed_events(&self) -> Vec<FailedEvent> {
        self.api.failed_events().clone()
    }

    /// Waits until no call is running, queued, or about to be tried again. `false`: there still is one
    /// after that time.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use relay_lambda::local::{Bootstrap, LambdaEndpoint};
    /// let endpoint =
    ///     LambdaEndpoint::builder().start_bootstrap(Bootstrap::new("target/lambda/relay/bootstrap"))?;
    ///
    /// // … calls of the type `Event` …
    /// assert!(endpoint.wait_until_idle(Duration::from_secs(5)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use = "it may have waited in vain"]
    pub fn wait_until_idle(&self, timeout: Duration) -> bool {
        self.api.wait_until_idle(timeout)
    }

    /// Runs the function twice for each of the next `events` calls of the type `Event`, with the same
    /// request id: the service does so at times, and a function has to stand it.
    ///
    /// ```no_run
    /// # use relay_lambda::local::LambdaEndpoint;
    /// let endpoint = LambdaEndpoint::start(|_| Ok("null".to_owned()))?;
    ///
    /// endpoint.deliver_next_twice(1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn deliver_next_twice(&self, events: usize) {
        self.api.deliver_twice(events);
    }

    /// Kills all processes of a [`Bootstrap`] by SIGKILL, waits until they are gone, and tells how many
    /// there were. Calls that were running fail. The next one starts a new process.
    ///
    /// ```no_run
    /// # use relay_lambda::local::{Bootstrap, LambdaEndpoint};
    /// let endpoint =
    ///     LambdaEndpoint::builder().start_bootstrap(Bootstrap::new("target/lambda/relay/bootstrap"))?;
    ///
    /// assert_eq!(endpoint.kill_environments(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn kill_environments(&self) -> usize {
        self.api.function().kill()
    }
}
