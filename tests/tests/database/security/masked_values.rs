//! A masked value shows nowhere to a role that may write its row and not read it: not in an error, not in a plan, and
//! not in what is kept.

use std::fmt::Debug;

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::{Delivery, Level, OnFailure, Oversize};
use pipeline_tests::{Pipeline, at_both_levels, error_of};
use relay_lambda::local::Fault;
use serde::Deserialize;

at_both_levels!(
    no_error_of_a_predicate_tells_one,
    no_plan_that_the_server_shows_tells_one,
    no_table_of_the_installation_holds_one,
);

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.people", delivery = "async")]
#[expect(dead_code, reason = "only described")]
struct Person {
    #[stream(key)]
    id: i32,
    name: String,
    #[stream(mask = "last4")]
    phone: String,
    #[stream(mask = "sha256")]
    email: String,
    #[stream(mask_sql = "left(value, 2)")]
    note: String,
}

const PHONE: &str = "+49 30 secret";
const EMAIL: &str = "ada@secret.example";
const NOTE: &str = "more that is secret";

fn people() -> String {
    format!(
        "CREATE TABLE people (
            id integer PRIMARY KEY, name text NOT NULL,
            phone text NOT NULL, email text NOT NULL, note text NOT NULL
        );
        INSERT INTO people VALUES (1, 'Ada', '{PHONE}', '{EMAIL}', '{NOTE}');"
    )
}

async fn start(level: Level, predicate: &'static str, on_failure: OnFailure) -> Pipeline {
    let table = Person::TABLE
        .with_level(level)
        .with_when(predicate)
        .with_on_failure(on_failure);
    Pipeline::installed(&people(), &[&table]).await
}

async fn no_error_of_a_predicate_tells_one(level: Level) {
    for predicate in [
        "phone::bigint > 5",
        "email::bigint > 5",
        "note::regclass IS NULL",
        "substr(email, email::integer) <> ''",
    ] {
        let pipeline = start(level, predicate, OnFailure::Warn).await;
        let (session, notices) = pipeline.listening_session().await;
        session
            .batch_execute("UPDATE people SET name = 'Grace'; DELETE FROM people")
            .await
            .expect("it warns");
        let warnings = notices.take_warnings();
        assert_eq!(warnings.len(), 2, "{predicate}: {warnings:?}");
        assert_hidden(&warnings);
        let pipeline = start(level, predicate, OnFailure::Abort).await;
        let error = error_of(
            &pipeline.session().await,
            "UPDATE people SET name = 'Grace'",
        )
        .await;
        assert_hidden(&error);
    }
}

async fn no_plan_that_the_server_shows_tells_one(level: Level) {
    let pipeline = start(level, "note <> 'no note'", OnFailure::Abort).await;
    let (session, notices) = pipeline.listening_session().await;
    session
        .batch_execute(
            "SET client_min_messages = log; SET debug_print_plan = on;
             UPDATE people SET name = 'Grace'",
        )
        .await
        .expect("any role may set these");
    let shown = notices.take();
    assert!(format!("{shown:?}").contains("PLANNEDSTMT"), "{shown:?}");
    assert_hidden(&shown);
}

/// What is kept in the database is no less to be read by others than what is sent: in a dump, on a replica.
async fn no_table_of_the_installation_holds_one(level: Level) {
    for (delivery, on_failure, when) in [
        (Delivery::Outbox, OnFailure::Warn, Some("true")),
        (Delivery::Outbox, OnFailure::Warn, None),
        (Delivery::Commit, OnFailure::Warn, Some("true")),
        (Delivery::Async, OnFailure::Outbox, Some("true")),
    ] {
        let pipeline = Pipeline::start().await;
        pipeline.run(&people()).await;
        let mut table = Person::TABLE
            .with_level(level)
            .with_delivery(delivery)
            .with_on_failure(on_failure)
            .with_oversize(Oversize::DeadLetter);
        if let Some(when) = when {
            table = table.with_when(when);
        }
        pipeline.install_tables(&[&table]).await;
        pipeline.endpoint().faults().fail_all(Fault::Throttle);
        // Too big for a call, so it becomes a dead letter.
        let letters = if delivery == Delivery::Async {
            1_100_000
        } else {
            6_500_000
        };
        let long_name = format!("repeat('x', {letters})");
        pipeline
            .run(&format!(
                "UPDATE people SET name = 'Grace', note = note || '!';
                 INSERT INTO people SELECT 2, {long_name}, phone, email, note FROM people;
                 DELETE FROM people WHERE id = 1",
            ))
            .await;
        pipeline.drain().await;
        let session = pipeline.session().await;
        let mut kept = Vec::new();
        let written: String = session
            .query_one(
                "SELECT string_agg(format('SELECT w::text AS t FROM aurora_trigger.%I AS w', c.relname), ' UNION ALL ')
                 FROM aurora_trigger.part AS p JOIN pg_class AS c ON c.oid = p.id",
                &[],
            )
            .await
            .expect("there are some")
            .get(0);
        let waiting = format!(
            "({written}
            UNION ALL SELECT k::text FROM aurora_trigger.kept AS k
            UNION ALL SELECT b::text FROM aurora_trigger.batch AS b)"
        );
        for name in [
            waiting.as_str(),
            "aurora_trigger.dead_letter",
            "aurora_trigger.failed_call",
        ] {
            let rows = session
                .query(
                    &format!("SELECT replace(t::text, {long_name}, '') FROM {name} AS t"),
                    &[],
                )
                .await
                .expect("the table is there");
            kept.push(rows.len());
            for row in rows {
                assert_hidden(&row.get::<_, String>(0));
            }
        }
        assert!(kept.iter().all(|rows| *rows > 0), "{delivery:?}: {kept:?}");
    }
}

/// Neither as text nor as the bytes of a constant.
fn assert_hidden(shown: &impl Debug) {
    let shown = format!("{shown:?}");
    assert!(!shown.contains("secret"), "{shown}");
    // The server breaks the lines of a plan wherever they are full.
    let lines = shown.replace("\\n", " ");
    let words: Vec<&str> = lines.split_whitespace().collect();
    let constants = words.join(" ");
    for value in [PHONE, EMAIL, NOTE] {
        let bytes: Vec<String> = value.bytes().map(|byte| byte.to_string()).collect();
        assert!(!constants.contains(&bytes.join(" ")), "{value}: {shown}");
    }
}
