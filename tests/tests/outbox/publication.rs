//! A publication `FOR ALL TABLES`, as a warehouse, Debezium or a blue/green deployment makes one: the product's own tables
//! are in it.

use aurora_trigger_gen::{ChangeStream, StreamTrigger};
use pipeline_tests::{Only, Pipeline, installation};
use relay_lambda::local::{Fault, LambdaEndpoint, PostgresCluster};
use serde::Deserialize;
use tokio::time::{Duration, Instant};
use tokio_postgres::{Client, NoTls};

use crate::{Item, collected, created, number, pending, refusal, run, start, updated};

const PUBLICATION: &str = "CREATE PUBLICATION everything FOR ALL TABLES";

/// The tables of the schema that a publication can't delete from.
const WITHOUT_PRIMARY_KEY: &str = "
    SELECT count(*) FROM pg_class AS c
    -- Nothing is deleted from these.
    WHERE c.oid NOT IN (
            SELECT p.id FROM aurora_trigger.part AS p UNION ALL SELECT 'aurora_trigger.queue'::regclass
        )
        AND c.relnamespace = 'aurora_trigger'::regnamespace AND c.relkind = 'r' AND NOT EXISTS (
        SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate
    )";

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.items", delivery = "commit")]
struct CommitItem {
    #[stream(key)]
    id: i32,
    name: String,
}

/// Writes, calls that fail, refusals, dead letters that go back, another number of lanes: all that changes the tables.
async fn use_all_of_it(pipeline: &Pipeline, session: &Client) {
    run(
        session,
        "SELECT aurora_trigger.set_lanes(3); INSERT INTO shop.items VALUES (1, 'a'), (2, 'b')",
    )
    .await;
    run(
        session,
        "UPDATE shop.items SET name = name || '!' WHERE id = 1",
    )
    .await;
    pipeline.drain().await;
    let mut events = pipeline.take_events::<Item>();
    events.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(
        events,
        [created(1, "a"), created(2, "b"), updated(1, "a", "a!")],
        "each of them once"
    );
    assert_eq!(pending(session).await, 0);

    pipeline.answer("null");
    run(session, "DELETE FROM shop.items WHERE id = 2").await;
    pipeline.drain().await;
    assert_eq!(pending(session).await, 1);
    pipeline.answer(&refusal(&collected(session, "").await, "not today"));
    run(session, "UPDATE aurora_trigger.lane SET retry_at = NULL").await;
    pipeline.drain().await;
    assert_eq!(number(session, "SELECT aurora_trigger.redrive()").await, 1);
    pipeline.drain().await;
    run(
        session,
        "SELECT aurora_trigger.purge(everything => true), aurora_trigger.pause(), aurora_trigger.resume(),
             aurora_trigger.new_epoch(), aurora_trigger.configure('relay')",
    )
    .await;
}

#[tokio::test]
async fn what_is_sent_is_gone_in_spite_of_a_publication_of_all_tables() {
    let (pipeline, session) = start().await;
    run(&session, PUBLICATION).await;
    assert_eq!(number(&session, WITHOUT_PRIMARY_KEY).await, 0);
    use_all_of_it(&pipeline, &session).await;
}

#[tokio::test]
async fn a_transaction_is_sent_once_when_it_commits_in_spite_of_one() {
    let pipeline = Pipeline::start().await;
    pipeline.run(crate::ITEMS).await;
    pipeline.install::<Only<CommitItem>>().await;
    let session = pipeline.session().await;
    run(&session, PUBLICATION).await;
    assert_eq!(number(&session, WITHOUT_PRIMARY_KEY).await, 0);
    let published = "SELECT count(*) FROM pg_publication_tables WHERE tablename = 'at_commit'";
    assert_eq!(
        number(&session, published).await,
        0,
        "what a transaction notes for itself reaches nobody"
    );
    run(
        &session,
        "BEGIN; INSERT INTO shop.items VALUES (1, 'a'); UPDATE shop.items SET name = 'b'; COMMIT",
    )
    .await;
    assert_eq!(pipeline.take_events::<CommitItem>().len(), 2);
    assert_eq!(pending(&session).await, 0);
    pipeline.drain().await;
    assert!(pipeline.take_calls().is_empty());
    assert_eq!(
        number(&session, "SELECT count(*) FROM aurora_trigger.failed_call").await,
        0
    );
}

