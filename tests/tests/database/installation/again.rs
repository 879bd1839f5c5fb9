//! An installation over one that is there already.

use aurora_trigger_gen::describe::{Level, Operations};
use aurora_trigger_gen::{ChangeStream, StreamTrigger, emit};
use pipeline_tests::{Only, installation, texts};
use storefront::Storefront;
use tokio_postgres::Client;

use super::{Note, WRITES, assert_calls, start, start_with_notes};

/// The catalogue's rows of the triggers, with the numbers that another version of a row gets.
async fn catalogue(session: &Client) -> Vec<String> {
    texts(
        session,
        "SELECT pg_get_triggerdef(t.oid) || t.tgenabled::text || t.oid || ' ' || t.xmin
             FROM pg_trigger AS t WHERE NOT t.tgisinternal ORDER BY 1",
    )
    .await
}

#[tokio::test]
async fn a_second_run_takes_no_lock_on_tables_that_are_written_to() {
    let pipeline = start().await;
    pipeline.install::<Storefront>().await;
    let writer = pipeline.session().await;
    // It holds ROW EXCLUSIVE on the tables, and has read the settings in the triggers.
    writer
        .batch_execute(&format!(
            "BEGIN; {}",
            WRITES.replace("TRUNCATE testing_rds_trigger;", "")
        ))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let session = pipeline.session().await;
    let before = catalogue(&session).await;
    session
        .batch_execute(&format!(
            "SET lock_timeout = '10ms'; SET statement_timeout = '30s'; BEGIN; {}",
            installation(Storefront::TABLES)
        ))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let locks = session
        .query(
            "SELECT l.relation::regclass::text, l.mode FROM pg_locks AS l
             WHERE l.pid = pg_backend_pid() AND l.relation = ANY (ARRAY[
                 'sales.customers', 'sales.orders', 'sales.order_items', 'testing_rds_trigger'
             ]::regclass[])",
            &[],
        )
        .await
        .expect("locks can be read");
    let locks: Vec<(String, String)> = locks.iter().map(|row| (row.get(0), row.get(1))).collect();
    // To name a table in the signature of a function is to look at it.
    assert!(
        locks.iter().all(|(_, mode)| mode == "AccessShareLock"),
        "{locks:?}"
    );
    session.batch_execute("COMMIT").await.expect("it can");
    assert_eq!(catalogue(&session).await, before);
    writer.batch_execute("COMMIT").await.expect("it can");
}

#[tokio::test]
async fn nobody_waits_for_a_second_run_that_is_not_committed_yet() {
    let pipeline = start_with_notes().await;
    let install = emit::install(&[&Note::TABLE], None);
    pipeline.run(&installation(&[&Note::TABLE])).await;
    let session = pipeline.session().await;
    session
        .batch_execute(&format!("BEGIN; {install}"))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let writer = pipeline.session().await;
    writer
        .batch_execute("SET lock_timeout = '10ms'")
        .await
        .expect("it is a setting");
    assert_calls(&pipeline, &writer, 3).await;
    session.batch_execute("COMMIT").await.expect("it can");
}

/// PostgreSQL 13 and older must drop the old trigger first, which locks readers out.
#[tokio::test]
async fn from_postgresql_14_on_readers_go_on_while_a_trigger_is_exchanged() {
    let pipeline = start_with_notes().await;
    pipeline.run(&installation(&[&Note::TABLE])).await;
    let session = pipeline.session().await;
    let install = installation(&[&Note::TABLE.with_level(Level::Row)]);
    session
        .batch_execute(&format!("BEGIN; {install}"))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let reader = pipeline.session().await;
    let read = reader
        .batch_execute("SET lock_timeout = '10ms'; SELECT FROM notes")
        .await;
    let goes_on = pipeline.server_version().await >= 140_000;
    assert_eq!(read.is_ok(), goes_on, "{read:?}");
}

#[tokio::test]
async fn it_enables_disabled_triggers_and_leaves_those_that_always_fire() {
    let pipeline = start_with_notes().await;
    let session = pipeline.session().await;
    pipeline.run(&installation(&[&Note::TABLE])).await;
    for disabled in [
        "DISABLE TRIGGER ALL",
        "ENABLE REPLICA TRIGGER aurora_trigger_insert",
    ] {
        session
            .batch_execute(&format!("ALTER TABLE notes {disabled}"))
            .await
            .expect("it can");
        session
            .batch_execute("INSERT INTO notes VALUES (1); DELETE FROM notes")
            .await
            .expect("it can");
        assert!(pipeline.take_calls().len() < 2, "{disabled}");
        pipeline.run(&installation(&[&Note::TABLE])).await;
        assert_calls(&pipeline, &session, 3).await;
    }
    session
        .batch_execute("ALTER TABLE notes ENABLE ALWAYS TRIGGER aurora_trigger_insert")
        .await
        .expect("it can");
    let before = catalogue(&session).await;
    pipeline.run(&installation(&[&Note::TABLE])).await;
    assert_eq!(catalogue(&session).await, before);
}

