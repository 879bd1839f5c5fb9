use std::io;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::api::Api;
use super::function::Function;
#[cfg(unix)]
use super::{Bootstrap, bootstrap::Environments};
use super::{EventQueue, FunctionError, Invocation, LambdaEndpoint};

/// How many processes one machine is asked to run at once, if the caller says nothing.
#[cfg(unix)]
const BOOTSTRAP_CONCURRENCY: usize = 10;

/// The settings with which a [`LambdaEndpoint`] starts. [`LambdaEndpoint::builder`] makes one.
///
/// ```no_run
/// use relay_lambda::local::{EventQueue, LambdaEndpoint};
///
/// let endpoint = LambdaEndpoint::builder()
///     .port(9001)
///     .concurrency(2)
///     .queue(EventQueue::default())
///     .start(|_| Ok("null".to_owned()))?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct LambdaEndpointBuilder {
    port: u16,
    concurrency: Option<usize>,
    queue: Option<EventQueue>,
}

impl LambdaEndpointBuilder {
    /// Listens on this port of 127.0.0.1. Without it, or with 0: on a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> LambdaEndpointBuilder {
        self.port = port;
        self
    }

    /// Runs so many calls at once and no more. A `RequestResponse` call beyond that is throttled, an
    /// `Event` call waits, and is served before `RequestResponse` calls that come later. Without it:
    /// as many as come for a closure, 10 for a [`Bootstrap`].
    #[must_use]
    pub fn concurrency(mut self, calls: usize) -> LambdaEndpointBuilder {
        self.concurrency = Some(calls);
        self
    }

    /// Answers `Event` calls at once and runs them later. Without it: a [`Bootstrap`] has the default
    /// queue, and a closure runs once before the caller is answered.
    #[must_use]
    pub fn queue(mut self, queue: EventQueue) -> LambdaEndpointBuilder {
        self.queue = Some(queue);
        self
    }

    /// Starts the endpoint with a closure as the function behind every name: see
    /// [`LambdaEndpoint::start`].
    ///
    /// # Errors
    ///
    /// When the port is taken, or the operating system gives no port or no thread.
    pub fn start<Handler>(self, handler: Handler) -> io::Result<LambdaEndpoint>
    where
        Handler: Fn(&Invocation) -> Result<String, FunctionError> + Send + Sync + 'static,
    {
        self.serve(Function::Closure(Arc::new(handler)))
    }

    /// Starts the endpoint with an executable as the function behind every name. No process of it
    /// runs before the first call.
    ///
    /// ```no_run
    /// use relay_lambda::local::{Bootstrap, LambdaEndpoint};
    ///
    /// let endpoint = LambdaEndpoint::builder()
    ///     .concurrency(2)
    ///     .start_bootstrap(Bootstrap::new("target/lambda/relay/bootstrap"))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there is no such executable, the port is taken, or the operating system gives no port or
    /// no thread.
    #[cfg(unix)]
    pub fn start_bootstrap(mut self, bootstrap: Bootstrap) -> io::Result<LambdaEndpoint> {
        self.queue.get_or_insert_default();
        self.concurrency.get_or_insert(BOOTSTRAP_CONCURRENCY);
        self.serve(Function::Bootstrap(Environments::new(bootstrap)?))
    }

    fn serve(self, function: Function) -> io::Result<LambdaEndpoint> {
        let concurrency = self.concurrency.map_or(Semaphore::MAX_PERMITS, |calls| {
            calls.min(Semaphore::MAX_PERMITS)
        });
        LambdaEndpoint::serve(self.port, Api::new(function, concurrency, self.queue))
    }
}
