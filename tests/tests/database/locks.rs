//! No application transaction fails or waits for long because of an installation or a removal, and neither waits for
//! an application without an end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::{Level, Operations, TableDesc};
use aurora_trigger_gen::emit;
use pipeline_tests::{Pipeline, error_of, installation, statements, texts};
use serde::Deserialize;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::error::{DbError, SqlState};

const WRITERS: usize = 8;
const TABLE_NAMES: [&str; 4] = ["app.a", "app.b", "app.c", "app.d"];

macro_rules! tables {
    ($($name:ident $table:literal)*) => {
        $(
            #[derive(Debug, Deserialize, StreamTrigger)]
            #[stream(table = $table, delivery = "outbox")]
            #[expect(dead_code, reason = "only its table matters")]
            struct $name {
                #[stream(key)]
                id: i64,
                v: Option<String>,
            }
        )*
        const TABLES: [TableDesc; 4] = [$($name::TABLE),*];
    };
}

tables! {
    A "app.a"
    B "app.b"
    C "app.c"
    D "app.d"
}

fn install(tables: &[TableDesc]) -> String {
    installation(&tables.iter().collect::<Vec<_>>())
}

fn remove(tables: &[TableDesc]) -> String {
    emit::remove(&tables.iter().collect::<Vec<_>>())
}

/// The tables as they could have been installed before: to change that, triggers are exchanged and dropped.
fn older() -> [TableDesc; 4] {
    TABLES.map(|table| {
        table.with_level(Level::Row).with_operations(Operations {
            insert: true,
            update: true,
            delete: false,
            truncate: true,
        })
    })
}

async fn start() -> Arc<Pipeline> {
    let pipeline = Pipeline::start().await;
    pipeline.run("CREATE SCHEMA app").await;
    for table in TABLE_NAMES {
        pipeline
            .run(&format!(
                "CREATE TABLE {table} (id bigint PRIMARY KEY, v text)"
            ))
            .await;
    }
    Arc::new(pipeline)
}

/// What became of the writers' transactions.
#[derive(Debug, Default)]
struct Load {
    transactions: usize,
    failures: Vec<String>,
    longest_statement: Duration,
    /// Its text.
    longest_text: String,
}

impl Load {
    fn add(&mut self, other: Self) {
        self.transactions += other.transactions;
        self.failures.extend(other.failures);
        if other.longest_statement > self.longest_statement {
            self.longest_statement = other.longest_statement;
            self.longest_text = other.longest_text;
        }
    }
}

/// Writers without a pause, over all tables, half of them in the other order than the other half.
struct Application {
    stop: Arc<AtomicBool>,
    writers: Vec<JoinHandle<Load>>,
}

impl Application {
    async fn start(pipeline: &Pipeline) -> Self {
        pipeline
            .run("DELETE FROM app.a; DELETE FROM app.b; DELETE FROM app.c; DELETE FROM app.d")
            .await;
        let stop = Arc::new(AtomicBool::new(false));
        let mut writers = Vec::new();
        for number in 0..WRITERS {
            let session = pipeline.session().await;
            // Who waits for a lock for that long has waited for too long, however slow the machine is.
            session
                .batch_execute("SET lock_timeout = '1s'")
                .await
                .expect("it is a setting");
            writers.push(tokio::spawn(write(session, number, Arc::clone(&stop))));
        }
        Self { stop, writers }
    }

    async fn stop(self) -> Load {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Load::default();
        for writer in self.writers {
            all.add(writer.await.expect("a writer does not panic"));
        }
        all
    }
}

async fn write(session: Client, number: usize, stop: Arc<AtomicBool>) -> Load {
    let mut load = Load::default();
    let mut order = TABLE_NAMES;
    if number % 2 == 1 {
        order.reverse();
    }
    for round in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let id = round * WRITERS + number;
        let mut statements = vec!["BEGIN".to_owned()];
        // Every fourth reads first: a reader that becomes a writer.
        if number.is_multiple_of(4) {
            statements.extend(
                order.map(|table| format!("SELECT count(*) FROM {table} WHERE id = {number}")),
            );
        }
        statements.extend(order.map(|table| match round % 3 {
            0 => format!("INSERT INTO {table} VALUES ({id})"),
            1 => format!("UPDATE {table} SET v = 'v' WHERE id = {}", id - WRITERS),
            _ => format!("DELETE FROM {table} WHERE id = {}", id - 2 * WRITERS),
        }));
        statements.push("COMMIT".to_owned());
        for statement in statements {
            let began = Instant::now();
            let outcome = session.batch_execute(&statement).await;
            let took = began.elapsed();
            if took > load.longest_statement {
                load.longest_statement = took;
                load.longest_text.clone_from(&statement);
            }
            if let Err(error) = outcome {
                load.failures.push(format!("{statement}: {error:?}"));
                session.batch_execute("ROLLBACK").await.expect("it can");
                break;
            }
        }
        load.transactions += 1;
    }
    load
}