async fn connect(cluster: &PostgresCluster) -> Client {
    let (client, connection) =
        tokio_postgres::connect(&cluster.connection_string("postgres"), NoTls)
            .await
            .expect("it has started");
    tokio::spawn(connection);
    client
}

/// The subscriber of a real replication applies all that a drain does, and the new server that it becomes goes on where
/// the old one was: with an epoch that is newer, and numbers that no row has yet.
#[tokio::test]
async fn a_subscriber_follows_and_takes_over() {
    let publisher = PostgresCluster::builder()
        .setting("wal_level", "logical")
        .start()
        .expect("PostgreSQL is installed");
    let subscriber = PostgresCluster::start().expect("PostgreSQL is installed");
    let endpoint = LambdaEndpoint::start(|call| {
        let events = call.payload.matches("\"op\"").count();
        Ok(format!(r#"{{"accepted":{events},"refused":[]}}"#))
    })
    .expect("a port is free");
    let (old, new) = (connect(&publisher).await, connect(&subscriber).await);
    let installation = installation(Only::<Item>::TABLES);
    for server in [&old, &new] {
        run(server, &endpoint.extension_sql()).await;
        run(server, crate::ITEMS).await;
        run(server, &installation).await;
    }
    // What pg_dump -s would have copied: the tables, empty.
    run(
        &new,
        "TRUNCATE aurora_trigger.settings, aurora_trigger.lane, aurora_trigger.stream_table,
             aurora_trigger.collector, aurora_trigger.collector_seal;
         SELECT setval('aurora_trigger.event_seq', 1, false)",
    )
    .await;
    run(&old, PUBLICATION).await;
    run(
        &new,
        &format!(
            "CREATE SUBSCRIPTION everything CONNECTION '{}' PUBLICATION everything",
            publisher.connection_string("postgres").replace('\'', "''")
        ),
    )
    .await;
    run(
        &old,
        "INSERT INTO shop.items VALUES (1, 'a'), (2, 'b'); UPDATE shop.items SET name = 'c'",
    )
    .await;
    run(&old, "CALL aurora_trigger.drain_all()").await;
    endpoint.faults().fail_next(1, Fault::Throttle);
    run(&old, "INSERT INTO shop.items VALUES (3, 'waits')").await;
    run(&old, "CALL aurora_trigger.drain_all()").await;
    let followed = "SELECT (SELECT count(*) FROM shop.items) = 3
        AND (SELECT count(*) FROM aurora_trigger.batch) = 1
        AND (SELECT count(*) FROM aurora_trigger.failed_call) = 1
        AND (SELECT count(*) FROM aurora_trigger.lane) = 9
        AND (SELECT count(*) FROM aurora_trigger.settings) = 1
        AND (SELECT count(*) FROM aurora_trigger.stream_table) = 1";
    let ends = Instant::now() + Duration::from_secs(60);
    while !new
        .query_one(followed, &[])
        .await
        .expect("it is a query")
        .get::<_, bool>(0)
    {
        assert!(Instant::now() < ends, "the subscriber does not follow");
    }
    let epoch = "SELECT epoch FROM aurora_trigger.settings";
    let old_epoch = number(&old, epoch).await;
    assert_eq!(number(&new, epoch).await, old_epoch);

    run(
        &new,
        "ALTER SUBSCRIPTION everything DISABLE;
         ALTER SUBSCRIPTION everything SET (slot_name = NONE);
         DROP SUBSCRIPTION everything",
    )
    .await;
    run(&new, &installation).await;
    assert!(number(&new, epoch).await > old_epoch);
    run(&new, "UPDATE shop.items SET name = 'later' WHERE id = 3").await;
    // A number that a row has would make this fail.
    endpoint.faults().fail_next(1, Fault::Throttle);
    run(&new, "CALL aurora_trigger.drain_all()").await;
    assert_eq!(
        number(&new, "SELECT count(*) FROM aurora_trigger.failed_call").await,
        2
    );
    run(&new, "UPDATE aurora_trigger.lane SET retry_at = NULL").await;
    run(&new, "CALL aurora_trigger.drain_all()").await;
    assert_eq!(pending(&new).await, 0);
}
