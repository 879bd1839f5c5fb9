//! The application's database, with the triggers of a mode, before a relay and a stream.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use pipeline_tests::{create_installed_database, drop_later, installation};
use relay_lambda::local::{InvocationType, LocalRelay, PostgresCluster};
use tokio::sync::Mutex as AsyncMutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_postgres::{Client, NoTls};

use crate::mode::{Mode, Stream};

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) const SHARDS: usize = 3;

pub(crate) struct Shop {
    pub(crate) mode: Mode,
    pub(crate) relay: LocalRelay<Stream>,
    database: String,
    /// A server of its own, for who crashes it.
    cluster: Option<Mutex<PostgresCluster>>,
    intercepted: Arc<Intercepted>,
    held: AsyncMutex<UnboundedReceiver<Held>>,
}

/// The next calls that somebody waits for, to be held between the relay and the caller.
struct Intercepted {
    calls: AtomicUsize,
    held: UnboundedSender<Held>,
}

/// A call that the relay has seen to, and whose caller does not know it yet: until this is dropped.
pub(crate) struct Held(#[expect(dead_code, reason = "to be dropped")] mpsc::Sender<()>);

impl Intercepted {
    fn see(&self, invocation_type: InvocationType) {
        if invocation_type != InvocationType::RequestResponse
            || self
                .calls
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |calls| {
                    calls.checked_sub(1)
                })
                .is_err()
        {
            return;
        }
        let (release, released) = mpsc::channel();
        // Where the test has ended nobody holds it.
        self.held.send(Held(release)).ok();
        released.recv().ok();
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if self.cluster.is_none() {
            drop_later(&self.database);
        }
    }
}

impl Shop {
    /// On the server of this test binary.
    pub(crate) async fn start(mode: Mode) -> Arc<Self> {
        Self::start_on(mode, None).await
    }

    /// On a server that can be crashed.
    pub(crate) async fn start_on_own_server(mode: Mode) -> Arc<Self> {
        let cluster = PostgresCluster::start().expect("PostgreSQL is installed");
        Self::start_on(mode, Some(Mutex::new(cluster))).await
    }

    async fn start_on(mode: Mode, cluster: Option<Mutex<PostgresCluster>>) -> Arc<Self> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = unbounded_channel();
        let intercepted = Arc::new(Intercepted {
            calls: AtomicUsize::new(0),
            held: sender,
        });
        let seen = Arc::clone(&intercepted);
        let relay = LocalRelay::start("shop", SHARDS, move |call, _| {
            seen.see(call.invocation_type);
        })
        .expect("a port is free");
        let shop = Self {
            mode,
            relay,
            database: format!("shop_{number}"),
            cluster,
            intercepted,
            held: AsyncMutex::new(receiver),
        };
        shop.create().await;
        Arc::new(shop)
    }

    async fn create(&self) {
        let endpoint = self.relay.endpoint();
        let tables = include_str!("shop.sql");
        let installation = installation(&self.mode.tables());
        if self.cluster.is_none() {
            create_installed_database(&self.database, endpoint, tables, &installation).await;
            return;
        }
        let administrator = self.connect("postgres").await.expect("the server is there");
        let creation = format!("CREATE DATABASE {}", self.database);
        run(&administrator, &creation).await;
        let session = self.session().await;
        for sql in [&endpoint.extension_sql(), tables, &installation] {
            run(&session, sql).await;
        }
    }

    pub(crate) async fn session(&self) -> Client {
        self.connect(&self.database)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// The address of its database.
    pub(crate) fn connection_string(&self) -> String {
        self.connection_string_of(&self.database)
    }

    fn connection_string_of(&self, database: &str) -> String {
        match &self.cluster {
            Some(cluster) => cluster
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .connection_string(database),
            None => pipeline_tests::cluster().connection_string(database),
        }
    }

    async fn connect(&self, database: &str) -> Result<Client, tokio_postgres::Error> {
        let address = self.connection_string_of(database);
        let (client, connection) = tokio_postgres::connect(&address, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Stops the server in the middle of what it is at, and starts it again.
    pub(crate) fn crash(&self) {
        self.cluster
            .as_ref()
            .expect("it has a server of its own")
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .crash()
            .expect("it starts again");
    }

    /// Holds the next `calls` that somebody waits for: [`held`](Shop::held) gets them.
    pub(crate) fn hold_calls(&self, calls: usize) {
        self.intercepted.calls.store(calls, Ordering::Relaxed);
    }

    /// Waits for the next call that is held.
    pub(crate) async fn held(&self) -> Held {
        let held = self.held.lock().await.recv().await;
        held.expect("the other end is of this value too")
    }
}

pub(crate) async fn run(session: &Client, sql: &str) {
    session
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// The only number that a query gives.
pub(crate) async fn number(session: &Client, sql: &str) -> i64 {
    session
        .query_one(sql, &[])
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
        .get(0)
}
