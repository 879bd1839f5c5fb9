//! The SQL as a DBA reads it: the reference app's as a whole, and the part of one small table for each feature.
//!
//! A snapshot is for reading and proves nothing, so each installation here also runs on a server, captures writes, and
//! is removed again.

#![expect(
    dead_code,
    reason = "what the rows hold is compared elsewhere, here it is enough that they arrive"
)]

use aurora_trigger_gen::describe::Delivery;
use aurora_trigger_gen::emit;
use aurora_trigger_gen::{Bytes, ChangeEvent, ChangeStream, PgType, StreamTrigger};
use pipeline_tests::{Pipeline, installation};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use storefront::Storefront;

const NOTES: &str = "CREATE TABLE public.notes (id integer PRIMARY KEY, body text NOT NULL)";
const WRITES: &str = "INSERT INTO public.notes VALUES (1, 'one'), (2, 'two');
    UPDATE public.notes SET body = 'zwei' WHERE id = 2;
    UPDATE public.notes SET body = 'zwei' WHERE id = 2;
    DELETE FROM public.notes WHERE id = 1";
const CHANGES: [&str; 4] = ["created", "created", "updated", "deleted"];

/// Installs the table's triggers over `schema`, writes, expects these changes, and removes it: nothing is left then, and
/// the table can still be written. Gives what there is to read: all of the installation behind what all tables share.
async fn installed<T: StreamTrigger>(schema: &str, writes: &str, expected: &[&str]) -> String {
    let tables = [&T::TABLE];
    let installation = installation(&tables);
    let removal = emit::remove(&tables);
    assert_short_lines(&installation);
    assert_short_lines(&removal);
    let pipeline = Pipeline::start().await;
    // The role is the whole server's. Something else that belongs to it keeps the removal from taking it away from the
    // tests that run at the same time.
    pipeline
        .run("CREATE SCHEMA elsewhere AUTHORIZATION aurora_trigger")
        .await;
    pipeline.run(schema).await;
    pipeline.run_installation(&installation).await;
    pipeline.run(&installation).await;
    let is_kept = T::TABLE.delivery() == Delivery::Outbox;
    if is_kept {
        // One lane, so that all of it is in one order.
        pipeline.run("SELECT aurora_trigger.set_lanes(1)").await;
    }
    pipeline.run(writes).await;
    if is_kept {
        pipeline.drain().await;
    }
    let events = pipeline.take_events::<T>();
    assert_eq!(events.iter().map(in_a_word).collect::<Vec<_>>(), expected);
    // Else it keeps the key of masks.
    let removal = format!("SET aurora_trigger.drop_mask_key = 'yes'; {removal}");
    pipeline.run(&removal).await;
    pipeline.run(&removal).await;
    let left = pipeline
        .session()
        .await
        .query(
            "SELECT tgname::text FROM pg_trigger WHERE tgname LIKE 'aurora%'
            UNION ALL SELECT nspname FROM pg_namespace WHERE nspname = 'aurora_trigger'",
            &[],
        )
        .await
        .expect("the catalogue can be read");
    assert_eq!(left.len(), 0, "{left:?}");
    let start = installation
        .find("-- Every table must fit its struct")
        .expect("an installation checks its tables");
    installation[start..].to_owned()
}

fn in_a_word<T>(event: &ChangeEvent<T>) -> &'static str {
    match event {
        ChangeEvent::Created(_) => "created",
        ChangeEvent::Updated { .. } => "updated",
        ChangeEvent::Deleted(_) => "deleted",
        ChangeEvent::Read(_) => "read",
        ChangeEvent::Truncated => "truncated",
        ChangeEvent::Oversized { .. } => "oversized",
    }
}

fn assert_short_lines(sql: &str) {
    let long: Vec<&str> = sql
        .lines()
        .filter(|line| line.chars().count() > 100)
        .collect();
    assert!(
        long.is_empty(),
        "longer than 100 columns:\n{}",
        long.join("\n")
    );
}

/// Snapshots, named after the feature, without the file's path in front.
macro_rules! assert_readable {
    ($name:literal, $sql:expr) => {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, $sql);
        });
    };
}

#[tokio::test]
async fn the_storefront() {
    const SCHEMA: &str = include_str!("../../storefront/schema.sql");
    let tables = Storefront::TABLES;
    let installation = installation(tables);
    let removal = emit::remove(tables);
    assert_short_lines(&installation);
    assert_short_lines(&removal);
    let pipeline = Pipeline::start().await;
    pipeline
        .run("CREATE SCHEMA elsewhere AUTHORIZATION aurora_trigger")
        .await;
    pipeline.run(SCHEMA).await;
    pipeline.run(&installation).await;
    pipeline
        .run("INSERT INTO sales.customers (name, email) VALUES ('Ada', 'ada@example.com')")
        .await;
    assert_eq!(pipeline.take_changes::<Storefront>().len(), 1);
    pipeline.run(&removal).await;
    pipeline.run("DELETE FROM sales.customers").await;
    assert_eq!(pipeline.take_calls().len(), 0);
    assert_readable!("storefront_install", installation);
    assert_readable!("storefront_remove", removal);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "async", level = "row")]
