//! Each letter of an encoding, in every place that holds letters, arrives as the driver reads it.

use aurora_trigger_gen::describe::{Delivery, Level, OnFailure};
use aurora_trigger_gen::{ChangeEvent, PgType, StreamTrigger};
use pipeline_tests::{Pipeline, administrator, events_in};
use postgres_types::{FromSql, ToSql};
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::Row;

/// How the names, labels and masks are written below: letters that all of these encodings have.
const TABLE: &str = r#"
    CREATE EXTENSION pgcrypto;
    CREATE SCHEMA "übung";
    CREATE TYPE "übung"."größe" AS ENUM ('groß', 'klein');
    CREATE TYPE "übung"."maß" AS ("länge" text);
    CREATE TABLE "übung"."stücke" (
        "schlüssel" integer PRIMARY KEY, words text NOT NULL, "wörter" varchar(20) NOT NULL,
        padded char(20) NOT NULL, named name NOT NULL, document json NOT NULL, "säule" jsonb NOT NULL,
        list text[] NOT NULL, "größe" "übung"."größe" NOT NULL, "maß" "übung"."maß" NOT NULL,
        hashed text NOT NULL, ending text NOT NULL, masked text NOT NULL
    )
"#;

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, PgType, ToSql, FromSql)]
#[stream(type = "\"übung\".\"größe\"")]
#[postgres(name = "größe")]
enum Size {
    #[serde(rename = "groß")]
    #[postgres(name = "groß")]
    Big,
    #[serde(rename = "klein")]
    #[postgres(name = "klein")]
    Small,
}

#[derive(Debug, Clone, PartialEq, Deserialize, PgType, ToSql, FromSql)]
#[stream(type = "\"übung\".\"maß\"")]
#[postgres(name = "maß")]
struct Measure {
    #[serde(rename = "länge")]
    #[stream(column = "länge")]
    #[postgres(name = "länge")]
    length: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "\"übung\".\"stücke\"",
    delivery = "async",
    on_failure = "abort"
)]
struct Piece {
    #[serde(rename = "schlüssel")]
    #[stream(key, column = "schlüssel")]
    id: i32,
    words: String,
    #[serde(rename = "wörter")]
    #[stream(column = "wörter")]
    short_words: String,
    padded: String,
    named: String,
    document: Value,
    #[serde(rename = "säule")]
    #[stream(column = "säule")]
    column: Value,
    list: Vec<String>,
    #[serde(rename = "größe")]
    #[stream(column = "größe")]
    size: Size,
    #[serde(rename = "maß")]
    #[stream(column = "maß")]
    measure: Measure,
    #[stream(mask = "sha256")]
    hashed: String,
    #[stream(mask = "last4")]
    ending: String,
    #[stream(mask_sql = "reverse(value) || 'é'")]
    masked: String,
}

impl Piece {
    /// As the driver has it, with what the masks should make of it.
    fn read(row: &Row) -> Self {
        let ending: String = row.get("ending");
        let letters: Vec<char> = ending.chars().collect();
        let masked: String = row.get("masked");
        Self {
            id: row.get("schlüssel"),
            words: row.get("words"),
            short_words: row.get("wörter"),
            padded: row.get("padded"),
            named: row.get("named"),
            document: row.get("document"),
            column: row.get("säule"),
            list: row.get("list"),
            size: row.get("größe"),
            measure: row.get("maß"),
            hashed: row.get("hash"),
            ending: match letters.len() {
                0..=4 => "***".to_owned(),
                all => format!("***{}", String::from_iter(&letters[all - 4..])),
            },
            masked: masked.chars().rev().chain(['é']).collect(),
        }
    }
}

const KEY: &str = "decode(repeat('0f5aa7', 11), 'hex')";

