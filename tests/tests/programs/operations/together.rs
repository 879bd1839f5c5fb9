//! The commands at what `emit-sql` installs, one after the other, as the night shift runs them.

use std::time::Instant;

use aurora_trigger_gen::{ChangeStream, StreamTrigger};
use pipeline_tests::{Only, Pipeline, cluster};
use relay_lambda::local::Fault;
use rustix::process::Signal;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::operations::program::{PATIENCE, Running, object, printed, program, refused, unwell};

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.items", delivery = "outbox")]
struct Item {
    #[stream(key)]
    id: i32,
}

async fn run(session: &Client, sql: &str) {
    session
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// Waits until this is true, and has no lane wait meanwhile.
async fn until_tried(session: &Client, sql: &str) {
    let ends = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < ends, "it does not become true: {sql}");
        run(session, "UPDATE aurora_trigger.lane SET retry_at = NULL").await;
        let row = session.query_one(sql, &[]).await;
        if row.unwrap_or_else(|error| panic!("{error:?}")).get(0) {
            return;
        }
    }
}

struct Database {
    pipeline: Pipeline,
    url: String,
}

impl Database {
    async fn start() -> (Self, Client) {
        let pipeline = Pipeline::installed(
            "CREATE SCHEMA shop; CREATE TABLE shop.items (id integer PRIMARY KEY)",
            Only::<Item>::TABLES,
        )
        .await;
        let session = pipeline.session().await;
        // So that a drain is one call.
        run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
        let url = cluster().database_url(pipeline.database());
        (Self { pipeline, url }, session)
    }

    fn says(&self, arguments: &[&str]) -> String {
        printed(program(arguments).args(["--database-url", &self.url]))
    }

    /// The outboxes of all tables.
    fn status_tables(&self) -> Value {
        let arguments = ["status", "--format", "json", "--database-url", &self.url];
        object(&mut program(&arguments))["tables"].take()
    }

    /// What the status of the only table says of this.
    fn status(&self, of: &str) -> Value {
        let arguments = ["status", "--format", "json", "--database-url", &self.url];
        let mut status = object(&mut program(&arguments));
        assert_eq!(status["tables"].as_array().map(Vec::len), Some(1));
        status["tables"][0][of].take()
    }

    /// Drains once and again: the first shows what is on disk, the second sends it.
    fn drain(&self) {
        self.says(&["drain", "--once"]);
        self.says(&["drain", "--once"]);
    }

