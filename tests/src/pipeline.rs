use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use aurora_trigger_gen::describe::TableDesc;
use aurora_trigger_gen::emit::{self, Configuration};
use aurora_trigger_gen::wire::Payload;
use aurora_trigger_gen::{ChangeEvent, ChangeStream, StreamTrigger};
use futures::SinkExt;
use relay_lambda::local::{InvocationType, LambdaEndpoint};
use tokio_postgres::Client;
use tokio_postgres::error::DbError;

use crate::cluster::{
    administrator, cluster, connect, copy_installed, copy_template, drop_later, install,
    name_endpoint, open, version,
};
use crate::notices::{self, Notices};
use crate::only::Only;

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

/// What the function of a pipeline answers to a payload.
#[derive(Debug, Clone)]
enum Answer {
    Fixed(String),
    Found(fn(&str) -> String),
}

/// A database of the test's own, whose triggers call into the test.
#[derive(Debug)]
pub struct Pipeline {
    database: String,
    endpoint: LambdaEndpoint,
    calls: Arc<Mutex<Vec<Call>>>,
    answer: Arc<Mutex<Answer>>,
    /// A session of the superuser that nobody uses just now: a server spends milliseconds on each new one.
    idle: Mutex<Option<Client>>,
}

impl Pipeline {
    /// Makes one: an empty database with the stand-in for `aws_lambda`.
    ///
    /// # Panics
    ///
    /// Where the database can't be made: a test can't go on without it.
    pub async fn start() -> Self {
        Self::start_in("UTF8").await
    }

    /// The same in a database of this encoding.
    ///
    /// # Panics
    ///
    /// Where the database can't be made, or the stand-in refuses it.
    pub async fn start_in(encoding: &str) -> Self {
        let pipeline = Self::without_database();
        if encoding == "UTF8" {
            copy_template(&pipeline.database).await;
            pipeline.run(&name_endpoint(&pipeline.endpoint)).await;
        } else {
            pipeline.create_in(encoding).await;
        }
        pipeline
    }

    /// A database in which this SQL has run, and then the installation of these tables. It runs once: each further
    /// database of a test binary is a copy.
    ///
    /// # Panics
    ///
    /// With the server's message where one fails.
    pub async fn installed(sql: &str, tables: &[&TableDesc]) -> Self {
        let pipeline = Self::without_database();
        copy_installed(&pipeline.database, sql, &installation(tables)).await;
        pipeline.run(&name_endpoint(&pipeline.endpoint)).await;
        pipeline
    }

    fn without_database() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let database = format!("pipeline_{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        let calls = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&calls);
        let answer = Arc::new(Mutex::new(Answer::Found(accept)));
        let ordered = Arc::clone(&answer);
        let endpoint = LambdaEndpoint::start(move |invocation| {
            let call = Call {
                invocation_type: invocation.invocation_type,
                payload: invocation.payload.clone(),
            };
            let ordered = ordered
                .lock()
                .expect("no test panics while it holds the lock")
                .clone();
            let answer = match ordered {
                Answer::Fixed(answer) => answer,
                Answer::Found(answer) => answer(&call.payload),
            };
            received
                .lock()
                .expect("no test panics while it holds the lock")
                .push(call);
            Ok(answer)
        })
        .expect("a port is free");
        Self {
            database,
            endpoint,
            calls,
            answer,
            idle: Mutex::new(None),
        }
    }