/// All letters of Unicode's first plane that the encoding has.
async fn letters(encoding: &str) -> Vec<char> {
    let session = administrator().await;
    session
        .batch_execute(
            "CREATE FUNCTION pg_temp.has(encoding name, letter text) RETURNS boolean
             LANGUAGE plpgsql AS $$
             BEGIN
                 RETURN length(convert_to(letter, encoding)) > 0;
             EXCEPTION WHEN untranslatable_character THEN
                 RETURN false;
             END $$",
        )
        .await
        .expect("the session is a superuser's");
    let letters: String = session
        .query_one(
            "SELECT string_agg(chr(n), '' ORDER BY n)
             FROM generate_series(1, 65535) AS n
             WHERE n NOT BETWEEN 55296 AND 57343 AND pg_temp.has($1::text::name, chr(n))",
            &[&encoding],
        )
        .await
        .expect("the encoding is known")
        .get(0);
    letters.chars().collect()
}

async fn every_letter_arrives(encoding: &str, at_least: usize) {
    let all = letters(encoding).await;
    assert!(all.len() >= at_least, "{encoding}: {}", all.len());
    for (level, delivery) in [
        (Level::Statement, Delivery::Async),
        (Level::Row, Delivery::Sync),
        (Level::Statement, Delivery::Outbox),
        (Level::Statement, Delivery::Commit),
    ] {
        let pipeline = Pipeline::start_in(encoding).await;
        pipeline.run(TABLE).await;
        let table = Piece::TABLE
            .with_level(level)
            .with_delivery(delivery)
            .with_on_failure(OnFailure::Abort);
        pipeline.install_tables(&[&table]).await;
        pipeline
            .run(&format!("SELECT aurora_trigger.set_mask_key({KEY})"))
            .await;
        let session = pipeline.session().await;
        // As many as a name takes, at three bytes each.
        let texts: Vec<String> = all.chunks(20).map(String::from_iter).collect();
        session
            .execute(
                r#"INSERT INTO "übung"."stücke"
                   SELECT number, t, t, t, t, json_build_object(t, t), jsonb_build_object(t, t), ARRAY[t, t],
                       (ARRAY['groß', 'klein'])[1 + number % 2]::"übung"."größe", ROW(t)::"übung"."maß", t, t, t
                   FROM unnest($1::text[]) WITH ORDINALITY AS given (t, number)"#,
                &[&texts],
            )
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        let rows = session
            .query(
                &format!(
                    r#"SELECT *, encode(hmac(convert_to(hashed, 'UTF8'), {KEY}, 'sha256'), 'hex') AS hash
                       FROM "übung"."stücke" ORDER BY 1"#
                ),
                &[],
            )
            .await
            .expect("the table is there");
        let written: Vec<Piece> = rows.iter().map(Piece::read).collect();
        session
            .batch_execute(r#"DELETE FROM "übung"."stücke""#)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        if delivery == Delivery::Outbox {
            pipeline.drain().await;
        }
        let (mut after, mut before) = (Vec::new(), Vec::new());
        for event in events_in::<Piece>(&pipeline.take_calls()) {
            match event {
                ChangeEvent::Created(piece) => after.push(*piece),
                ChangeEvent::Deleted(piece) => before.push(*piece),
                other => panic!("rows are inserted and deleted only: {other:?}"),
            }
        }
        // Lanes are sent one after the other.
        after.sort_by_key(|piece| piece.id);
        before.sort_by_key(|piece| piece.id);
        for images in [after, before] {
            assert_eq!(images.len(), texts.len(), "{delivery:?}");
            for (image, piece) in images.iter().zip(&written) {
                assert_eq!(image, piece, "{encoding}, {delivery:?}");
            }
        }
        let arrived: String = written.iter().map(|piece| piece.words.as_str()).collect();
        assert_eq!(arrived.chars().count(), all.len());
    }
}

#[tokio::test]
async fn every_letter_of_latin_1_arrives() {
    every_letter_arrives("LATIN1", 255).await;
}

/// Its sign of the euro takes one byte here and three in UTF-8.
#[tokio::test]
async fn every_letter_of_windows_1252_arrives() {
    every_letter_arrives("WIN1252", 250).await;
}

/// Two or three bytes a letter.
#[tokio::test]
async fn every_letter_of_japanese_unix_arrives() {
    every_letter_arrives("EUC_JP", 13_000).await;
}
