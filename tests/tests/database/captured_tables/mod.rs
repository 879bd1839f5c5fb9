//! The registry of captured tables, and the view that compares it with the triggers.

mod apps;
mod left_the_stream;
mod levels;
mod renamed;

use aurora_trigger_gen::describe::{ColumnDesc, Delivery, KeyDesc, TableDesc};
use aurora_trigger_gen::{ChangeEvent, PgType, StreamTrigger, emit};
use pipeline_tests::{Pipeline, texts};
use serde::Deserialize;
use tokio_postgres::Client;

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "app.a", delivery = "async", on_failure = "abort")]
struct A {
    #[stream(key)]
    id: i64,
}

/// The same rows in a table of another name.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "app.b", delivery = "async", on_failure = "abort")]
struct B {
    #[stream(key)]
    id: i64,
}

const SCHEMA: &str = "CREATE SCHEMA app; CREATE TABLE app.a (id bigint PRIMARY KEY);";

const COLUMNS: &[ColumnDesc] = &[ColumnDesc::new("id", "id", "id", &i64::TYPE).with_key()];

/// The table of `A`, as a struct of another app has it.
const FOREIGN_A: TableDesc = TableDesc::new(
    "billing::Entry",
    "app",
    "a",
    COLUMNS,
    KeyDesc::Columns,
    Delivery::Async,
);

/// A table of another app.
const FOREIGN_B: TableDesc = TableDesc::new(
    "billing::Line",
    "app",
    "b",
    COLUMNS,
    KeyDesc::Columns,
    Delivery::Async,
);

async fn start(sql: &str) -> (Pipeline, Client) {
    let pipeline = Pipeline::start().await;
    pipeline.run(sql).await;
    let session = pipeline.session().await;
    (pipeline, session)
}

async fn run(session: &Client, sql: &str) {
    session
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// What an installation of these tables says beside its answers, but that no relay is named and which tables are
/// captured.
async fn said(pipeline: &Pipeline, tables: &[&TableDesc]) -> Vec<String> {
    let mut said = all_said(pipeline, tables).await;
    said.retain(|notice| {
        [
            "until you name the relay",
            "is captured (",
            "is not captured (",
        ]
        .iter()
        .all(|part| !notice.contains(part))
    });
    said
}

async fn all_said(pipeline: &Pipeline, tables: &[&TableDesc]) -> Vec<String> {
    let (session, notices) = pipeline.listening_session().await;
    run(&session, &emit::install(tables, None)).await;
    notices
        .take()
        .iter()
        .map(|notice| format!("{}: {}", notice.severity(), notice.message()))
        .collect()
}

/// All triggers of ours, with their tables.
async fn triggers(session: &Client) -> Vec<String> {
    texts(
        session,
        "SELECT format('%s: %s %s', t.tgrelid::regclass, t.tgname, p.proname)
         FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
         WHERE p.pronamespace = 'aurora_trigger'::regnamespace AND NOT t.tgisinternal
         ORDER BY 1",
    )
    .await
}

/// The functions of tables.
async fn functions(session: &Client) -> Vec<String> {
    texts(
        session,
        "SELECT proname::text FROM pg_proc
         WHERE pronamespace = 'aurora_trigger'::regnamespace AND proname LIKE 'app\\_%' ORDER BY 1",
    )
    .await
}

/// What the view says of each table.
async fn status(session: &Client) -> Vec<String> {
    texts(
        session,
        "SELECT format(
             '%s.%s of %s%s: %s',
             schema_name, table_name, coalesce(app, 'nobody'),
             CASE WHEN app IS NULL OR installed_at <= now() THEN '' ELSE ' not yet' END,
             CASE WHEN captured THEN 'captured' ELSE 'not captured' END || coalesce(', ' || problem, '')
         )
         FROM aurora_trigger.capture_status ORDER BY 1",
    )
    .await
}

fn created<T>(row: T) -> ChangeEvent<T> {
    ChangeEvent::Created(Box::new(row))
}

#[tokio::test]
async fn an_installation_says_of_every_table_whether_it_is_captured() {
    let (pipeline, session) = start(SCHEMA).await;
    run(&session, "CREATE TABLE app.b (id bigint PRIMARY KEY)").await;
    pipeline.install_tables(&[&FOREIGN_B]).await;
    run(
        &session,
        "ALTER TABLE app.b DISABLE TRIGGER aurora_trigger_insert",
    )
    .await;
    let mut said = all_said(&pipeline, &[&A::TABLE]).await;
    let state = said.split_off(said.len() - 2);
    assert!(
        state[0].starts_with("INFO: aurora_trigger: app.a is captured (app database, since 20"),
        "{state:?}"
    );
    assert!(
        state[1]
            .starts_with("NOTICE: aurora_trigger: app.b is not captured (app billing, since 20")
            && state[1].ends_with(", trigger aurora_trigger_insert is disabled)"),
        "{state:?}"
    );
    assert!(
        said.iter().all(|notice| !notice.contains("app.b")),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_monitoring_role_sees_what_is_captured() {
    let (pipeline, session) = start(SCHEMA).await;
    pipeline.install_tables(&[&A::TABLE]).await;
    run(&session, "DROP TRIGGER aurora_trigger_insert ON app.a").await;
    run(
        &session,
        "SET ROLE pg_monitor; SET search_path = pg_catalog",
    )
    .await;
    assert_eq!(
        status(&session).await,
        ["app.a of database: not captured, no trigger for INSERT"]
    );
}