struct RowLevel {
    #[stream(key)]
    id: i32,
    body: String,
}

#[tokio::test]
async fn level_row() {
    let sql = installed::<RowLevel>(NOTES, WRITES, &CHANGES).await;
    assert_readable!("level_row", sql);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "sync", ops = "insert")]
struct Synchronous {
    #[stream(key)]
    id: i32,
    body: String,
}

#[tokio::test]
async fn delivery_sync() {
    let sql = installed::<Synchronous>(NOTES, WRITES, &CHANGES[..2]).await;
    assert_readable!("delivery_sync", sql);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "outbox")]
struct InTheOutbox {
    #[stream(key)]
    id: i32,
    body: String,
}

#[tokio::test]
async fn delivery_outbox() {
    let sql = installed::<InTheOutbox>(NOTES, WRITES, &CHANGES).await;
    assert_readable!("delivery_outbox", sql);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "commit")]
struct SentAtCommit {
    #[stream(key)]
    id: i32,
    body: String,
}

#[tokio::test]
async fn delivery_commit() {
    let sql = installed::<SentAtCommit>(NOTES, WRITES, &CHANGES).await;
    assert_readable!("delivery_commit", sql);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(
    table = "public.notes",
    delivery = "async",
    on_failure = "abort",
    ops = "insert"
)]
struct Aborting {
    #[stream(key)]
    id: i32,
    body: String,
}

#[tokio::test]
async fn on_failure_abort() {
    let sql = installed::<Aborting>(NOTES, WRITES, &CHANGES[..2]).await;
    assert_readable!("on_failure_abort", sql);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(
    table = "public.notes",
    delivery = "async",
    when = "body <> 'one'\n-- and nothing else"
)]
struct Chosen {
    #[stream(key)]
    id: i32,
    body: String,
}

#[tokio::test]
async fn when() {
    let sql = installed::<Chosen>(NOTES, WRITES, &["created", "updated"]).await;
    assert_readable!("when", sql);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(
    table = "public.notes",
    delivery = "async",
    level = "row",
    when = "body <> 'one'"
)]
struct ChosenByRow {
    #[stream(key)]
    id: i32,
    body: String,
}

#[tokio::test]
async fn when_with_level_row() {
    let sql = installed::<ChosenByRow>(NOTES, WRITES, &["created", "updated"]).await;
    assert_readable!("when_with_level_row", sql);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "async", ops = "insert")]
struct Skipping {
    #[stream(key)]
    id: i32,
    #[stream(skip)]
    #[serde(default)]
    body: String,
}

#[tokio::test]
async fn skip() {
    let sql = installed::<Skipping>(NOTES, WRITES, &CHANGES[..2]).await;
    assert_readable!("skip", sql);
}

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "public.mood")]
#[serde(rename_all = "snake_case")]
enum Mood {
    Fine,
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.people", delivery = "async", ops = "insert")]
struct Masked {
    #[stream(key)]
    id: i32,
    #[stream(mask = "redact")]
    name: Option<String>,
    #[stream(mask = "last4")]
    email: String,
    #[stream(mask = "sha256")]
    phone: Option<String>,
    #[stream(mask_sql = "left(value, 1) || '***'")]
    nickname: Option<String>,
    #[stream(mask = "redact")]
    mood: Mood,
    #[stream(sql_type = "pg_catalog.inet", encoding = "text", mask = "last4")]
    address: String,
}

#[tokio::test]
async fn masks() {
    let sql = installed::<Masked>(
        "CREATE TYPE public.mood AS ENUM ('fine', 'foul');
        CREATE TABLE public.people (
            id integer PRIMARY KEY, name text, email varchar NOT NULL, phone text, nickname text, mood public.mood NOT NULL,
            address inet NOT NULL
        )",
        "INSERT INTO public.people VALUES (1, NULL, 'a@example.org', '555', 'Bo', 'foul', '10.0.0.1')",
        &["created"],
    )
    .await;
    assert_readable!("masks", sql);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(
    table = "public.notes",
    delivery = "async",
    key = "none",
    partition_by = "id, body"
)]
struct Keyless {
    id: Option<i32>,
    body: Option<String>,
}

#[tokio::test]
async fn key_none() {
    let schema = "CREATE TABLE public.notes (id integer, body text)";
    // The columns that it is spread by are all that there is to tell a row by: another text is another row.
    let expected = ["created", "created", "deleted", "created", "deleted"];
    let sql = installed::<Keyless>(schema, WRITES, &expected).await;
    assert_readable!("key_none", sql);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "async", ops = "insert, truncate")]
