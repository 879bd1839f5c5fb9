//! The app's binaries, and a database that calls one of them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use pipeline_tests::{cluster, create_database, tested};
use relay_lambda::local::{Bootstrap, Kinesis, LambdaEndpoint};
use serde_json::Value;
use tokio::task::spawn_blocking;
use tokio_postgres::error::DbError;
use tokio_postgres::{Client, NoTls};

/// More than any of this takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) const STREAM: &str = "changes";

/// The reference app's relay.
pub(crate) fn relay() -> &'static Path {
    static RELAY: LazyLock<PathBuf> = LazyLock::new(|| tested("storefront-relay", "bootstrap"));
    &RELAY
}

/// The reference app's consumer.
pub(crate) fn consumer() -> &'static Path {
    static CONSUMER: LazyLock<PathBuf> =
        LazyLock::new(|| tested("storefront-consumer", "storefront-consumer"));
    &CONSUMER
}

/// The relay as a function, configured.
pub(crate) fn configured(kinesis: &Kinesis) -> Bootstrap {
    with_configuration(Bootstrap::new(relay()), kinesis)
}

/// Configures what runs the relay.
pub(crate) fn with_configuration(bootstrap: Bootstrap, kinesis: &Kinesis) -> Bootstrap {
    bootstrap
        .env("RELAY_STREAM", STREAM)
        .env("AWS_ENDPOINT_URL_KINESIS", kinesis.endpoint_url())
        .env("AWS_ACCESS_KEY_ID", "id")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .timeout(LONG)
        .init_timeout(LONG)
}

/// A Kinesis with an empty stream of four shards.
pub(crate) fn kinesis() -> Arc<Kinesis> {
    let kinesis = Kinesis::start().expect("a port is free");
    kinesis.create_stream(STREAM, 4).expect("the stream is new");
    Arc::new(kinesis)
}

/// A database that can call the function.
pub(crate) struct Function {
    pub(crate) endpoint: LambdaEndpoint,
    lines: Receiver<String>,
    session: Client,
}

impl Function {
    pub(crate) async fn start(bootstrap: Bootstrap) -> Function {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let (sender, lines) = mpsc::channel();
        let endpoint = LambdaEndpoint::builder()
            .start_bootstrap(bootstrap.log_to(move |line| {
                sender.send(line.to_owned()).ok();
            }))
            .expect("a port is free, and the executable is there");
        let database = format!("bootstrap_{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        create_database(&database, &endpoint).await;
        let (session, connection) =
            tokio_postgres::connect(&cluster().connection_string(&database), NoTls)
                .await
                .expect("the cluster takes connections");
        tokio::spawn(connection);
        Function {
            endpoint,
            lines,
            session,
        }
    }

    /// Calls it as a trigger does, and gives status and answer.
    pub(crate) async fn invoke(
        &self,
        invocation_type: &str,
        payload: &str,
    ) -> Result<(i32, Option<Value>), DbError> {
        let row = self
            .session
            .query_one(
                "SELECT status_code, payload::text
                 FROM aws_lambda.invoke('relay', $1::text::json, invocation_type => $2)",
                &[&payload, &invocation_type],
            )
            .await
            .map_err(|error| {
                error
                    .as_db_error()
                    .unwrap_or_else(|| panic!("no error of the server: {error:?}"))
                    .clone()
            })?;
        let answer: Option<&str> = row.get(1);
        let answer = answer.map(|text| serde_json::from_str(text).expect("the answer is JSON"));
        Ok((row.get(0), answer))
    }

    /// The answer to a call that somebody waits for.
    pub(crate) async fn answer(&self, payload: &str) -> Value {
        let (status, answer) = self
            .invoke("RequestResponse", payload)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(status, 200);
        answer.expect("a function answers something")
    }

    /// Hands over a call that nobody waits for.
    pub(crate) async fn send(&self, payload: &str) {
        let (status, answer) = self
            .invoke("Event", payload)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!((status, answer), (202, None));
    }

    /// The next line that a process writes.
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(LONG).expect("a process writes")
    }

    /// Ends it, and gives all lines that its processes have written.
    pub(crate) fn end(self) -> Vec<String> {
        drop(self.endpoint);
        self.lines.try_iter().collect()
    }
}

/// Waits until the stream has so many records.
pub(crate) async fn landed(kinesis: &Arc<Kinesis>, records: usize) {
    let kinesis = Arc::clone(kinesis);
    let there = spawn_blocking(move || kinesis.wait_for(STREAM, records, LONG).len())
        .await
        .expect("it does not panic");
    assert!(there >= records, "{there} of {records}");
}
