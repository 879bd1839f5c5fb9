//! A session that speaks another encoding writes what any session writes, and is not stopped by letters that it lacks.

use aurora_trigger_gen::{ChangeEvent, ChangeStream, StreamTrigger};
use pipeline_tests::{Only, Pipeline};
use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.\"übung🙂\"", delivery = "async")]
struct Exercise {
    #[stream(key)]
    id: i32,
    #[stream(
        mask_sql = "substr(value, 1, CASE value WHEN '🙂' THEN -1 ELSE 9 END)",
        column = "wort🙂"
    )]
    #[serde(rename = "wort🙂")]
    word: String,
    text: String,
}

async fn start() -> Pipeline {
    Pipeline::installed(
            r#"CREATE TABLE "übung🙂" (id integer PRIMARY KEY, "wort🙂" text NOT NULL, text text NOT NULL);
               CREATE VIEW exercise AS SELECT id, "wort🙂" AS word, text FROM "übung🙂""#,
        Only::<Exercise>::TABLES,
    )
    .await
}

/// Writes through psql, whose session is in this encoding.
fn write(pipeline: &Pipeline, encoding: &str, sql: &str) -> String {
    let output = pipeline.psql(
        &[],
        &format!("SET client_encoding = '{encoding}';\n{sql}\n"),
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{encoding}: {said}");
    said
}

/// Neither the encodings of servers nor those of clients only.
const ENCODINGS: [&str; 4] = ["LATIN1", "SJIS", "WIN1251", "SQL_ASCII"];

#[tokio::test]
async fn letters_that_the_session_lacks_arrive() {
    for encoding in ENCODINGS {
        let pipeline = start().await;
        write(
            &pipeline,
            encoding,
            "INSERT INTO exercise VALUES (1, chr(233), chr(128578)), (2, 'x', U&'\\+01F642\\0416\\00E9\\30A2');
             UPDATE exercise SET text = text || chr(8364)",
        );
        let row = |id, word: &str, text: &str| Exercise {
            id,
            word: word.to_owned(),
            text: text.to_owned(),
        };
        let updated = |before, after| ChangeEvent::Updated {
            before: Box::new(before),
            after: Box::new(after),
        };
        assert_eq!(
            pipeline.take_events::<Exercise>(),
            [
                ChangeEvent::Created(Box::new(row(1, "é", "🙂"))),
                ChangeEvent::Created(Box::new(row(2, "x", "🙂Жéア"))),
                updated(row(1, "é", "🙂"), row(1, "é", "🙂€")),
                updated(row(2, "x", "🙂Жéア"), row(2, "x", "🙂Жéア€")),
            ],
            "{encoding}"
        );
    }
}

/// Sending one would be an error, and the statement's.
#[tokio::test]
async fn a_warning_with_letters_that_the_session_lacks_breaks_no_write() {
    for encoding in ["LATIN1", "SJIS", "WIN1251"] {
        let pipeline = start().await;
        write(
            &pipeline,
            encoding,
            "INSERT INTO exercise VALUES (1, chr(128578), 'x')",
        );
        // The event is there all the same.
        let events = pipeline.take_events::<Exercise>();
        assert!(
            matches!(&events[..], [ChangeEvent::Created(row)] if row.word == "***"),
            "{events:?}"
        );
        pipeline
            .run("UPDATE aurora_trigger.settings SET function_name = 'übung🙂'")
            .await;
        pipeline
            .endpoint()
            .faults()
            .fail_next(1, relay_lambda::local::Fault::Refuse);
        write(&pipeline, encoding, "UPDATE exercise SET text = 'y'");
        assert_eq!(pipeline.take_calls().len(), 0);
        // The trigger's own, and statements around it that have such letters.
        let nested = "DO $$ BEGIN EXECUTE concat('INSERT INTO \"', chr(252), 'bung', chr(128578),
             '\" VALUES (2, chr(128578), 1)'); END $$;
             ALTER TABLE aurora_trigger.settings RENAME TO lost;
             UPDATE exercise SET text = 'z';
             ALTER TABLE aurora_trigger.lost RENAME TO settings";
        write(&pipeline, encoding, nested);
        let rows: i64 = pipeline
            .session()
            .await
            .query_one("SELECT count(*) FROM exercise WHERE text = 'z'", &[])
            .await
            .expect("the view is there")
            .get(0);
        assert_eq!(rows, 2, "{encoding}");
    }
}

/// A session in UTF-8 sees what it always saw.
#[tokio::test]
async fn a_session_that_has_the_letters_reads_the_warning() {
    let pipeline = start().await;
    let said = write(
        &pipeline,
        "UTF8",
        "INSERT INTO exercise VALUES (1, chr(128578), 'x')",
    );
    assert!(
        said.contains("column \"wort🙂\" of public.übung🙂 is sent as ***"),
        "{said}"
    );
}
