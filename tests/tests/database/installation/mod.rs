//! The installation as a DBA runs it: in a transaction and without one, again and again, halfway, and against sessions
//! that write meanwhile.

mod again;
mod interrupted;
mod meanwhile;

use aurora_trigger_gen::{ChangeStream, StreamTrigger, emit};
use pipeline_tests::{Only, Pipeline, error_of, installation};
use serde::Deserialize;
use storefront::Storefront;
use tokio_postgres::Client;

const SCHEMA: &str = include_str!("../../../storefront/schema.sql");

/// Writes of every kind to every table of the reference app.
const WRITES: &str = "
    INSERT INTO sales.customers (name, email) VALUES ('Ada', 'ada@example.org');
    UPDATE sales.customers SET name = 'Ada Lovelace';
    INSERT INTO sales.orders (id, customer_id, total, shipping)
        SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', max(id), 1.10, '{\"street\": \"\", \"town\": \"\"}'
        FROM sales.customers;
    UPDATE sales.orders SET status = 'paid';
    INSERT INTO sales.order_items VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1, 'cup', 1);
    UPDATE sales.order_items SET quantity = 2;
    DELETE FROM sales.orders;
    DELETE FROM sales.customers;
    INSERT INTO testing_rds_trigger (id) VALUES (1);
    UPDATE testing_rds_trigger SET name = 'Joan';
    DELETE FROM testing_rds_trigger;
    TRUNCATE testing_rds_trigger;
";

/// The number of changes that they make.
const CHANGES: usize = 13;

/// The installation, configured.
async fn start() -> Pipeline {
    let pipeline = Pipeline::start().await;
    pipeline.run(SCHEMA).await;
    pipeline
}

async fn assert_complete(pipeline: &Pipeline) {
    pipeline.drain().await;
    drop(pipeline.take_calls());
    pipeline.run(WRITES).await;
    pipeline.drain().await;
    let changes = pipeline.take_changes::<Storefront>();
    assert_eq!(changes.len(), CHANGES, "{changes:#?}");
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "async", on_failure = "abort")]
struct Note {
    #[stream(key)]
    id: i32,
}

async fn start_with_notes() -> Pipeline {
    let pipeline = Pipeline::start().await;
    pipeline
        .run("CREATE TABLE public.notes (id integer PRIMARY KEY)")
        .await;
    pipeline
}

/// A note comes and goes, and so many calls are made.
async fn assert_calls(pipeline: &Pipeline, session: &Client, expected: usize) {
    session
        .batch_execute("INSERT INTO notes VALUES (1); UPDATE notes SET id = 2; DELETE FROM notes;")
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(pipeline.take_calls().len(), expected);
}

#[tokio::test]
async fn psql_installs_it_in_one_transaction_and_without_one_and_again() {
    for options in [&["--single-transaction"][..], &[]] {
        let pipeline = start().await;
        for _ in 0..2 {
            let output = pipeline.psql(options, &installation(Storefront::TABLES));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
            // A DBA who reads a WARNING or NOTICE each time no longer reads the one that matters.
            assert!(
                !said.contains("WARNING") && !said.contains("NOTICE"),
                "{said}"
            );
        }
        assert_complete(&pipeline).await;
    }
}

#[tokio::test]
async fn it_is_one_migration_inside_of_a_transaction_and_gone_after_its_rollback() {
    let pipeline = start().await;
    let session = pipeline.session().await;
    session
        .batch_execute(&format!(
            "BEGIN; {}; ROLLBACK",
            installation(Storefront::TABLES)
        ))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    pipeline.run(WRITES).await;
    assert_eq!(pipeline.take_calls().len(), 0);

    session
        .batch_execute(&format!(
            "BEGIN; {}; COMMIT",
            installation(Storefront::TABLES)
        ))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_complete(&pipeline).await;
}

#[test]
fn the_text_is_the_same_each_time() {
    assert_eq!(
        installation(Storefront::TABLES),
        installation(Storefront::TABLES)
    );
    assert_eq!(
        emit::remove(Storefront::TABLES),
        emit::remove(Storefront::TABLES)
    );
}

#[tokio::test]
async fn until_the_relay_is_named_writes_go_on_with_a_warning() {
    let pipeline = start_with_notes().await;
    let (session, notices) = pipeline.listening_session().await;
    session
        .batch_execute(&emit::install(&[&Note::TABLE], None))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let said: Vec<String> = notices
        .take_warnings()
        .iter()
        .map(|w| w.message().to_owned())
        .collect();
    assert_eq!(
        said,
        ["aurora_trigger: nothing is captured until you name the relay"]
    );
    assert_calls(&pipeline, &session, 0).await;
    assert_eq!(notices.take_warnings().len(), 3);
    session
        .batch_execute("SELECT aurora_trigger.configure('relay')")
        .await
        .expect("a superuser may");
    assert_calls(&pipeline, &session, 3).await;

    // A later run keeps what was configured, and has nothing to warn of.
    session
        .batch_execute(&emit::install(&[&Note::TABLE], None))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_calls(&pipeline, &session, 3).await;
    assert_eq!(notices.take_warnings().len(), 0);
}

/// To try again is no help where the row is lost for good.
#[tokio::test]
async fn without_settings_a_write_that_must_be_captured_fails() {
    let pipeline = start_with_notes().await;
    pipeline.install::<Only<Note>>().await;
    pipeline.run("TRUNCATE aurora_trigger.settings").await;
    let session = pipeline.session().await;
    let error = error_of(&session, "INSERT INTO notes VALUES (1)").await;
    assert_eq!(
        error.message(),
        "aurora_trigger: the changes of public.notes can't be sent, since the table aurora_trigger.settings is empty"
    );
    assert_ne!(error.code().code(), "40001");
    pipeline.install::<Only<Note>>().await;
    assert_calls(&pipeline, &session, 3).await;
}

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "public.words",
    delivery = "async",
    on_failure = "abort",
    when = "word = 'é'"
)]
struct Word {
    #[stream(key)]
    word: String,
}

#[tokio::test]
async fn a_file_with_other_letters_is_refused_by_a_session_that_reads_them_otherwise() {
    let pipeline = Pipeline::start().await;
    pipeline
        .run("CREATE TABLE words (word text PRIMARY KEY)")
        .await;
    let table = Word::TABLE;
    let install = installation(&[&table]);
    let output = pipeline.psql(&[], &format!("SET client_encoding = 'WIN1252';\n{install}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("reads it as WIN1252"), "{said}");
    assert!(said.contains("PGCLIENTENCODING=UTF8"), "{said}");
    let output = pipeline.psql(&[], &install);
    assert!(output.status.success(), "{output:?}");
    pipeline.run("INSERT INTO words VALUES ('é'), ('e')").await;
    let created = aurora_trigger_gen::ChangeEvent::Created(Box::new(Word {
        word: "é".to_owned(),
    }));
    assert_eq!(pipeline.take_events::<Word>(), [created]);
    // ASCII is the same to all.
    let ascii = installation(&[&table.with_when("word <> 'e'")]);
    let output = pipeline.psql(&[], &format!("SET client_encoding = 'WIN1252';\n{ascii}"));
    assert!(output.status.success(), "{output:?}");
}
