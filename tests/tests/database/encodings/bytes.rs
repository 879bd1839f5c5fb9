//! Bytes that an encoding takes and that stand for no letter, so that no UTF-8 tells them.

use aurora_trigger_gen::describe::{Delivery, Level, OnFailure};
use aurora_trigger_gen::{ChangeEvent, StreamTrigger};
use pipeline_tests::Pipeline;
use relay_lambda::local::Fault;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Client;

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.pages", delivery = "outbox")]
struct Page {
    #[stream(key)]
    id: i32,
    text: String,
}

/// Such bytes, as an expression.
const ENCODINGS: [(&str, &str); 2] = [
    ("WIN1252", "chr(129)"),
    ("EUC_JP", "convert_from(decode('a9a1', 'hex'), 'EUC_JP')"),
];

async fn start(
    encoding: &str,
    level: Level,
    delivery: Delivery,
    on_failure: OnFailure,
) -> (Pipeline, Client) {
    let pipeline = Pipeline::start_in(encoding).await;
    pipeline
        .run("CREATE TABLE pages (id integer PRIMARY KEY, text text NOT NULL)")
        .await;
    let table = Page::TABLE
        .with_level(level)
        .with_delivery(delivery)
        .with_on_failure(on_failure);
    pipeline.install_tables(&[&table]).await;
    if table.on_failure() == OnFailure::Outbox {
        pipeline.run("SELECT aurora_trigger.set_lanes(1)").await;
    }
    let session = pipeline.session().await;
    (pipeline, session)
}

/// Three rows, the second one with the bytes, and that often an x behind them.
fn write(bytes: &str, length: usize) -> String {
    format!("INSERT INTO pages VALUES (1, 'a'), (2, {bytes} || repeat('x', {length})), (3, 'b')")
}

fn ids(pipeline: &Pipeline) -> Vec<i32> {
    pipeline
        .take_events::<Page>()
        .into_iter()
        .map(|event| match event {
            ChangeEvent::Created(row) => row.id,
            other => panic!("rows are only inserted: {other:?}"),
        })
        .collect()
}

fn reason(encoding: &str) -> String {
    format!("a text holds a byte that stands for no letter in {encoding}, so no UTF-8 tells it")
}

/// A call's fill, and more than it.
const LENGTHS: [usize; 2] = [0, 300_000];

#[tokio::test]
async fn with_an_outbox_the_others_go_and_it_is_a_dead_letter() {
    for (encoding, bytes) in ENCODINGS {
        for (delivery, level) in [
            (Delivery::Outbox, Level::Statement),
            (Delivery::Commit, Level::Statement),
            (Delivery::Async, Level::Statement),
            (Delivery::Async, Level::Row),
        ] {
            let (pipeline, session) = start(encoding, level, delivery, OnFailure::Outbox).await;
            for length in LENGTHS {
                session
                    .batch_execute(&write(bytes, length))
                    .await
                    .unwrap_or_else(|error| panic!("{encoding}, {delivery:?}: {error:?}"));
                if delivery == Delivery::Commit {
                    assert_eq!(ids(&pipeline), [1, 3], "{encoding}");
                    pipeline.drain().await;
                    assert_eq!(pipeline.take_calls().len(), 0);
                } else {
                    pipeline.drain().await;
                    let mut sent = ids(&pipeline);
                    sent.sort_unstable();
                    assert_eq!(sent, [1, 3], "{encoding}, {delivery:?}, {length}");
                }
                let letter = session
                    .query_one(
                        "SELECT reason, length(event -> 'after' ->> 'text')
                         FROM aurora_trigger.dead_letter",
                        &[],
                    )
                    .await
                    .expect("it is the only one");
                assert_eq!(letter.get::<_, String>(0), reason(encoding));
                let kept = usize::try_from(letter.get::<_, i32>(1)).expect("it is a length");
                assert_eq!(kept, 1 + length, "it is kept whole");
                session
                    .batch_execute("TRUNCATE pages; DELETE FROM aurora_trigger.dead_letter")
                    .await
                    .unwrap_or_else(|error| panic!("{error:?}"));
            }
        }
    }
}

