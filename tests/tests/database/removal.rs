//! The removal takes away what the installation brought, and nothing that somebody still needs.

use aurora_trigger_gen::describe::{Delivery, Level, Oversize, TableDesc};
use aurora_trigger_gen::{ChangeStream, StreamTrigger, emit};
use pipeline_tests::{Only, Pipeline, texts};
use relay_lambda::local::{LambdaEndpoint, PostgresCluster};
use serde::Deserialize;
use storefront::Storefront;
use tokio_postgres::{Client, NoTls};

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "async", on_failure = "abort")]
struct Note {
    #[stream(key)]
    id: i32,
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.labels", delivery = "async")]
struct Label {
    #[stream(key)]
    id: i32,
}

const TABLES: &str = "
    CREATE TABLE public.notes (id integer PRIMARY KEY);
    CREATE TABLE public.labels (id integer PRIMARY KEY);
";

async fn count(session: &Client, what: &str) -> i64 {
    session
        .query_one(&format!("SELECT count(*) FROM {what}"), &[])
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
        .get(0)
}

const TRIGGERS: &str = "pg_trigger WHERE tgname LIKE 'aurora%' AND NOT tgisinternal";
const SCHEMAS: &str = "pg_namespace WHERE nspname = 'aurora_trigger'";
const RIGHTS: &str = "pg_namespace AS n, aclexplode(n.nspacl) AS a WHERE n.nspname LIKE 'aws%'
    AND a.grantee = (SELECT oid FROM pg_roles WHERE rolname = 'aurora_trigger')";

#[tokio::test]
async fn all_of_the_reference_app_is_removed() {
    let pipeline = Pipeline::start().await;
    pipeline
        .run(include_str!("../../storefront/schema.sql"))
        .await;
    let tables = objects(&pipeline).await;
    pipeline.install::<Storefront>().await;
    assert_ne!(objects(&pipeline).await, tables);

    pipeline.run(&emit::remove(Storefront::TABLES)).await;
    assert_eq!(objects(&pipeline).await, tables);
    let session = pipeline.session().await;
    assert_eq!(count(&session, RIGHTS).await, 0);
    session
        .batch_execute("INSERT INTO testing_rds_trigger (id) VALUES (1)")
        .await
        .expect("writes go on");
    assert_eq!(pipeline.take_calls().len(), 0);
}

/// All that is in the database, by its description.
async fn objects(pipeline: &Pipeline) -> Vec<String> {
    texts(
        &pipeline.session().await,
        "SELECT pg_describe_object(classid, objid, 0)
             FROM (
                 SELECT 'pg_class'::regclass, oid FROM pg_class
                 UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc
                 UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type
                 UNION ALL SELECT 'pg_namespace'::regclass, oid FROM pg_namespace
                 UNION ALL SELECT 'pg_trigger'::regclass, oid FROM pg_trigger
             ) AS object (classid, objid)
             WHERE objid >= 16384
             ORDER BY 1",
    )
    .await
}

#[tokio::test]
async fn what_other_tables_need_stays_until_the_last_one_goes() {
    let pipeline = Pipeline::start().await;
    pipeline.run(TABLES).await;
    pipeline
        .install_tables(&[&Note::TABLE, &Label::TABLE])
        .await;
    let session = pipeline.session().await;

    pipeline.run(&emit::remove(&[&Note::TABLE])).await;
    session
        .batch_execute("INSERT INTO notes VALUES (1); INSERT INTO labels VALUES (1)")
        .await
        .expect("writes go on");
    assert_eq!(pipeline.take_calls().len(), 1);
    assert_eq!(count(&session, TRIGGERS).await, 3);

    pipeline.run(&emit::remove(&[&Label::TABLE])).await;
    session
        .batch_execute("INSERT INTO labels VALUES (2)")
        .await
        .expect("writes go on");
    assert_eq!(pipeline.take_calls().len(), 0);
    assert_eq!(count(&session, TRIGGERS).await, 0);
    assert_eq!(count(&session, SCHEMAS).await, 0);
}

#[tokio::test]
async fn triggers_of_either_level_and_all_operations_are_removed() {
    let pipeline = Pipeline::start().await;
    pipeline.run(TABLES).await;
    let mut operations = Note::TABLE.operations();
    operations.truncate = true;
    let row = Note::TABLE
        .with_level(Level::Row)
        .with_operations(operations);
    pipeline.install_tables(&[&row]).await;
    // The struct has changed since: the removal is that of the statement level, without TRUNCATE.
    pipeline.run(&emit::remove(&[&Note::TABLE])).await;
    let session = pipeline.session().await;
    assert_eq!(count(&session, TRIGGERS).await, 0);
    assert_eq!(count(&session, SCHEMAS).await, 0);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.labels", delivery = "outbox")]
struct MaskedLabel {
    #[stream(key, mask = "sha256")]
    id: String,
}

/// Nobody has another copy: with a new key all hashes would be others.
#[tokio::test]
async fn the_key_of_masks_is_kept_until_somebody_says_that_it_may_go() {
    let pipeline = Pipeline::start().await;
    pipeline
        .run("CREATE TABLE public.labels (id text PRIMARY KEY)")
        .await;
    pipeline.install::<Only<MaskedLabel>>().await;
    let remove = emit::remove(&[&MaskedLabel::TABLE]);
    let key = "SELECT encode(mask_key_inner || mask_key_outer, 'hex') FROM aurora_trigger.settings";
    let (session, notices) = pipeline.listening_session().await;
    let keep: String = session
        .query_one(key, &[])
        .await
        .expect("there is one")
        .get(0);
    for word in ["", "SET aurora_trigger.drop_mask_key = 'no';"] {
        session
            .batch_execute(&format!("{word} {remove}"))
            .await
            .expect("it is no error");
        let [warning] = notices.take_warnings().try_into().expect("it warns once");
        assert_eq!(
            warning.message(),
            "aurora_trigger: the schema stays, since aurora_trigger.settings holds the only copy of the key of \
             mask = \"sha256\""
        );
        let hint = warning.hint().unwrap_or_default();
        assert!(
            hint.contains("SET aurora_trigger.drop_mask_key = 'yes';"),
            "{hint}"
        );
        assert_eq!(count(&session, TRIGGERS).await, 0);
        pipeline.install::<Only<MaskedLabel>>().await;
        let kept: String = session
            .query_one(key, &[])
            .await
            .expect("there is one")
            .get(0);
        assert_eq!(kept, keep);
    }
    session
        .batch_execute(&format!(
            "SET aurora_trigger.drop_mask_key = 'yes'; {remove}"
        ))
        .await
        .expect("it may go");
    assert!(notices.take_warnings().is_empty());
    assert_eq!(count(&session, SCHEMAS).await, 0);
}

/// With a snapshot from before a commit it would drop the schema with the event of that commit.
#[tokio::test]
async fn the_removal_is_read_committed_only() {
    let pipeline = Pipeline::start().await;
    pipeline.run(TABLES).await;
    let table = Note::TABLE.with_delivery(Delivery::Outbox);
    pipeline.install_tables(&[&table]).await;
    let session = pipeline.session().await;
    let remove = emit::remove(&[&table]);
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        session
            .batch_execute(&format!(
                "BEGIN ISOLATION LEVEL {level}; SELECT count(*) FROM pg_class"
            ))
            .await
            .expect("it can");
        pipeline
            .run("INSERT INTO notes VALUES (1); DELETE FROM notes")
            .await;
        let error = pipeline_tests::error_of(&session, &remove).await;
        assert_eq!(
            error.message(),
            format!("aurora_trigger: the removal must be READ COMMITTED, not {level}")
        );
        session.batch_execute("ROLLBACK").await.expect("it can");
        // Each part refuses, as each can be run by itself. Before them it is asked whose tables they are, and a setting
        // is set.
        for part in pipeline_tests::statements(&remove).split_off(2) {
            let part = format!("BEGIN ISOLATION LEVEL {level}; {part}");
            let error = pipeline_tests::error_of(&session, &part).await;
            assert!(
                error.message().contains("must be READ COMMITTED"),
                "{error:?}"
            );
            session.batch_execute("ROLLBACK").await.expect("it can");
        }
    }
    assert_eq!(count(&session, "aurora_trigger.queue").await, 4);
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Note>().len(), 4);
}