/// How a file is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    StatementByStatement,
    InOneTransaction,
}

/// Runs a file. `false`: in one transaction it got no lock on all tables, and has changed nothing.
async fn run(session: &Client, sql: &str, how: Run) -> bool {
    match how {
        Run::StatementByStatement => {
            for statement in statements(sql) {
                // On a machine that is too busy, transactions last longer than a try: then as the hint says.
                let mut tries = 0;
                while let Err(error) = session.batch_execute(statement).await {
                    tries += 1;
                    assert!(
                        tries < 5 && error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE),
                        "{statement}: {error:?}"
                    );
                    println!("refused, and run again: {error:?}");
                }
            }
            true
        }
        Run::InOneTransaction => {
            let Err(error) = session
                .batch_execute(&format!("BEGIN; {sql}; COMMIT"))
                .await
            else {
                return true;
            };
            session.batch_execute("ROLLBACK").await.expect("it can");
            assert_eq!(
                error.code(),
                Some(&SqlState::LOCK_NOT_AVAILABLE),
                "{error:?}"
            );
            false
        }
    }
}

/// So many times, unless the environment asks for more.
fn rounds() -> usize {
    std::env::var("AURORA_TRIGGER_LOCK_ROUNDS").map_or(1, |number| {
        number
            .parse()
            .expect("AURORA_TRIGGER_LOCK_ROUNDS is a number")
    })
}

/// The triggers of the four tables.
async fn triggers(session: &Client) -> Vec<String> {
    texts(
        session,
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger
             WHERE tgrelid = ANY ('{app.a, app.b, app.c, app.d}'::regclass[]) ORDER BY 1",
    )
    .await
}

/// Runs the files in turn while all tables are written to. After each the triggers are those of the file, or, where it
/// was refused, those from before.
async fn under_load(pipeline: &Pipeline, files: &[String], how: Run) {
    let session = pipeline.session().await;
    let mut wanted = Vec::new();
    for file in files {
        run(&session, file, Run::StatementByStatement).await;
        wanted.push(triggers(&session).await);
    }
    let mut load = Load::default();
    let mut refused = 0;
    for _ in 0..rounds() {
        // Sessions that live through many removals keep the plans of all functions that there were, and look through
        // them at each change of the catalogue.
        let session = pipeline.session().await;
        let application = Application::start(pipeline).await;
        for (file, wanted) in files.iter().zip(&wanted) {
            let before = triggers(&session).await;
            if run(&session, file, how).await {
                assert_eq!(triggers(&session).await, *wanted);
            } else {
                assert_eq!(triggers(&session).await, before);
                refused += 1;
            }
        }
        load.add(application.stop().await);
    }
    println!(
        "{how:?}: {} files, {refused} of them refused, {} transactions, the longest statement took {:?}: {}",
        rounds() * files.len(),
        load.transactions,
        load.longest_statement,
        load.longest_text
    );
    assert_eq!(load.failures, [""; 0]);
    assert!(load.transactions > 0);
}

#[tokio::test]
async fn statement_by_statement_it_is_installed_and_removed_while_all_tables_are_written_to() {
    let pipeline = start().await;
    let files = [
        install(&older()),
        install(&TABLES),
        install(&older()),
        remove(&TABLES),
        // What waits in the outbox keeps the schema.
        "DO $$ BEGIN
             IF to_regclass('aurora_trigger.outbox') IS NOT NULL THEN
                 TRUNCATE aurora_trigger.outbox, aurora_trigger.queue, aurora_trigger.batch;
             END IF;
         END $$;"
            .to_owned(),
        remove(&TABLES),
        "DO $$ BEGIN ASSERT to_regnamespace('aurora_trigger') IS NULL; END $$;".to_owned(),
    ];
    under_load(&pipeline, &files, Run::StatementByStatement).await;
}

#[tokio::test]
async fn in_one_transaction_it_is_refused_sooner_than_a_write() {
    let pipeline = start().await;
    let files = [install(&TABLES), remove(&TABLES)];
    under_load(&pipeline, &files, Run::InOneTransaction).await;
}

/// The error that a file gives where it gets no lock.
async fn refused(session: &Client, sql: &str) -> DbError {
    let error = error_of(session, sql).await;
    assert_eq!(error.code(), &SqlState::LOCK_NOT_AVAILABLE, "{error:?}");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("Run this again")),
        "{error:?}"
    );
    error
}

