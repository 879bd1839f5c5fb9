//! What becomes of writes when the table is migrated and its struct is not.

use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger};
use pipeline_tests::{Pipeline, error_of};
use serde::Deserialize;

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "async")]
#[expect(dead_code, reason = "only its table matters")]
struct WarnedNote {
    #[stream(key)]
    id: i64,
    text: String,
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.contracts", delivery = "async", on_failure = "abort")]
#[expect(dead_code, reason = "only its table matters")]
struct AbortedContract {
    #[stream(key)]
    id: i64,
    text: String,
}

#[derive(Debug, ChangeStream)]
#[expect(dead_code, reason = "only the tables matter")]
enum Notes {
    Note(Change<WarnedNote>),
    Contract(Change<AbortedContract>),
}

async fn migrated() -> Pipeline {
    let pipeline = Pipeline::start().await;
    pipeline
        .run(
            "CREATE TABLE notes (id bigint PRIMARY KEY, text text NOT NULL);
             CREATE TABLE contracts (id bigint PRIMARY KEY, text text NOT NULL)",
        )
        .await;
    pipeline.install::<Notes>().await;
    pipeline
        .run("ALTER TABLE notes DROP COLUMN text; ALTER TABLE contracts DROP COLUMN text")
        .await;
    pipeline
}

#[tokio::test]
async fn a_dropped_column_does_not_break_the_writes_of_a_table_that_warns() {
    let pipeline = migrated().await;
    pipeline
        .run("INSERT INTO notes VALUES (1); UPDATE notes SET id = 2; DELETE FROM notes")
        .await;
    assert_eq!(pipeline.take_calls().len(), 0);
}

#[tokio::test]
async fn a_dropped_column_breaks_the_writes_of_a_table_that_aborts() {
    let pipeline = migrated().await;
    let session = pipeline.session().await;
    let error = error_of(&session, "INSERT INTO contracts VALUES (1)").await;
    assert!(error.message().contains("text"), "{error:?}");
}

#[tokio::test]
async fn an_added_column_changes_nothing() {
    let pipeline = Pipeline::start().await;
    pipeline
        .run(
            "CREATE TABLE notes (id bigint PRIMARY KEY, text text NOT NULL);
             CREATE TABLE contracts (id bigint PRIMARY KEY, text text NOT NULL)",
        )
        .await;
    pipeline.install::<Notes>().await;
    pipeline
        .run(
            "INSERT INTO notes VALUES (1, 'a');
             ALTER TABLE notes ADD COLUMN new_row text, ADD COLUMN image text;
             INSERT INTO notes VALUES (2, 'b', 'c', 'd')",
        )
        .await;
    let changes = pipeline.take_changes::<Notes>();
    let texts: Vec<String> = changes.iter().map(|change| format!("{change:?}")).collect();
    assert_eq!(texts.len(), 2);
    assert!(
        texts[1].contains(r#"Created(WarnedNote { id: 2, text: "b" })"#),
        "{texts:?}"
    );
}