    /// Drains what the relay refuses.
    async fn drain_refused(&self, session: &Client) {
        run(session, "SELECT aurora_trigger.drain()").await;
        let list: String = session
            .query_one(
                "SELECT json_agg(json_build_object('seq', e.seq, 'reason', 'not today'))::text
                 FROM aurora_trigger.batch AS b,
                     aurora_trigger.batch_events(ARRAY[b.lane], ARRAY[b.place]) AS e",
                &[],
            )
            .await
            .expect("the outbox is there")
            .get(0);
        self.pipeline
            .answer(&format!(r#"{{"accepted":0,"refused":{list}}}"#));
        self.drain();
    }
}

#[tokio::test]
async fn a_table_that_is_paused_keeps_its_events_and_sends_them_when_it_is_resumed() {
    let (database, session) = Database::start().await;
    assert_eq!(
        database.says(&["pause", "--table", "shop.items"]),
        "1 table paused\n"
    );
    run(&session, "INSERT INTO shop.items VALUES (1), (2)").await;
    database.drain();
    assert_eq!(database.status("paused"), true);
    assert_eq!(database.status("pending"), 2);
    assert_eq!(database.pipeline.take_calls().len(), 0);
    assert_eq!(database.says(&["resume"]), "1 table resumed\n");
    database.drain();
    assert_eq!(database.status("paused"), false);
    assert_eq!(database.status("pending"), 0);
    assert_eq!(database.status("sent"), 2);
    assert_eq!(database.pipeline.take_calls().len(), 1);
}

/// The relay can't be reached: the events wait, and whoever drains is told.
#[tokio::test]
async fn a_relay_that_fails_is_told() {
    let (database, session) = Database::start().await;
    run(&session, "INSERT INTO shop.items VALUES (1), (2)").await;
    let faults = database.pipeline.endpoint().faults();
    faults.fail_all(Fault::Refuse);
    let once = ["drain", "--once", "--database-url", &database.url];
    let (printed, said) = unwell(&mut program(&once));
    assert!(printed.starts_with("drained in "), "{printed}");
    assert!(
        printed
            .contains("\n2 events of shop.items waiting: calls fail\nlane 0 fails, next try in "),
        "{printed}"
    );
    assert!(printed.contains(": invoke API failed\n"), "{printed}");
    assert!(
        said.contains("2 events are waiting, since calls fail"),
        "{said}"
    );
    let (printed, _) = unwell(program(&once).args(["--format", "json"]));
    let printed: Value = serde_json::from_str(&printed).expect("it is an object");
    assert_eq!(printed["pending"], 2, "{printed}");
    assert_eq!(
        printed["failing_lanes"][0]["last_error"],
        "invoke API failed"
    );

    // For ever: it tells when that begins, and when it ends.
    let drain = Running::start(&mut program(&["drain", "--database-url", &database.url]));
    let failures = "SELECT failures > 1 FROM aurora_trigger.lane_status WHERE lane = 0";
    until_tried(&session, failures).await;
    faults.clear();
    let failures = "SELECT failures = 0 FROM aurora_trigger.lane_status WHERE lane = 0";
    until_tried(&session, failures).await;
    // With its next call it has seen what became of this one.
    run(
        &session,
        "CREATE TABLE seen AS SELECT clock_timestamp() AS at",
    )
    .await;
    let next_call = "SELECT EXISTS (
        SELECT FROM pg_stat_activity AS a, seen
        WHERE a.datname = current_database() AND a.application_name = 'aurora-trigger'
            AND a.query LIKE '%drain()%' AND a.query_start > seen.at
    )";
    until_tried(&session, next_call).await;
    drain.signal(Signal::TERM);
    let (code, _, said) = drain.ended();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        said.matches("the calls of lane 0 fail: invoke API failed\n")
            .count(),
        1,
        "{said}"
    );
    assert_eq!(
        said.matches("the calls of lane 0 succeed again, after ")
            .count(),
        1,
        "{said}"
    );
    assert_eq!(database.status("pending"), 0);
}

/// Nobody's write fails for a migration that the struct does not know of, so the drain tells of it.
#[tokio::test]
async fn a_table_that_no_longer_fits_is_told() {
    let (database, session) = Database::start().await;
    run(
        &session,
        "ALTER TABLE shop.items RENAME id TO number; INSERT INTO shop.items VALUES (1)",
    )
    .await;
    let problem =
        "the capture of shop.items is not as it should be: 1 change is kept as a dead letter";
    let once = ["drain", "--once", "--database-url", &database.url];
    let (code, printed, said) = Running::start(&mut program(&once)).ended();
    assert_eq!((code, &*printed), (Some(0), "drained in 1 call\n"));
    assert!(said.contains(problem), "{said}");

    let drain = Running::start(&mut program(&["drain", "--database-url", &database.url]));
    let looked = "SELECT EXISTS (
        SELECT FROM pg_stat_activity AS a
        WHERE a.datname = current_database() AND a.application_name = 'aurora-trigger'
            AND a.query LIKE '%capture_status%'
    )";
    until_tried(&session, looked).await;
    drain.signal(Signal::TERM);
    let (code, _, said) = drain.ended();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches(problem).count(), 1, "{said}");
}