    /// Creates its database in another encoding than the template's.
    async fn create_in(&self, encoding: &str) {
        // The server's locale fits no other encoding.
        let creation = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'",
            self.database
        );
        administrator()
            .await
            .batch_execute(&creation)
            .await
            .expect("the name is new");
        self.run(&self.endpoint.extension_sql()).await;
    }

    /// The endpoint that the triggers reach, for its faults.
    #[must_use]
    pub fn endpoint(&self) -> &LambdaEndpoint {
        &self.endpoint
    }

    /// From now on the relay answers this, whatever it is sent.
    ///
    /// # Panics
    ///
    /// Where the endpoint panicked.
    pub fn answer(&self, json: &str) {
        self.will(Answer::Fixed(json.to_owned()));
    }

    /// From now on the relay refuses what the relay of the stream refuses, and accepts the rest.
    ///
    /// # Panics
    ///
    /// Where the endpoint panicked.
    pub fn refuse<S: ChangeStream>(&self) {
        self.will(Answer::Found(refuse::<S>));
    }

    fn will(&self, answer: Answer) {
        *self.answer.lock().expect("the endpoint does not panic") = answer;
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

    /// A new session of the superuser, and what the server says in it.
    pub async fn listening_session(&self) -> (Client, Notices) {
        open(cluster(), &self.database, "postgres", notices::listen).await
    }

    /// Runs statements as the superuser, in a session as a new one.
    ///
    /// # Panics
    ///
    /// With the server's message where one fails.
    pub async fn run(&self, sql: &str) {
        let session = self.idle_session().await;
        session
            .batch_execute(sql)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        self.keep(session).await;
    }

    /// A session for the harness itself.
    async fn idle_session(&self) -> Client {
        let idle = self.idle().take();
        match idle {
            // A test can have ended all sessions, or restarted the server.
            Some(session) if !session.is_closed() => session,
            _ => self.session().await,
        }
    }

    /// Lets the next one have this session, as if it were new.
    async fn keep(&self, session: Client) {
        if session.batch_execute("DISCARD ALL").await.is_ok() {
            *self.idle() = Some(session);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Client>> {
        self.idle.lock().expect("nobody panics with the lock")
    }

    /// Runs a `COPY … FROM STDIN` as the superuser.
    ///
    /// # Panics
    ///
    /// With the server's message where it fails.
    pub async fn copy_in(&self, sql: &str, rows: &'static [u8]) {
        let session = self.session().await;
        let sink = session
            .copy_in(sql)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        let mut sink = pin!(sink);
        sink.send(rows)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        sink.finish()
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
    }

    /// Installs the triggers of the stream's tables, configured, as the superuser.
    ///
    /// # Panics
    ///
    /// With the server's message where the installation fails.
    pub async fn install<S: ChangeStream>(&self) {
        self.install_tables(S::TABLES).await;
    }

    /// Installs the triggers of these tables, configured, as the superuser.
    ///
    /// # Panics
    ///
    /// With the server's message where the installation fails.
    pub async fn install_tables(&self, tables: &[&TableDesc]) {
        self.run_installation(&installation(tables)).await;
    }

    /// Runs an installation as the superuser. Where it needs a key for masks and the server makes none, as those before
    /// 13, it is given one in the way that its hint says.
    ///
    /// # Panics
    ///
    /// With the server's message where the installation fails.
    pub async fn run_installation(&self, sql: &str) {
        let session = self.idle_session().await;
        install(&session, sql).await;
        self.keep(session).await;
    }

    /// Drains the outbox, until nothing is left to do.
    ///
    /// # Panics
    ///
    /// With the server's message where a drain fails.
    pub async fn drain(&self) {
        let session = self.idle_session().await;
        loop {
            let more: bool = session
                .query_one("SELECT aurora_trigger.drain()", &[])
                .await
                .unwrap_or_else(|error| panic!("{error:?}"))
                .get(0);
            if !more {
                break;
            }
        }
        self.keep(session).await;
    }

    /// The same where something is installed that drains.
    ///
    /// # Panics
    ///
    /// As there.
    pub async fn drain_if_it_can(&self) {
        let session = self.idle_session().await;
        let can: bool = session
            .query_one(
                "SELECT to_regprocedure('aurora_trigger.drain()') IS NOT NULL",
                &[],
            )
            .await
            .unwrap_or_else(|error| panic!("{error:?}"))
            .get(0);
        self.keep(session).await;
        if can {
            self.drain().await;
        }
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
        changes_in(&self.take_calls())
    }

    /// The same for a stream of one table: what happened to its rows.
    ///
    /// # Panics
    ///
    /// On a change that the relay refuses.
    #[must_use]
    pub fn take_events<T: StreamTrigger>(&self) -> Vec<ChangeEvent<T>> {
        events_in(&self.take_calls())
    }

    /// The server's version as a number: 150018 for 15.18.
    pub async fn server_version(&self) -> i32 {
        let session = self.idle_session().await;
        let version = version(&session).await;
        self.keep(session).await;
        version
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        drop_later(&self.database);
    }
}

/// The changes that these calls held, as a consumer of the stream reads them.
///
/// # Panics
///
/// On a change that the relay refuses.
#[must_use]
pub fn changes_in<S: ChangeStream>(calls: &[Call]) -> Vec<S> {
    calls
        .iter()
        .flat_map(|call| {
            let relayed = relay_lambda::relay::<S>(call.payload.as_bytes(), 0)
                .expect("the database sends payloads");
            assert_eq!(relayed.refused, [], "in {}", call.payload);
            relayed.records
        })
        .map(|record| S::decode(&record.data).expect("the relay has read it too"))
        .collect()
}

/// The same for a stream of one table: what happened to its rows.
///
/// # Panics
///
/// On a change that the relay refuses.
#[must_use]
pub fn events_in<T: StreamTrigger>(calls: &[Call]) -> Vec<ChangeEvent<T>> {
    changes_in::<Only<T>>(calls)
        .into_iter()
        .map(|Only(change)| change.event)
        .collect()
}

fn accept(payload: &str) -> String {
    let payload = Payload::parse(payload.as_bytes()).expect("the database sends payloads");
    let events: usize = payload.batches.iter().map(|batch| batch.events.len()).sum();
    format!(r#"{{"accepted":{events},"refused":[]}}"#)
}

fn refuse<S: ChangeStream>(payload: &str) -> String {
    let relayed =
        relay_lambda::relay::<S>(payload.as_bytes(), 0).expect("the database sends payloads");
    serde_json::json!({"accepted": relayed.records.len(), "refused": relayed.refused}).to_string()
}

/// The installation of these tables, with a function's name.
#[must_use]
pub fn installation(tables: &[&TableDesc]) -> String {
    let configuration = Configuration {
        function: "relay".to_owned(),
        region: None,
    };
    emit::install(tables, Some(&configuration))
}

/// The first column of what a query gives, whose rows are texts.
///
/// # Panics
///
/// With the server's message where it fails.
pub async fn texts(session: &Client, sql: &str) -> Vec<String> {
    session
        .query(sql, &[])
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
        .iter()
        .map(|row| row.get(0))
        .collect()
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