/// A drain that refuses an event moves it from one table to the other while the removal looks.
#[tokio::test]
async fn what_a_transaction_moves_meanwhile_is_not_lost() {
    let pipeline = Pipeline::start().await;
    pipeline.run(TABLES).await;
    let table = Note::TABLE.with_delivery(Delivery::Outbox);
    pipeline.install_tables(&[&table]).await;
    pipeline.run("INSERT INTO notes VALUES (1)").await;
    let mover = pipeline.session().await;
    mover
        .batch_execute(
            "SELECT aurora_trigger.drain();
             BEGIN; SELECT aurora_trigger.take_out(
                 ARRAY[b.lane], ARRAY[b.place], NULL, ARRAY[e.seq], ARRAY['not today']
             )
             FROM aurora_trigger.batch AS b, aurora_trigger.batch_events(ARRAY[b.lane], ARRAY[b.place]) AS e",
        )
        .await
        .expect("there is one");
    let remover = pipeline.session().await;
    let remove = emit::remove(&[&table]);
    let removed = remover.batch_execute(&remove);
    let moved = async {
        let waits = "SELECT count(*) FROM pg_locks AS l
            JOIN pg_class AS c ON c.oid = l.relation
            WHERE NOT l.granted AND c.relnamespace = 'aurora_trigger'::regnamespace";
        while mover
            .query_one(waits, &[])
            .await
            .expect("it is a query")
            .get::<_, i64>(0)
            == 0
        {}
        mover.batch_execute("COMMIT").await
    };
    let (removed, moved) = tokio::join!(removed, moved);
    moved.expect("it commits");
    removed.expect("it is no error");
    assert_eq!(count(&mover, "aurora_trigger.dead_letter").await, 1);
}