async fn setting(session: &Client, name: &str) -> String {
    session
        .query_one(&format!("SHOW {name}"), &[])
        .await
        .expect("it is a setting")
        .get(0)
}

#[tokio::test]
async fn a_shorter_timeout_of_the_session_is_kept() {
    let pipeline = start().await;
    let writer = pipeline.session().await;
    writer
        .batch_execute("BEGIN; INSERT INTO app.a VALUES (1)")
        .await
        .expect("it can");
    for (settings, milliseconds) in [
        ("SET lock_timeout = '30ms'", 30),
        ("SET deadlock_timeout = '200ms'", 50),
    ] {
        let session = pipeline.session().await;
        session.batch_execute(settings).await.expect("they are");
        let timeout = setting(&session, "lock_timeout").await;
        let error = refused(&session, &install(&TABLES)).await;
        assert!(error.message().contains("app.a"), "{error:?}");
        assert!(
            error
                .detail()
                .is_some_and(|detail| detail.contains(&format!(" {milliseconds} ms."))),
            "{error:?}"
        );
        assert_eq!(setting(&session, "lock_timeout").await, timeout);
    }
    writer.batch_execute("COMMIT").await.expect("it can");
    let session = pipeline.session().await;
    for file in [install(&TABLES), remove(&TABLES)] {
        session
            .batch_execute(&format!("SET lock_timeout = '77s'; BEGIN; {file}"))
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(setting(&session, "lock_timeout").await, "77s");
        session.batch_execute("COMMIT").await.expect("it can");
    }
}

/// A dashboard that has the status open, and an application.
async fn with_a_dashboard() -> (Arc<Pipeline>, Client, Application) {
    let pipeline = start().await;
    pipeline.run(&install(&TABLES)).await;
    let dashboard = pipeline.session().await;
    dashboard
        .batch_execute("BEGIN; SELECT FROM aurora_trigger.status")
        .await
        .expect("it can be read");
    let application = Application::start(&pipeline).await;
    (pipeline, dashboard, application)
}

#[tokio::test]
async fn nobody_waits_for_a_removal_that_waits_for_a_reader_of_the_status() {
    for how in ["BEGIN;", ""] {
        let (pipeline, dashboard, application) = with_a_dashboard().await;
        let session = pipeline.session().await;
        let remove = remove(&TABLES);
        let mut statements = statements(&remove);
        if how == "BEGIN;" {
            statements = vec![&remove];
        }
        let last = statements.pop().expect("there are some");
        for statement in statements {
            session
                .batch_execute(statement)
                .await
                .unwrap_or_else(|error| panic!("{error:?}"));
        }
        let error = refused(&session, &format!("{how} {last}")).await;
        assert!(error.message().contains("aurora_trigger."), "{error:?}");
        session.batch_execute("ROLLBACK").await.expect("it can");
        let left = if how == "BEGIN;" { 12 } else { 0 };
        assert_eq!(triggers(&session).await.len(), left);
        let load = application.stop().await;
        assert_eq!(load.failures, [""; 0]);
        dashboard.batch_execute("COMMIT").await.expect("it can");
        pipeline
            .run(&format!("TRUNCATE aurora_trigger.queue; {remove}"))
            .await;
    }
}

#[tokio::test]
async fn an_installation_waits_for_a_reader_of_the_status_a_while_only() {
    let (pipeline, dashboard, application) = with_a_dashboard().await;
    let session = pipeline.session().await;
    let error = refused(&session, &install(&TABLES)).await;
    assert!(
        error.message().contains("aurora_trigger.status"),
        "{error:?}"
    );
    assert_eq!(application.stop().await.failures, [""; 0]);
    dashboard.batch_execute("COMMIT").await.expect("it can");
    pipeline.run(&install(&TABLES)).await;
}

#[tokio::test]
async fn an_installation_waits_for_who_alters_a_table_a_while_only() {
    let pipeline = start().await;
    let migration = pipeline.session().await;
    migration
        .batch_execute("BEGIN; ALTER TABLE app.b ADD COLUMN w text")
        .await
        .expect("it can");
    let session = pipeline.session().await;
    let error = refused(&session, &install(&TABLES)).await;
    assert!(error.message().contains("app.b"), "{error:?}");
    migration.batch_execute("COMMIT").await.expect("it can");
    pipeline.run(&install(&TABLES)).await;
}