#[tokio::test]
async fn where_a_call_is_made_in_the_statement_it_fails() {
    for (encoding, bytes) in ENCODINGS {
        for (delivery, level, on_failure) in [
            (Delivery::Async, Level::Statement, OnFailure::Abort),
            (Delivery::Sync, Level::Row, OnFailure::Abort),
            (Delivery::Async, Level::Statement, OnFailure::Warn),
            (Delivery::Async, Level::Row, OnFailure::Warn),
        ] {
            let (pipeline, _) = start(encoding, level, delivery, on_failure).await;
            let (session, notices) = pipeline.listening_session().await;
            for length in LENGTHS {
                let written = session.batch_execute(&write(bytes, length)).await;
                let words = format!(
                    "a text of public.pages holds a byte that stands for no letter in {encoding}, so no UTF-8 tells it"
                );
                let warnings = notices.take_warnings();
                if on_failure == OnFailure::Warn {
                    written.unwrap_or_else(|error| panic!("{encoding}, {delivery:?}: {error:?}"));
                    assert_eq!(warnings.len(), 1);
                    assert_eq!(warnings[0].code().code(), "22P05");
                    assert!(warnings[0].message().ends_with(&words), "{:?}", warnings[0]);
                } else {
                    let error = written.expect_err("its event would be lost");
                    let error = error.as_db_error().expect("the server says it");
                    assert_eq!(error.code().code(), "22P05");
                    assert_eq!(error.message(), format!("aurora_trigger: {words}"));
                    assert!(error.hint().is_some());
                }
                // What is not in its call goes.
                let sent = match (on_failure, level, length) {
                    (OnFailure::Warn, Level::Row, _) => vec![1, 3],
                    (_, Level::Row, _) => vec![1],
                    (OnFailure::Warn, _, 0) => Vec::new(),
                    (OnFailure::Warn, ..) => vec![1, 3],
                    (_, _, 0) => Vec::new(),
                    _ => vec![1],
                };
                assert_eq!(
                    ids(&pipeline),
                    sent,
                    "{encoding}, {delivery:?}, {level:?}, {length}"
                );
                session
                    .batch_execute("TRUNCATE pages")
                    .await
                    .unwrap_or_else(|error| panic!("{error:?}"));
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.pages", delivery = "async", on_failure = "abort")]
struct HiddenPage {
    #[stream(key)]
    id: i32,
    #[stream(mask = "sha256")]
    text: String,
}

#[tokio::test]
async fn a_hash_is_of_the_bytes_then() {
    for (encoding, bytes) in ENCODINGS {
        let pipeline = Pipeline::start_in(encoding).await;
        pipeline
            .run("CREATE TABLE pages (id integer PRIMARY KEY, text text NOT NULL); CREATE EXTENSION pgcrypto")
            .await;
        pipeline.install_tables(&[&HiddenPage::TABLE]).await;
        let key = "decode(repeat('0f5aa7', 11), 'hex')";
        pipeline
            .run(&format!(
                "SELECT aurora_trigger.set_mask_key({key}); {}",
                write(bytes, 1)
            ))
            .await;
        let hash: String = pipeline
            .session()
            .await
            .query_one(
                &format!(
                    "SELECT encode(hmac(convert_to({bytes} || 'x', '{encoding}'), {key}, 'sha256'), 'hex')"
                ),
                &[],
            )
            .await
            .expect("it is the oracle")
            .get(0);
        let hashes: Vec<String> = pipeline
            .take_events::<HiddenPage>()
            .into_iter()
            .map(|event| match event {
                ChangeEvent::Created(row) => row.text,
                other => panic!("rows are only inserted: {other:?}"),
            })
            .collect();
        assert_eq!(hashes.len(), 3);
        assert_eq!(hashes[1], hash, "{encoding}");
    }
}

/// A reason in letters that the database lacks, as the relay writes it.
#[tokio::test]
async fn a_reason_in_other_letters_is_kept() {
    let (pipeline, session) = start(
        "LATIN1",
        Level::Statement,
        Delivery::Outbox,
        OnFailure::Outbox,
    )
    .await;
    session
        .batch_execute("INSERT INTO pages VALUES (1, 'a')")
        .await
        .expect("the table is there");
    session
        .query("SELECT aurora_trigger.drain()", &[])
        .await
        .expect("it is collected");
    let seq: i64 = session
        .query_one(
            "SELECT e.seq
             FROM aurora_trigger.batch AS b, aurora_trigger.batch_events(ARRAY[b.lane], ARRAY[b.place]) AS e",
            &[],
        )
        .await
        .expect("there is one")
        .get(0);
    pipeline.answer(&format!(
        r#"{{"accepted":0,"refused":[{{"seq":{seq},"reason":"at `\\\u540d`: no"}}]}}"#
    ));
    pipeline.drain().await;
    let reason: String = session
        .query_one("SELECT reason FROM aurora_trigger.dead_letter", &[])
        .await
        .expect("it is refused")
        .get(0);
    assert_eq!(reason, r"at `\\u540d`: no");
}

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "outbox")]
struct Note {
    #[stream(key)]
    id: i32,
    document: Value,
}

/// In a `json` column a letter can be written that the database has not, and PostgreSQL can't read it there.
#[tokio::test]
async fn an_escape_of_a_letter_that_the_encoding_lacks_arrives() {
    for encoding in ["LATIN1", "EUC_JP"] {
        for delivery in [Delivery::Outbox, Delivery::Commit, Delivery::Async] {
            let pipeline = Pipeline::start_in(encoding).await;
            pipeline
                .run("CREATE TABLE notes (id integer PRIMARY KEY, document json NOT NULL)")
                .await;
            let table = Note::TABLE
                .with_delivery(delivery)
                .with_on_failure(OnFailure::Outbox);
            pipeline.install_tables(&[&table]).await;
            pipeline
                .run("SELECT aurora_trigger.set_lanes(1); UPDATE aurora_trigger.lane SET call_bytes = 300")
                .await;
            pipeline.endpoint().faults().fail_all(Fault::Throttle);
            pipeline
                .run(
                    r#"INSERT INTO notes VALUES
                           (1, '"a"'), (2, '{"\u0e01":"\\\u0e01"}'),
                           (3, ('"\u0e01' || repeat('x', 6100000) || '"')::json), (4, '"b"')"#,
                )
                .await;
            pipeline.endpoint().faults().clear();
            pipeline
                .run("UPDATE aurora_trigger.lane SET retry_at = NULL")
                .await;
            pipeline.drain().await;
            let arrived: Vec<String> = pipeline
                .take_events::<Note>()
                .into_iter()
                .map(|event| match event {
                    ChangeEvent::Created(row) => row.document.to_string(),
                    ChangeEvent::Oversized { .. } => "too big".to_owned(),
                    other => panic!("rows are only inserted: {other:?}"),
                })
                .collect();
            assert_eq!(
                arrived,
                [r#""a""#, r#"{"ก":"\\ก"}"#, "too big", r#""b""#],
                "{encoding}, {delivery:?}"
            );
        }
    }
}