#[tokio::test]
async fn dead_letters_are_sent_again_or_deleted() {
    let (database, session) = Database::start().await;
    run(&session, "INSERT INTO shop.items VALUES (1), (2)").await;
    database.drain_refused(&session).await;
    assert_eq!(database.status("dead_letters"), 2);
    assert_eq!(
        database.says(&["redrive"]),
        "2 dead letters back in the outbox\n"
    );
    assert_eq!(database.status("dead_letters"), 0);
    database.drain_refused(&session).await;
    assert_eq!(database.status("dead_letters"), 2);
    let id: i64 = session
        .query_one("SELECT min(id) FROM aurora_trigger.dead_letter", &[])
        .await
        .expect("they are there")
        .get(0);
    assert_eq!(
        database.says(&["purge", "--id", &id.to_string()]),
        "1 dead letter deleted\n"
    );
    for command in ["purge", "redrive"] {
        let arguments = [
            command,
            "--id",
            &id.to_string(),
            "--database-url",
            &database.url,
        ];
        let (_, said) = unwell(&mut program(&arguments));
        assert!(
            said.contains(&format!("there is no dead letter {id}")),
            "{said}"
        );
    }
    assert_eq!(
        database.says(&["purge", "--table", "shop.items"]),
        "1 dead letter deleted\n"
    );
    assert_eq!(database.status("dead_letters"), 0);
    assert_eq!(database.status("refused"), 4);
}

#[tokio::test]
async fn a_table_that_is_not_captured_is_refused() {
    let (database, session) = Database::start().await;
    run(
        &session,
        "CREATE TABLE shop.others (id integer PRIMARY KEY)",
    )
    .await;
    for (command, expected) in [
        ("pause", "shop.others has no outbox, so it can't be paused"),
        ("resume", "shop.others is not captured"),
        ("redrive", "shop.others is not captured"),
    ] {
        let said = refused(&mut program(&[
            command,
            "--table",
            "shop.others",
            "--database-url",
            &database.url,
        ]));
        assert!(
            said.starts_with(&format!("error: aurora_trigger: {expected}\n")),
            "{said}"
        );
    }
    // Its dead letters may be older than the removal of its triggers.
    assert_eq!(
        database.says(&["purge", "--table", "shop.others"]),
        "0 dead letters deleted\n"
    );
}

#[tokio::test]
async fn a_new_epoch_is_that_of_the_events_to_come() {
    let (database, session) = Database::start().await;
    let first: i64 = session
        .query_one("SELECT epoch FROM aurora_trigger.settings", &[])
        .await
        .expect("the settings are there")
        .get(0);
    run(&session, "INSERT INTO shop.items VALUES (1)").await;
    database.drain();
    let new_epoch = ["new-epoch", "--format", "json", "--database-url"];
    let epoch = object(program(&new_epoch).arg(&database.url))["epoch"].take();
    run(&session, "INSERT INTO shop.items VALUES (2)").await;
    database.drain();
    let epochs: Vec<Value> = database
        .pipeline
        .take_calls()
        .iter()
        .map(|call| {
            let mut payload: Value =
                serde_json::from_str(&call.payload).expect("the database sends JSON");
            payload["batches"][0]["source"]["epoch"].take()
        })
        .collect();
    assert_eq!(json!(epochs), json!([first, epoch]));
    assert!(epoch.as_i64() > Some(first), "{epoch}");
}

#[tokio::test]
async fn a_table_is_captured_until_its_capture_is_ended() {
    let (database, session) = Database::start().await;
    let captures = || {
        let arguments = [
            "status",
            "--format",
            "json",
            "--database-url",
            &database.url,
        ];
        object(&mut program(&arguments))["captures"].take()
    };
    let found = captures();
    assert_eq!(found[0]["app"], "programs", "{found}");
    assert_eq!(found[0]["captured"], true, "{found}");
    assert_eq!(found[0]["problem"], Value::Null, "{found}");
    run(
        &session,
        "ALTER TABLE shop.items DISABLE TRIGGER aurora_trigger_insert",
    )
    .await;
    assert_eq!(
        captures()[0]["problem"],
        "trigger aurora_trigger_insert is disabled"
    );
    assert_eq!(
        database.says(&["down", "--table", "shop.items"]),
        "shop.items is no longer captured\n"
    );
    assert_eq!(captures(), json!([]));
    run(&session, "INSERT INTO shop.items VALUES (1)").await;
    assert_eq!(database.status_tables(), json!([]));
}