/// PostgreSQL 12 and older make no key.
#[tokio::test]
async fn an_installation_waits_for_who_changes_the_settings_a_while_only() {
    #[derive(Debug, Deserialize, StreamTrigger)]
    #[stream(table = "app.a", delivery = "outbox")]
    #[expect(dead_code, reason = "only its table matters")]
    struct Masked {
        #[stream(key)]
        id: i64,
        #[stream(mask = "sha256")]
        v: Option<String>,
    }
    let pipeline = start().await;
    if pipeline.server_version().await < 130_000 {
        return;
    }
    pipeline.run(&install(&[A::TABLE])).await;
    let operator = pipeline.session().await;
    operator
        .batch_execute("BEGIN; UPDATE aurora_trigger.settings SET region = region")
        .await
        .expect("it can");
    let session = pipeline.session().await;
    let error = refused(&session, &install(&[Masked::TABLE])).await;
    assert!(
        error.message().contains("aurora_trigger.settings"),
        "{error:?}"
    );
    operator.batch_execute("COMMIT").await.expect("it can");
    pipeline.run(&install(&[Masked::TABLE])).await;
}

#[tokio::test]
async fn an_installation_waits_for_no_drain_and_an_operator_a_while_only() {
    let pipeline = start().await;
    pipeline.run(&install(&TABLES)).await;
    pipeline.run("INSERT INTO app.a VALUES (1)").await;
    pipeline.run("SELECT aurora_trigger.drain()").await;
    let other = pipeline.session().await;
    let session = pipeline.session().await;
    // As a drain does during its call.
    other
        .batch_execute("BEGIN; UPDATE aurora_trigger.lane SET failures = 1")
        .await
        .expect("it can");
    session
        .batch_execute(&format!("SET lock_timeout = '1s'; {}", install(&TABLES)))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    other
        .batch_execute("ROLLBACK; BEGIN; SELECT aurora_trigger.pause('app.a')")
        .await
        .expect("it can");
    let error = error_of(&session, &install(&TABLES)).await;
    assert_eq!(error.code(), &SqlState::LOCK_NOT_AVAILABLE, "{error:?}");
    other.batch_execute("ROLLBACK").await.expect("it can");
    // A session without a timeout waits for a minute at most.
    pipeline
        .run(
            "CREATE TABLE app.noted (lock_timeout text);
             CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 INSERT INTO app.noted VALUES (current_setting('lock_timeout'));
                 RETURN NEW;
             END $$;
             CREATE TRIGGER note BEFORE UPDATE ON aurora_trigger.stream_table
                 FOR EACH ROW EXECUTE FUNCTION app.note()",
        )
        .await;
    pipeline.run(&install(&TABLES)).await;
    let noted = texts(&session, "SELECT lock_timeout FROM app.noted").await;
    assert_eq!(noted, ["1min"; TABLES.len()]);
}

#[tokio::test]
async fn a_change_of_the_lanes_waits_for_no_writer_and_no_writer_for_it() {
    let pipeline = start().await;
    pipeline.run(&install(&TABLES)).await;
    let writer = pipeline.session().await;
    writer
        .batch_execute("BEGIN; INSERT INTO app.a VALUES (-1)")
        .await
        .expect("it can");
    let session = pipeline.session().await;
    session
        .batch_execute("SET lock_timeout = '1ms'; BEGIN; SELECT aurora_trigger.set_lanes(2)")
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    writer
        .batch_execute("INSERT INTO app.a VALUES (-2); COMMIT")
        .await
        .expect("it can");
    session.batch_execute("COMMIT").await.expect("it can");
    let error = error_of(&session, "SELECT aurora_trigger.set_lanes(3)").await;
    assert!(error.message().contains("while events wait"), "{error:?}");
}

/// Whoever waits for its table would wait all that time.
#[tokio::test]
async fn a_migration_that_has_locked_a_table_does_not_wait_for_another_one_again_and_again() {
    let pipeline = start().await;
    let install = install(&TABLES);
    let remove = remove(&TABLES);
    for file in [&install, &remove] {
        let writer = pipeline.session().await;
        writer
            .batch_execute("BEGIN; INSERT INTO app.a VALUES (1)")
            .await
            .expect("it can");
        let session = pipeline.session().await;
        let migration = "BEGIN; ALTER TABLE app.d ADD COLUMN w text;";
        let error = refused(&session, &format!("{migration} {file}")).await;
        assert!(
            ["(tries: 1)", "(tries: 2)"]
                .iter()
                .any(|tries| error.message().ends_with(tries)),
            "{error:?}"
        );
        drop(session);
        writer.batch_execute("ROLLBACK").await.expect("it can");
        pipeline.run(&install).await;
    }
}
