//! `\u0000` in a `json` column, which PostgreSQL stores and then refuses to take apart.

use aurora_trigger_gen::{ChangeEvent, ChangeStream, StreamTrigger};
use pipeline_tests::{Only, Pipeline};
use relay_lambda::local::Fault;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Client;

use crate::run;

/// Makes a struct of the table that is sent in this way.
macro_rules! document {
    ($name:ident, $($option:ident = $value:literal),+) => {
        #[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
        #[stream(table = "shop.documents", $($option = $value),+)]
        struct $name {
            #[stream(key)]
            id: i32,
            #[stream(key)]
            part: String,
            document: Value,
        }
    };
}

document!(Kept, delivery = "outbox");
document!(
    KeptAfterAFailure,
    delivery = "async",
    on_failure = "outbox",
    level = "row"
);
document!(Called, delivery = "async", on_failure = "abort");

const DOCUMENTS: &str = "
    CREATE SCHEMA shop;
    CREATE TABLE shop.documents (id integer, part text, document json NOT NULL, PRIMARY KEY (id, part));
";

async fn start<T: StreamTrigger>() -> (Pipeline, Client) {
    let pipeline = Pipeline::installed(DOCUMENTS, Only::<T>::TABLES).await;
    let session = pipeline.session().await;
    (pipeline, session)
}

/// A row with the character, one that looks as if, and one that is too big for a call.
const WRITES: &str = r#"
    INSERT INTO shop.documents VALUES (1, '\', '{"a\u0000": "\u0000"}'), (2, '"', '"\\u0000"');
    UPDATE shop.documents SET document = '"b\u0000\\\u0000"' WHERE id = 1;
    UPDATE shop.documents SET document = to_json(repeat('x', 6100000) || chr(1)) WHERE id = 1;
    UPDATE shop.documents SET document = ('"\u0000' || repeat('x', 6100000) || '"')::json WHERE id = 1;
    DELETE FROM shop.documents;
"#;

/// What a consumer reads of them: an event each, in words.
const EVENTS: [&str; 7] = [
    r#"created 1 {"a\u0000":"\u0000"}"#,
    r#"created 2 "\\u0000""#,
    r#"updated 1 {"a\u0000":"\u0000"} to "b\u0000\\\u0000""#,
    r#"oversized (1, "\\")"#,
    r#"oversized (1, "\\")"#,
    r#"deleted 2 "\\u0000""#,
    r#"oversized (1, "\\")"#,
];

macro_rules! in_words {
    ($events:expr) => {
        $events
            .into_iter()
            .map(|event| match event {
                ChangeEvent::Created(row) => format!("created {} {}", row.id, row.document),
                ChangeEvent::Updated { before, after } => {
                    format!(
                        "updated {} {} to {}",
                        row_id(before.id, after.id),
                        before.document,
                        after.document
                    )
                }
                ChangeEvent::Deleted(row) => format!("deleted {} {}", row.id, row.document),
                ChangeEvent::Oversized { key, .. } => format!("oversized {:?}", key.typed()),
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
    };
}

fn row_id(before: i32, after: i32) -> i32 {
    assert_eq!(before, after);
    after
}

#[tokio::test]
async fn events_in_the_outbox_are_reduced_and_sent() {
    let (pipeline, session) = start::<Kept>().await;
    run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
    run(&session, WRITES).await;
    pipeline.drain().await;
    assert_eq!(in_words!(pipeline.take_events::<Kept>()), EVENTS);
}

#[tokio::test]
async fn a_call_that_fails_keeps_them() {
    let (pipeline, session) = start::<KeptAfterAFailure>().await;
    run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
    pipeline.endpoint().faults().fail_all(Fault::Throttle);
    run(&session, WRITES).await;
    pipeline.endpoint().faults().clear();
    pipeline.drain().await;
    assert_eq!(
        in_words!(pipeline.take_events::<KeptAfterAFailure>()),
        EVENTS
    );
}

#[tokio::test]
async fn a_call_has_the_key_of_what_is_too_big() {
    let (pipeline, session) = start::<Called>().await;
    run(&session, WRITES).await;
    assert_eq!(in_words!(pipeline.take_events::<Called>()), EVENTS);
}

/// The rows of a transaction that is cut into calls are told apart by their keys.
#[tokio::test]
async fn a_transaction_of_several_calls_stays_in_order() {
    let (pipeline, session) = start::<Kept>().await;
    run(
        &session,
        r#"SELECT aurora_trigger.set_lanes(1);
           UPDATE aurora_trigger.lane SET call_bytes = 300;
           BEGIN;
           INSERT INTO shop.documents VALUES (1, 'a', '"\u0000"'), (1, 'b', '"\u0000"');
           UPDATE shop.documents SET document = '"\u0000\u0000"';
           COMMIT;"#,
    )
    .await;
    pipeline.drain().await;
    let calls = pipeline.take_calls();
    assert!(calls.len() > 1);
    assert_eq!(
        in_words!(pipeline_tests::events_in::<Kept>(&calls)),
        [
            r#"created 1 "\u0000""#,
            r#"created 1 "\u0000""#,
            r#"updated 1 "\u0000" to "\u0000\u0000""#,
            r#"updated 1 "\u0000" to "\u0000\u0000""#,
        ]
    );
}