struct Truncating {
    #[stream(key)]
    id: i32,
    body: String,
}

#[tokio::test]
async fn ops_insert_truncate() {
    let writes = format!("{WRITES}; TRUNCATE public.notes");
    let expected = ["created", "created", "truncated"];
    let sql = installed::<Truncating>(NOTES, &writes, &expected).await;
    assert_readable!("ops_insert_truncate", sql);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "async", unchanged = "emit")]
struct Unchanged {
    #[stream(key)]
    id: i32,
    body: String,
}

#[tokio::test]
async fn unchanged_emit() {
    let expected = ["created", "created", "updated", "updated", "deleted"];
    let sql = installed::<Unchanged>(NOTES, WRITES, &expected).await;
    assert_readable!("unchanged_emit", sql);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(
    table = "public.notes",
    delivery = "async",
    oversize = "dead_letter",
    ops = "insert"
)]
struct Kept {
    #[stream(key)]
    id: i32,
    body: String,
}

#[tokio::test]
async fn oversize_dead_letter() {
    let sql = installed::<Kept>(NOTES, WRITES, &CHANGES[..2]).await;
    assert_readable!("oversize_dead_letter", sql);
}

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "public.money_amount")]
struct Money {
    amount: Decimal,
    currency: Option<String>,
}

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "public.invoice_line")]
struct Line {
    product: String,
    price: Option<Money>,
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.invoices", delivery = "async", ops = "insert")]
struct Invoice {
    #[stream(key)]
    id: i32,
    total: Money,
    lines: Option<Vec<Line>>,
}

#[tokio::test]
async fn composite_types() {
    let sql = installed::<Invoice>(
        "CREATE TYPE public.money_amount AS (amount numeric, currency text);
        CREATE TYPE public.invoice_line AS (
            product text, price public.money_amount
        );
        CREATE TABLE public.invoices (
            id integer PRIMARY KEY, total public.money_amount NOT NULL, lines public.invoice_line[]
        )",
        "INSERT INTO public.invoices VALUES
            (1, (1.10, NULL), NULL),
            (2, (1.10, 'EUR'), ARRAY[('a', NULL), ('b', (1.10, 'EUR'))]::public.invoice_line[])",
        &["created", "created"],
    )
    .await;
    assert_readable!("composite_types", sql);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.lists", delivery = "async", ops = "insert")]
struct Lists {
    #[stream(key)]
    id: i32,
    tags: Vec<String>,
    moods: Vec<Mood>,
    amounts: Option<Vec<Option<Decimal>>>,
    board: Vec<Vec<i16>>,
    hashes: Vec<Bytes>,
}

#[tokio::test]
async fn arrays() {
    let sql = installed::<Lists>(
        "CREATE TYPE public.mood AS ENUM ('fine', 'foul');
        CREATE TABLE public.lists (
            id integer PRIMARY KEY, tags text[] NOT NULL, moods public.mood[] NOT NULL,
            amounts numeric[], board int2[] NOT NULL, hashes bytea[] NOT NULL
        )",
        r"INSERT INTO public.lists
        VALUES (1, '{a}', '{fine,foul}', '{1.10,NULL}', '{{1,2},{3,4}}', '{\\x00ff}')",
        &["created"],
    )
    .await;
    assert_readable!("arrays", sql);
}

#[derive(Debug, Serialize, Deserialize, StreamTrigger)]
#[stream(
    table = "\"Odd Schema\".\"select\"\"'s\"",
    delivery = "async",
    ops = "insert"
)]
struct Odd {
    #[stream(key, column = "primary\nkey")]
    id: i32,
    #[serde(rename = "back\\slash")]
    #[stream(column = "$body$\\")]
    text: String,
    #[stream(column = "ключ")]
    r#type: Option<String>,
}

#[tokio::test]
async fn odd_names() {
    let sql = installed::<Odd>(
        "CREATE SCHEMA \"Odd Schema\";
        CREATE TABLE \"Odd Schema\".\"select\"\"'s\" (
            \"primary\nkey\" integer PRIMARY KEY, \"$body$\\\" text NOT NULL, \"ключ\" text
        )",
        "INSERT INTO \"Odd Schema\".\"select\"\"'s\" VALUES (1, 'one', NULL)",
        &["created"],
    )
    .await;
    assert_readable!("odd_names", sql);
}