/// A session that has removed it, and was told that the schema stays for what it holds.
async fn removed_but_for(pipeline: &Pipeline, remove: &str, kept: &str) -> Client {
    let (session, notices) = pipeline.listening_session().await;
    session.batch_execute(remove).await.expect("it is no error");
    let warnings: Vec<String> = notices
        .take_warnings()
        .iter()
        .map(|warning| warning.message().to_owned())
        .collect();
    assert_eq!(
        warnings,
        [format!("aurora_trigger: the schema stays, since {kept}")]
    );
    session
}

#[tokio::test]
async fn dead_letters_are_kept_until_somebody_has_looked_at_them() {
    let pipeline = Pipeline::start().await;
    pipeline.run(TABLES).await;
    let table: TableDesc = Note::TABLE.with_oversize(Oversize::DeadLetter);
    pipeline.install_tables(&[&table]).await;
    pipeline
        .run(
            "INSERT INTO aurora_trigger.dead_letter
                 (reason, schema_name, table_name, fingerprint, epoch, tx_id, ts_us, capture, event)
             VALUES ('too big for a call', 'public', 'notes', '', 1, 1, 1, '', '{}')",
        )
        .await;
    let remove = emit::remove(&[&table]);
    let session = removed_but_for(
        &pipeline,
        &remove,
        "aurora_trigger.dead_letter holds events",
    )
    .await;
    assert_eq!(count(&session, "aurora_trigger.dead_letter").await, 1);
    assert_eq!(count(&session, TRIGGERS).await, 0);

    session
        .batch_execute(&format!("DELETE FROM aurora_trigger.dead_letter; {remove}"))
        .await
        .expect("nothing is kept any more");
    assert_eq!(count(&session, SCHEMAS).await, 0);
}

#[tokio::test]
async fn events_that_wait_are_kept_until_they_are_sent() {
    let pipeline = Pipeline::start().await;
    pipeline.run(TABLES).await;
    let table = Note::TABLE.with_delivery(Delivery::Commit);
    pipeline.install_tables(&[&table]).await;
    pipeline
        .run("SELECT aurora_trigger.pause(); INSERT INTO notes VALUES (1)")
        .await;
    let remove = emit::remove(&[&table]);
    let session = removed_but_for(&pipeline, &remove, "events wait in the outbox").await;
    assert_eq!(count(&session, TRIGGERS).await, 0);
    pipeline.run("SELECT aurora_trigger.resume()").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_calls().len(), 1);
    pipeline.run(&remove).await;
    assert_eq!(count(&session, SCHEMAS).await, 0);
}

#[tokio::test]
async fn the_removal_can_run_twice_and_where_nothing_was_installed() {
    let pipeline = Pipeline::start().await;
    let remove = emit::remove(&[&Note::TABLE, &Label::TABLE]);
    pipeline.run(&remove).await;
    pipeline.run(TABLES).await;
    pipeline
        .install_tables(&[&Note::TABLE, &Label::TABLE])
        .await;
    pipeline.run(&remove).await;
    pipeline.run(&remove).await;
    let session = pipeline.session().await;
    assert_eq!(count(&session, SCHEMAS).await, 0);
    // And what it removed can come back.
    pipeline
        .install_tables(&[&Note::TABLE, &Label::TABLE])
        .await;
    pipeline.run("INSERT INTO notes VALUES (1)").await;
    assert_eq!(pipeline.take_calls().len(), 1);
}

