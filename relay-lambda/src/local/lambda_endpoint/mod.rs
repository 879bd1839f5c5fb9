//! The local stand-in for the invoke API of the Lambda service.

mod api;
mod fault;
mod function_error;
mod invocation;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use aurora_trigger_gen::local_extension;
use tokio::runtime;
use tokio::sync::oneshot;

pub use fault::{Fault, Faults};
pub use function_error::FunctionError;
pub use invocation::{Invocation, InvocationType, LogType};

use api::Api;

/// What `aws_lambda.invoke` of the local stand-in reaches instead of AWS, for as long as the value
/// lives.
///
/// It listens on 127.0.0.1 only and runs on threads of its own, so a test needs no async runtime for
/// it, and a handler may block. What a call gets is what the documentation of the real one promises:
///
/// | invocation type | the function | the caller gets |
/// | --- | --- | --- |
/// | `RequestResponse` | runs | status 200 and its answer; its error as `lambda invocation failed` |
/// | `Event` | runs | status 202, no payload; an error of the function does not reach the caller |
/// | `DryRun` | does not run | status 204 |
///
/// An API failure is the error `invoke API failed`: a wrong invocation or log type, a payload over
/// 6 MB (1 MB for `Event`), an answer that takes longer than `aws_lambda.request_timeout_ms` (3000 if
/// not set), and every [`Fault`] of that kind.
///
/// Where it differs from AWS: one closure is all functions. An `Event` call is answered *after* the
/// function has run, so that a test sees the effect at once, and is neither retried nor repeated. The
/// function's version is always `$LATEST`, and its log has a first and a last line and nothing of what
/// it printed.
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
    faults: Faults,
    // Both are taken in `drop`.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
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
        LambdaEndpoint::start_on_port(0, handler)
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
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let faults = Faults::default();
        let api = Api::new(handler, faults.clone());
        // Made here rather than on the thread, so that the caller hears of what goes wrong.
        let runtime = runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("lambda-endpoint".to_owned())
            .spawn(move || {
                runtime.block_on(wire::serve(listener, Arc::new(api), stopped));
                // A handler that hangs must not hang whoever drops the endpoint.
                runtime.shutdown_background();
            })?;
        Ok(LambdaEndpoint {
            port,
            faults,
            stop: Some(stop),
            thread: Some(thread),
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
        &self.faults
    }
}

impl Drop for LambdaEndpoint {
    fn drop(&mut self) {
        // Dropping the sender is the signal.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // If it panicked it has said so.
            thread.join().ok();
        }
    }
}
