//! The commands at what `emit-sql` installs, one after the other, as the night shift runs them.

use aurora_trigger_gen::StreamTrigger;
use pipeline_tests::{Only, Pipeline, cluster};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::operations::program::{object, printed, program};

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.items", delivery = "outbox")]
#[expect(dead_code, reason = "only its description is used")]
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

struct Database {
    pipeline: Pipeline,
    url: String,
}

impl Database {
    async fn start() -> (Self, Client) {
        let pipeline = Pipeline::start().await;
        pipeline
            .run("CREATE SCHEMA shop; CREATE TABLE shop.items (id integer PRIMARY KEY)")
            .await;
        pipeline.install::<Only<Item>>().await;
        let session = pipeline.session().await;
        // So that a drain is one call.
        run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
        let url = cluster().database_url(pipeline.database());
        (Self { pipeline, url }, session)
    }

    fn says(&self, arguments: &[&str]) -> String {
        printed(program(arguments).args(["--database-url", &self.url]))
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
        let list: String = session
            .query_one(
                "SELECT json_agg(json_build_object('seq', position, 'reason', 'not today'))::text
                 FROM aurora_trigger.outbox",
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
    assert_eq!(database.says(&["pause", "shop.items"]), "1 table paused\n");
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
    assert_eq!(
        database.says(&["purge", "--table", "shop.items"]),
        "1 dead letter deleted\n"
    );
    assert_eq!(database.status("dead_letters"), 0);
    assert_eq!(database.status("refused"), 4);
}

#[tokio::test]
async fn a_new_epoch_is_that_of_the_events_to_come() {
    let (database, session) = Database::start().await;
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
    assert_eq!(json!(epochs), json!([1, epoch]));
    assert!(epoch.as_i64() > Some(1), "{epoch}");
}
