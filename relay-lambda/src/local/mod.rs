//! Everything that AWS does around the triggers, on your own machine: for development and tests.
//!
//! - [`PostgresCluster`]: a PostgreSQL of its own that goes away with the value.
//! - [`LambdaEndpoint`]: what `aws_lambda.invoke` reaches there instead of AWS, with a closure of
//!   yours or a real Lambda executable as the function, and the failures that you order.
//! - [`Kinesis`]: a Kinesis for the AWS SDKs, whose records a test can look at, and whose failures it
//!   orders.
//! - [`LocalRelay`]: the two around an app's relay, as it runs in production.
//! - [`pipeline`]: all of it as a command for an app's developers, in one line.
//!
//! ```no_run
//! use std::sync::mpsc;
//!
//! use relay_lambda::local::{LambdaEndpoint, PostgresCluster};
//!
//! # async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = PostgresCluster::start()?;
//!
//! let (sender, calls) = mpsc::channel();
//! let endpoint = LambdaEndpoint::start(move |call| {
//!     sender.send(call.clone())?;
//!     Ok(r#"{"accepted":1}"#.to_owned())
//! })?;
//!
//! let (client, connection) =
//!     tokio_postgres::connect(&cluster.connection_string("postgres"), tokio_postgres::NoTls).await?;
//! tokio::spawn(connection);
//! client.batch_execute(&endpoint.extension_sql()).await?;
//!
//! client.batch_execute(r#"SELECT * FROM aws_lambda.invoke('relay', '{"id": 42}'::json)"#).await?;
//!
//! assert_eq!(calls.try_recv()?.payload, r#"{"id": 42}"#);
//! # Ok(())
//! # }
//! ```

mod kinesis;
mod lambda_endpoint;
mod local_relay;
#[cfg(unix)]
mod pipeline;
#[cfg(unix)]
mod postgres_cluster;
mod service_thread;
mod share;

pub use kinesis::{Kinesis, KinesisFault, KinesisFaults, PutRequests, StoredRecord};
#[cfg(unix)]
pub use lambda_endpoint::Bootstrap;
pub use lambda_endpoint::{
    EventQueue, FailedEvent, Fault, Faults, FunctionError, Invocation, InvocationType,
    LambdaEndpoint, LambdaEndpointBuilder, LogType,
};
pub use local_relay::{LocalRelay, LocalRelayError};
#[cfg(unix)]
pub use pipeline::pipeline;
#[cfg(unix)]
pub use postgres_cluster::{PostgresCluster, PostgresClusterBuilder, StartError};
