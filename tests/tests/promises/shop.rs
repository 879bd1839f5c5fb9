//! The application's database, with the triggers of a mode, before a relay and a stream.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use pipeline_tests::{create_installed_database, drop_later, installation};
use relay_lambda::local::{InvocationType, LocalRelay, PostgresCluster};
use tokio::sync::Mutex as AsyncMutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{sleep, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use crate::mode::{Mode, Stream};

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// How often one looks whether something has happened.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

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
        let administrator = self.administrator().await;
        let creation = format!("CREATE DATABASE {}", self.database);
        run(&administrator, &creation).await;
        let session = self.session().await;
        for sql in [&endpoint.extension_sql(), tables, &installation] {
            run(&session, sql).await;
        }
    }

    pub(crate) async fn session(&self) -> Client {
        self.session_with("").await
    }

    /// A session that these statements have been run in. Where the database is away for a while, it waits.
    pub(crate) async fn session_with(&self, settings: &str) -> Client {
        let opened = async {
            loop {
                match self.open(settings).await {
                    Ok(session) => return session,
                    Err(error) if is_away(&error) => sleep(LOOK).await,
                    Err(error) => panic!("{settings}: {error:?}"),
                }
            }
        };
        timeout(LONG, opened).await.expect("the database is back")
    }

    async fn open(&self, settings: &str) -> Result<Client, tokio_postgres::Error> {
        let session = self.connect(&self.database).await?;
        session.batch_execute(settings).await?;
        Ok(session)
    }

    /// A session in another database of the same server.
    pub(crate) async fn session_in(&self, database: &str) -> Client {
        self.connect(database)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"))
    }

    pub(crate) async fn administrator(&self) -> Client {
        self.session_in("postgres").await
    }

    /// The name of its database.
    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// The address of its database.
    pub(crate) fn connection_string(&self) -> String {
        self.connection_string_of(&self.database)
    }

    pub(crate) fn connection_string_of(&self, database: &str) -> String {
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

/// Whether a database can't be reached now, or has ended the session.
fn is_away(error: &tokio_postgres::Error) -> bool {
    error.is_closed()
        || error.code().is_some_and(|code| {
            [
                SqlState::INVALID_CATALOG_NAME,
                SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
                SqlState::ADMIN_SHUTDOWN,
            ]
            .contains(code)
        })
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