#[tokio::test]
async fn it_mends_functions_and_triggers_that_were_edited_by_hand() {
    let pipeline = start_with_notes().await;
    let session = pipeline.session().await;
    pipeline.run(&installation(&[&Note::TABLE])).await;
    let before = definitions(&session).await;
    for edit in [
        "CREATE OR REPLACE FUNCTION aurora_trigger.public_notes_insert() RETURNS trigger
             LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "ALTER FUNCTION aurora_trigger.public_notes_insert() SECURITY INVOKER RESET ALL",
        "ALTER FUNCTION aurora_trigger.public_notes_insert() OWNER TO postgres",
        "GRANT EXECUTE ON FUNCTION aurora_trigger.public_notes_insert() TO PUBLIC",
        "DROP TRIGGER aurora_trigger_insert ON notes",
        "DROP TRIGGER aurora_trigger_update ON notes;
         CREATE TRIGGER aurora_trigger_update AFTER UPDATE ON notes
             REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
             FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION aurora_trigger.public_notes_insert()",
        "DROP TRIGGER aurora_trigger_delete ON notes;
         CREATE TRIGGER aurora_trigger_delete AFTER DELETE ON notes
             REFERENCING OLD TABLE AS rows_of_old
             FOR EACH STATEMENT EXECUTE FUNCTION aurora_trigger.public_notes_insert()",
        "DROP FUNCTION aurora_trigger.send(text, text, text, text, text, bigint, json[]);
         DROP FUNCTION aurora_trigger.configure(text, text)",
    ] {
        session
            .batch_execute(edit)
            .await
            .unwrap_or_else(|error| panic!("{edit}: {error:?}"));
        assert_ne!(definitions(&session).await, before, "{edit}");
        pipeline.run(&installation(&[&Note::TABLE])).await;
        assert_eq!(definitions(&session).await, before, "{edit}");
        assert_calls(&pipeline, &session, 3).await;
    }
}

/// Triggers and functions as they are, without the numbers that change when they are made again.
async fn definitions(session: &Client) -> Vec<String> {
    texts(
        session,
        "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger AS t WHERE NOT t.tgisinternal
             UNION ALL
             SELECT pg_get_functiondef(p.oid) || p.proowner::regrole || coalesce(p.proacl::text, '')
             FROM pg_proc AS p WHERE p.pronamespace = 'aurora_trigger'::regnamespace
             ORDER BY 1",
    )
    .await
}

#[tokio::test]
async fn the_level_changes_in_a_session_that_writes_and_nothing_is_captured_twice() {
    let pipeline = start_with_notes().await;
    let session = pipeline.session().await;
    for level in [Level::Statement, Level::Row, Level::Row, Level::Statement] {
        pipeline.install_at::<Only<Note>>(level).await;
        assert_calls(&pipeline, &session, 3).await;
    }
}

#[tokio::test]
async fn operations_that_the_struct_no_longer_names_are_no_longer_captured() {
    let pipeline = start_with_notes().await;
    let session = pipeline.session().await;
    let all = Operations {
        insert: true,
        update: true,
        delete: true,
        truncate: true,
    };
    for level in [Level::Statement, Level::Row] {
        let table = Note::TABLE.with_level(level).with_operations(all);
        pipeline.run(&installation(&[&table])).await;
        assert_calls(&pipeline, &session, 3).await;
        session
            .batch_execute("TRUNCATE notes")
            .await
            .expect("it can");
        assert_eq!(pipeline.take_calls().len(), 1);

        let inserts = Operations {
            update: false,
            delete: false,
            truncate: false,
            ..all
        };
        pipeline
            .run(&installation(&[&table.with_operations(inserts)]))
            .await;
        assert_calls(&pipeline, &session, 1).await;
        session
            .batch_execute("TRUNCATE notes")
            .await
            .expect("it can");
        assert_eq!(pipeline.take_calls().len(), 0);
        let functions: i64 = session
            .query_one(
                "SELECT count(*) FROM pg_proc AS p
                 WHERE p.pronamespace = 'aurora_trigger'::regnamespace
                     AND p.prorettype = 'trigger'::regtype",
                &[],
            )
            .await
            .expect("the catalogue can be read")
            .get(0);
        assert_eq!(
            functions, 1,
            "the functions of the other operations are gone"
        );
    }
}
