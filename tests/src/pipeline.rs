use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use aurora_trigger_gen::ChangeStream;
use aurora_trigger_gen::describe::TableDesc;
use aurora_trigger_gen::emit::{self, Configuration};
use aurora_trigger_gen::wire::Payload;
use relay_lambda::local::{InvocationType, LambdaEndpoint, PostgresCluster};
use tokio_postgres::error::DbError;
use tokio_postgres::{Client, NoTls};

/// The PostgreSQL of this test binary.
pub fn cluster() -> &'static PostgresCluster {
    static CLUSTER: LazyLock<PostgresCluster> =
        LazyLock::new(|| PostgresCluster::start().expect("PostgreSQL is installed"));
    &CLUSTER
}

/// One call of the relay.
#[derive(Debug, Clone)]
pub struct Call {
    /// How it was made.
    pub invocation_type: InvocationType,
    /// What it held.
    pub payload: String,
}

impl Call {
    /// The payload, read.
    ///
    /// # Panics
    ///
    /// On a payload that is none: a test has failed then.
    #[must_use]
    pub fn payload(&self) -> Payload<'_> {
        Payload::parse(self.payload.as_bytes()).expect("the database sends payloads")
    }
}

/// A database of the test's own, whose triggers call into the test.
#[derive(Debug)]
pub struct Pipeline {
    database: String,
    endpoint: LambdaEndpoint,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Pipeline {
    /// Makes one: an empty database with the stand-in for `aws_lambda`.
    ///
    /// # Panics
    ///
    /// Where the database can't be made: a test can't go on without it.
    pub async fn start() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let database = format!("pipeline_{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        connect("postgres", "postgres")
            .await
            .batch_execute(&format!("CREATE DATABASE {database}"))
            .await
            .expect("the name is new");
        let calls = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&calls);
        let endpoint = LambdaEndpoint::start(move |invocation| {
            let call = Call {
                invocation_type: invocation.invocation_type,
                payload: invocation.payload.clone(),
            };
            let events: usize = call
                .payload()
                .batches
                .iter()
                .map(|batch| batch.events.len())
                .sum();
            received
                .lock()
                .expect("no test panics while it holds the lock")
                .push(call);
            Ok(format!(r#"{{"accepted":{events},"refused":[]}}"#))
        })
        .expect("a port is free");
        let pipeline = Self {
            database,
            endpoint,
            calls,
        };
        pipeline.run(&pipeline.endpoint.extension_sql()).await;
        pipeline
    }

    /// The endpoint that the triggers reach, for its faults.
    #[must_use]
    pub fn endpoint(&self) -> &LambdaEndpoint {
        &self.endpoint
    }

    /// The name of the database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// A new session of the superuser.
    pub async fn session(&self) -> Client {
        self.session_of("postgres").await
    }

    /// A new session of another role.
    pub async fn session_of(&self, role: &str) -> Client {
        connect(&self.database, role).await
    }

    /// Runs statements as the superuser.
    ///
    /// # Panics
    ///
    /// With the server's message where one fails.
    pub async fn run(&self, sql: &str) {
        self.session()
            .await
            .batch_execute(sql)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
    }

    /// Installs the triggers of the stream's tables, configured, as the superuser.
    ///
    /// # Panics
    ///
    /// With the server's message where the installation fails.
    pub async fn install<S: ChangeStream>(&self) {
        self.run(&installation(S::TABLES)).await;
    }

    /// What has been called since the last time.
    ///
    /// # Panics
    ///
    /// Where the endpoint panicked.
    #[must_use]
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().expect("the endpoint does not panic"))
    }

    /// The changes since the last time, as a consumer of the stream reads them: through the relay's
    /// own code, in the order in which they were sent.
    ///
    /// # Panics
    ///
    /// On a change that the relay refuses.
    #[must_use]
    pub fn take_changes<S: ChangeStream>(&self) -> Vec<S> {
        self.take_calls()
            .iter()
            .flat_map(|call| {
                let relayed = relay_lambda::relay::<S>(call.payload.as_bytes(), 0)
                    .expect("the database sends payloads");
                assert_eq!(relayed.refused, [], "in {}", call.payload);
                relayed.records
            })
            .map(|record| S::decode(&record).expect("the relay has read it too"))
            .collect()
    }
}

/// The installation of these tables, with a function's name.
fn installation(tables: &[&TableDesc]) -> String {
    let configuration = Configuration {
        function: "relay".to_owned(),
        region: None,
    };
    emit::install(tables, Some(&configuration))
}

async fn connect(database: &str, role: &str) -> Client {
    // Of two users the last one counts.
    let address = format!("{} user={role}", cluster().connection_string(database));
    let (client, connection) = tokio_postgres::connect(&address, NoTls)
        .await
        .unwrap_or_else(|error| panic!("{role} can't connect to {database}: {error:?}"));
    tokio::spawn(connection);
    client
}

/// The error that `sql` gives.
///
/// # Panics
///
/// Where it gives none.
pub async fn error_of(session: &Client, sql: &str) -> DbError {
    session
        .batch_execute(sql)
        .await
        .expect_err("the statement is refused")
        .as_db_error()
        .expect("the server refuses it")
        .clone()
}