#[tokio::test]
async fn the_removal_works_where_the_table_or_the_extension_is_gone() {
    let pipeline = Pipeline::start().await;
    pipeline.run(TABLES).await;
    pipeline
        .install_tables(&[&Note::TABLE, &Label::TABLE])
        .await;
    pipeline
        .run(
            "DROP TABLE public.notes;
             ALTER TABLE public.labels RENAME TO renamed;
             ALTER TABLE public.renamed RENAME TO labels;
             DROP SCHEMA aws_lambda, aws_commons CASCADE;",
        )
        .await;
    pipeline
        .run(&emit::remove(&[&Note::TABLE, &Label::TABLE]))
        .await;
    let session = pipeline.session().await;
    assert_eq!(count(&session, SCHEMAS).await, 0);
    assert_eq!(count(&session, TRIGGERS).await, 0);
}

#[tokio::test]
async fn each_part_of_the_removal_leaves_writes_working() {
    let pipeline = Pipeline::start().await;
    pipeline.run(TABLES).await;
    pipeline
        .install_tables(&[&Note::TABLE, &Label::TABLE])
        .await;
    let session = pipeline.session().await;
    let remove = emit::remove(&[&Note::TABLE, &Label::TABLE]);
    for (number, statement) in pipeline_tests::statements(&remove).iter().enumerate() {
        session
            .batch_execute(statement)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        session
            .batch_execute(&format!(
                "INSERT INTO notes VALUES ({number}); DELETE FROM notes;
                 INSERT INTO labels VALUES ({number}); DELETE FROM labels;"
            ))
            .await
            .unwrap_or_else(|error| panic!("after {statement}: {error:?}"));
    }
    assert_eq!(count(&session, SCHEMAS).await, 0);
}

#[tokio::test]
async fn the_removal_waits_no_longer_than_its_lock_timeout_and_leaves_that_of_the_session() {
    let pipeline = Pipeline::start().await;
    pipeline.run(TABLES).await;
    pipeline.install_tables(&[&Note::TABLE]).await;
    let writer = pipeline.session().await;
    writer
        .batch_execute("BEGIN; INSERT INTO notes VALUES (1)")
        .await
        .expect("the table is empty");
    let session = pipeline.session().await;
    session
        .batch_execute("SET lock_timeout = '77s'")
        .await
        .expect("it is a setting");
    let refused = pipeline_tests::error_of(&session, &emit::remove(&[&Note::TABLE])).await;
    assert_eq!(refused.code().code(), "55P03", "{refused:?}");
    writer.batch_execute("COMMIT").await.expect("it can");
    session
        .batch_execute(&format!("BEGIN; {}", emit::remove(&[&Note::TABLE])))
        .await
        .expect("nobody writes any more");
    let timeout: String = session
        .query_one("SHOW lock_timeout", &[])
        .await
        .expect("it is a setting")
        .get(0);
    assert_eq!(timeout, "77s");
}

#[tokio::test]
async fn the_role_goes_with_the_last_database_that_needs_it() {
    // The role is the whole cluster's, so this takes one of its own.
    let cluster = PostgresCluster::start().expect("PostgreSQL is installed");
    let endpoint =
        LambdaEndpoint::start(|_| Ok("{\"accepted\":1}".to_owned())).expect("a port is free");
    let connect = async |database: &str| {
        let (client, connection) =
            tokio_postgres::connect(&cluster.connection_string(database), NoTls)
                .await
                .expect("it takes connections");
        tokio::spawn(connection);
        client
    };
    let administrator = connect("postgres").await;
    let roles = "pg_roles WHERE rolname = 'aurora_trigger'";
    let mut sessions = Vec::new();
    for database in ["one", "two"] {
        administrator
            .batch_execute(&format!("CREATE DATABASE {database}"))
            .await
            .expect("the name is new");
        let session = connect(database).await;
        session
            .batch_execute(&format!(
                "{}; {TABLES} {}",
                endpoint.extension_sql(),
                emit::install(&[&Note::TABLE], None)
            ))
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        sessions.push(session);
    }
    let remove = emit::remove(&[&Note::TABLE]);
    sessions[0]
        .batch_execute(&remove)
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(count(&administrator, roles).await, 1);
    sessions[1]
        .batch_execute("INSERT INTO notes VALUES (1)")
        .await
        .expect("the other database goes on");
    sessions[1]
        .batch_execute(&remove)
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(count(&administrator, roles).await, 0);
}
