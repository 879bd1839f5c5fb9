//! An app's relay between a local Lambda endpoint and a local Kinesis.

use std::error::Error;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use aurora_trigger_gen::emit::{self, Configuration as TriggerConfiguration};
use aurora_trigger_gen::{ChangeStream, SampleError};
use tokio::time::Instant;

use super::service_thread::ServiceThread;
use super::{EventQueue, FunctionError, Invocation, Kinesis, LambdaEndpoint};
use crate::{Configuration, ConfigurationError, Handled, Relay};

/// What a call of the type `Event` may take: the default time-out of a function is less.
const DEADLINE: Duration = Duration::from_secs(30);

/// The relay of the stream `S` as in production, in this process and on this machine: triggers call it
/// through a [`LambdaEndpoint`], and it writes to a [`Kinesis`] over HTTP by the AWS SDK.
///
/// Calls of the type `Event` go through the endpoint's queue, so a write does not wait for them. What
/// is refused of such a call goes to a second stream, the first one's name with `-refused` behind it.
///
/// ```no_run
/// use std::time::Duration;
///
/// use relay_lambda::local::{LocalRelay, PostgresCluster};
/// # use aurora_trigger_gen::{ChangeStream, DecodeError, ImageCheck, describe::TableDesc, wire::Record};
/// # struct Storefront;
/// # impl ChangeStream for Storefront {
/// #     const TABLES: &'static [&'static TableDesc] = &[];
/// #     const CHECKS: &'static [ImageCheck] = &[];
/// #     fn from_record(record: &Record<'_>) -> Result<Self, DecodeError> { unreachable!() }
/// # }
///
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// let relay = LocalRelay::<Storefront>::start("changes", 2, |call, handled| {
///     println!("{}: {} events", call.request_id, handled.metrics.received);
/// })?;
///
/// let cluster = PostgresCluster::start()?;
/// let (client, connection) =
///     tokio_postgres::connect(&cluster.connection_string("postgres"), tokio_postgres::NoTls).await?;
/// tokio::spawn(connection);
/// client.batch_execute("CREATE TABLE notes (id bigint PRIMARY KEY)").await?;
/// client.batch_execute(&relay.sql()).await?;
///
/// client.batch_execute("INSERT INTO notes VALUES (1)").await?;
/// assert!(relay.endpoint().wait_until_idle(Duration::from_secs(10)));
///
/// for record in relay.kinesis().records(relay.stream()) {
///     let change = Storefront::decode(&record.data)?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LocalRelay<S> {
    // Dropped in this order: first nobody calls any more, then nobody writes.
    endpoint: LambdaEndpoint,
    _thread: ServiceThread,
    kinesis: Kinesis,
    stream: String,
    of: PhantomData<fn() -> S>,
}

/// Why a [`LocalRelay`] did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum LocalRelayError {
    /// Samples of a table that its struct does not decode: this program was built with other features
    /// than the struct expects.
    Samples(Vec<SampleError>),
    /// The service takes no stream of this name.
    Configuration(ConfigurationError),
    /// The operating system gives no port or no thread, or the service takes no such number of shards.
    Io(io::Error),
}

impl fmt::Display for LocalRelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LocalRelayError::Samples(errors) => {
                let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join("; "))
            }
            LocalRelayError::Configuration(error) => error.fmt(f),
            LocalRelayError::Io(error) => {
                write!(f, "the local Lambda and Kinesis do not start: {error}")
            }
        }
    }
}

impl Error for LocalRelayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            LocalRelayError::Io(error) => Some(error),
            LocalRelayError::Samples(_) | LocalRelayError::Configuration(_) => None,
        }
    }
}

impl From<io::Error> for LocalRelayError {
    fn from(error: io::Error) -> Self {
        LocalRelayError::Io(error)
    }
}

impl<S: ChangeStream + 'static> LocalRelay<S> {
    /// The name by which the triggers call the function.
    pub const FUNCTION: &'static str = "local-relay";

    /// Starts it on free ports of 127.0.0.1, with a stream of this name and as many shards.
    ///
    /// `on_call` gets what became of each call, each try of an `Event` call for itself, on the thread
    /// that made it and before the caller has the answer.
    ///
    /// # Errors
    ///
    /// See [`LocalRelayError`].
    pub fn start(
        stream: &str,
        shards: usize,
        on_call: impl Fn(&Invocation, &Handled) + Send + Sync + 'static,
    ) -> Result<Self, LocalRelayError> {
        let kinesis = Kinesis::start()?;
        let url = kinesis.endpoint_url();
        let refused = refused_stream(stream);
        let configuration = Configuration::from_variables(|name| {
            let value = match name {
                "RELAY_STREAM" => stream,
                "RELAY_REJECT_STREAM" => &refused,
                "AWS_REGION" => "us-east-1",
                "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "local",
                "AWS_ENDPOINT_URL_KINESIS" => &url,
                _ => return None,
            };
            Some(value.to_owned())
        })
        .map_err(LocalRelayError::Configuration)?;
        kinesis.create_stream(stream, shards)?;
        kinesis.create_stream(&refused, 1)?;
        let relay = Arc::new(Relay::<S>::new(&configuration).map_err(LocalRelayError::Samples)?);
        // The function of an endpoint may block, and is no place for a runtime.
        let thread = ServiceThread::start("relay", async |stopped| {
            // Either way somebody has dropped the sender.
            stopped.await.ok();
        })?;
        let runtime = thread.runtime().clone();
        let endpoint = LambdaEndpoint::builder()
            .queue(EventQueue::default())
            .start(move |invocation| {
                let relay = Arc::clone(&relay);
                let payload = invocation.payload.clone();
                let (sender, answer) = mpsc::channel();
                runtime.spawn(async move {
                    let deadline = Instant::now() + DEADLINE;
                    let handled = relay.handle(payload.as_bytes(), deadline).await;
                    // Whoever called waits for it.
                    sender.send(handled).ok();
                });
                let handled = answer.recv().map_err(|_| {
                    FunctionError::new("aurora_trigger.Ended", "the local relay has ended")
                })?;
                on_call(invocation, &handled);
                handled
                    .answer
                    .map_err(|error| FunctionError::new(error.name(), error.to_string()))
            })?;
        Ok(Self {
            endpoint,
            _thread: thread,
            kinesis,
            stream: stream.to_owned(),
            of: PhantomData,
        })
    }

    /// The SQL that makes a database with the tables of the stream call this relay: the stand-in for
    /// `aws_lambda`, and the triggers. To be run as a superuser. It can be run again.
    #[must_use]
    pub fn sql(&self) -> String {
        let configuration = TriggerConfiguration {
            function: Self::FUNCTION.to_owned(),
            region: None,
        };
        format!(
            "{}\n{}",
            self.endpoint.extension_sql(),
            emit::install(S::TABLES, Some(&configuration))
        )
    }

    /// What the triggers call, for its faults, and to wait until all calls have been seen to.
    #[must_use]
    pub fn endpoint(&self) -> &LambdaEndpoint {
        &self.endpoint
    }

    /// What the relay writes to.
    #[must_use]
    pub fn kinesis(&self) -> &Kinesis {
        &self.kinesis
    }

    /// The name of the stream.
    #[must_use]
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// The name of the stream of what was refused in calls for whose answer nobody waits.
    #[must_use]
    pub fn refused_stream(&self) -> String {
        refused_stream(&self.stream)
    }
}

fn refused_stream(stream: &str) -> String {
    format!("{stream}-refused")
}
