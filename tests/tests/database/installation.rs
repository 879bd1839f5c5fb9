//! The installation as a DBA runs it: in a transaction and without one, again and again, halfway, and against sessions
//! that write meanwhile.

use aurora_trigger_gen::describe::{Delivery, Level, OnFailure, Operations, Oversize, TableDesc};
use aurora_trigger_gen::emit;
use aurora_trigger_gen::{ChangeStream, StreamTrigger};
use pipeline_tests::{Only, Pipeline, error_of, installation, statements};
use serde::Deserialize;
use storefront::Storefront;
use tokio_postgres::Client;

const SCHEMA: &str = include_str!("../../storefront/schema.sql");

/// Writes of every kind to every table of the reference app.
const WRITES: &str = "
    INSERT INTO sales.customers (name, email) VALUES ('Ada', 'ada@example.org');
    UPDATE sales.customers SET name = 'Ada Lovelace';
    INSERT INTO sales.orders (id, customer_id, total, shipping)
        SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', max(id), 1.10, '{\"street\": \"\", \"town\": \"\"}'
        FROM sales.customers;
    UPDATE sales.orders SET status = 'paid';
    INSERT INTO sales.order_items VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1, 'cup', 1);
    UPDATE sales.order_items SET quantity = 2;
    DELETE FROM sales.orders;
    DELETE FROM sales.customers;
    INSERT INTO testing_rds_trigger (id) VALUES (1);
    UPDATE testing_rds_trigger SET name = 'Joan';
    DELETE FROM testing_rds_trigger;
    TRUNCATE testing_rds_trigger;
";

/// How many changes these are.
const CHANGES: usize = 13;

/// The installation, configured.
async fn start() -> Pipeline {
    let pipeline = Pipeline::start().await;
    pipeline.run(SCHEMA).await;
    pipeline
}

async fn assert_complete(pipeline: &Pipeline) {
    pipeline.drain().await;
    drop(pipeline.take_calls());
    pipeline.run(WRITES).await;
    pipeline.drain().await;
    let changes = pipeline.take_changes::<Storefront>();
    assert_eq!(changes.len(), CHANGES, "{changes:#?}");
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "async", on_failure = "abort")]
struct Note {
    #[stream(key)]
    #[expect(dead_code, reason = "only written to")]
    id: i32,
}

async fn start_with_notes() -> Pipeline {
    let pipeline = Pipeline::start().await;
    pipeline
        .run("CREATE TABLE public.notes (id integer PRIMARY KEY)")
        .await;
    pipeline
}

/// A note comes and goes, and so many calls are made.
async fn assert_calls(pipeline: &Pipeline, session: &Client, expected: usize) {
    session
        .batch_execute("INSERT INTO notes VALUES (1); UPDATE notes SET id = 2; DELETE FROM notes;")
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(pipeline.take_calls().len(), expected);
}

/// What the catalogue has for the triggers and functions, with the numbers that another version of a row gets.
async fn catalogue(session: &Client) -> Vec<String> {
    session
        .query(
            "SELECT pg_get_triggerdef(t.oid) || t.tgenabled::text || t.oid || ' ' || t.xmin
             FROM pg_trigger AS t WHERE NOT t.tgisinternal ORDER BY 1",
            &[],
        )
        .await
        .expect("the catalogue can be read")
        .iter()
        .map(|row| row.get(0))
        .collect()
}

#[tokio::test]
async fn psql_installs_it_in_one_transaction_and_without_one_and_again() {
    for options in [&["--single-transaction"][..], &[]] {
        let pipeline = start().await;
        for _ in 0..2 {
            let output = pipeline.psql(options, &installation(Storefront::TABLES));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
            // A DBA who reads a WARNING or NOTICE each time no longer reads the one that matters.
            assert!(
                !said.contains("WARNING") && !said.contains("NOTICE"),
                "{said}"
            );
        }
        assert_complete(&pipeline).await;
    }
}

#[tokio::test]
async fn it_is_one_migration_inside_of_a_transaction_and_gone_after_its_rollback() {
    let pipeline = start().await;
    let session = pipeline.session().await;
    session
        .batch_execute(&format!(
            "BEGIN; {}; ROLLBACK",
            installation(Storefront::TABLES)
        ))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    pipeline.run(WRITES).await;
    assert_eq!(pipeline.take_calls().len(), 0);

    session
        .batch_execute(&format!(
            "BEGIN; {}; COMMIT",
            installation(Storefront::TABLES)
        ))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_complete(&pipeline).await;
}

#[tokio::test]
async fn an_installation_that_stops_anywhere_leaves_writes_working_and_is_completed_by_the_next() {
    let pipeline = start().await;
    let session = pipeline.session().await;
    let install = installation(Storefront::TABLES);
    let parts = statements(&install);
    assert!(parts.len() > 15, "{}", parts.len());
    for (number, part) in parts.iter().enumerate() {
        session
            .batch_execute(part)
            .await
            .unwrap_or_else(|error| panic!("{part}: {error:?}"));
        session
            .batch_execute(WRITES)
            .await
            .unwrap_or_else(|error| panic!("after part {number}, {part}: {error:?}"));
    }
    assert_complete(&pipeline).await;
}

#[tokio::test]
async fn the_next_installation_completes_one_that_stopped_anywhere() {
    let install = installation(&[&Note::TABLE]);
    let parts = statements(&install);
    for length in 0..parts.len() {
        let pipeline = start_with_notes().await;
        let session = pipeline.session().await;
        for part in &parts[..length] {
            session
                .batch_execute(part)
                .await
                .unwrap_or_else(|error| panic!("{part}: {error:?}"));
        }
        session
            .batch_execute(&install)
            .await
            .unwrap_or_else(|error| panic!("after {length} parts: {error:?}"));
        assert_calls(&pipeline, &session, 3).await;
    }
}

/// The same tables as they could have been installed before.
fn older(table: &TableDesc) -> TableDesc {
    let level = match table.level() {
        Level::Statement => Level::Row,
        Level::Row => Level::Statement,
    };
    table
        .with_level(level)
        .with_oversize(Oversize::DeadLetter)
        .with_operations(Operations {
            insert: true,
            update: false,
            delete: true,
            truncate: !table.operations().truncate,
        })
}

#[tokio::test]
async fn one_that_stops_over_an_older_installation_leaves_writes_working() {
    let pipeline = start().await;
    let older: Vec<TableDesc> = Storefront::TABLES
        .iter()
        .map(|table| older(table))
        .collect();
    let older: Vec<&TableDesc> = older.iter().collect();
    pipeline.run(&installation(&older)).await;
    // There and back, so that each level is once the older one. The session keeps its plans.
    let session = pipeline.session().await;
    for tables in [Storefront::TABLES, &older, Storefront::TABLES] {
        let install = installation(tables);
        for (number, part) in statements(&install).iter().enumerate() {
            session
                .batch_execute(part)
                .await
                .unwrap_or_else(|error| panic!("{part}: {error:?}"));
            session
                .batch_execute(WRITES)
                .await
                .unwrap_or_else(|error| panic!("after part {number}, {part}: {error:?}"));
        }
    }
    assert_complete(&pipeline).await;
    let functions: i64 = session
        .query_one(
            "SELECT count(*) FROM pg_proc WHERE proname LIKE '%\\_row'",
            &[],
        )
        .await
        .expect("the catalogue can be read")
        .get(0);
    assert_eq!(functions, 0, "the functions of the other level are gone");
}

#[test]
fn the_text_is_the_same_each_time() {
    assert_eq!(
        installation(Storefront::TABLES),
        installation(Storefront::TABLES)
    );
    assert_eq!(
        emit::remove(Storefront::TABLES),
        emit::remove(Storefront::TABLES)
    );
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
async fn a_first_run_gives_up_on_a_table_that_is_written_to_and_leaves_writes_working() {
    let pipeline = start_with_notes().await;
    let writer = pipeline.session().await;
    writer
        .batch_execute("BEGIN; INSERT INTO notes VALUES (1)")
        .await
        .expect("the table is empty");
    let session = pipeline.session().await;
    let refused = error_of(&session, &installation(&[&Note::TABLE])).await;
    assert_eq!(refused.code().code(), "55P03", "{refused:?}");
    assert!(
        refused.message().contains("public.notes") && refused.message().contains("tries: 10"),
        "{}",
        refused.message()
    );
    assert!(
        refused
            .hint()
            .is_some_and(|hint| hint.contains("Run this again")),
        "{refused:?}"
    );
    writer.batch_execute("ROLLBACK").await.expect("it can");
    assert_calls(&pipeline, &writer, 0).await;
    pipeline.run(&installation(&[&Note::TABLE])).await;
    assert_calls(&pipeline, &writer, 3).await;
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
    session
        .query(
            "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger AS t WHERE NOT t.tgisinternal
             UNION ALL
             SELECT pg_get_functiondef(p.oid) || p.proowner::regrole || coalesce(p.proacl::text, '')
             FROM pg_proc AS p WHERE p.pronamespace = 'aurora_trigger'::regnamespace
             ORDER BY 1",
            &[],
        )
        .await
        .expect("the catalogue can be read")
        .iter()
        .map(|row| row.get(0))
        .collect()
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

#[tokio::test]
async fn until_the_relay_is_named_writes_go_on_with_a_warning() {
    let pipeline = start_with_notes().await;
    let (session, notices) = pipeline.listening_session().await;
    session
        .batch_execute(&emit::install(&[&Note::TABLE], None))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let said: Vec<String> = notices
        .take_warnings()
        .iter()
        .map(|w| w.message().to_owned())
        .collect();
    assert_eq!(
        said,
        ["aurora_trigger: nothing is captured until you name the relay"]
    );
    assert_calls(&pipeline, &session, 0).await;
    assert_eq!(notices.take_warnings().len(), 3);
    session
        .batch_execute("SELECT aurora_trigger.configure('relay')")
        .await
        .expect("a superuser may");
    assert_calls(&pipeline, &session, 3).await;

    // A later run keeps what was configured, and has nothing to warn of.
    session
        .batch_execute(&emit::install(&[&Note::TABLE], None))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_calls(&pipeline, &session, 3).await;
    assert_eq!(notices.take_warnings().len(), 0);
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "outbox")]
#[expect(dead_code, reason = "only written to")]
struct MaskedNote {
    #[stream(key)]
    id: i32,
    #[stream(mask = "sha256")]
    secret: String,
}

async fn drain_if_it_has_an_outbox(pipeline: &Pipeline) {
    let has_outbox: bool = pipeline
        .session()
        .await
        .query_one(
            "SELECT to_regclass('aurora_trigger.outbox') IS NOT NULL",
            &[],
        )
        .await
        .expect("it is a query")
        .get(0);
    if has_outbox {
        pipeline.drain().await;
    }
}

/// Its snapshot has the triggers, as the catalogue is always read anew, and not the settings.
#[tokio::test]
async fn a_transaction_that_began_before_the_installation_fails_where_it_must_be_captured() {
    let sync = Note::TABLE.with_delivery(Delivery::Sync);
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        for (table, effect) in [
            (Note::TABLE, "the changes of public.notes can't be sent"),
            (sync, "the changes of public.notes can't be sent"),
            (
                MaskedNote::TABLE,
                "the key for mask = \"sha256\" can't be read",
            ),
        ] {
            let pipeline = start_with_notes().await;
            pipeline
                .run("ALTER TABLE notes ADD COLUMN secret text NOT NULL DEFAULT 'secret'")
                .await;
            let session = pipeline.session().await;
            session
                .batch_execute(&format!(
                    "BEGIN ISOLATION LEVEL {level}; SELECT count(*) FROM pg_class"
                ))
                .await
                .expect("it can");
            pipeline.install_tables(&[&table]).await;
            let error = error_of(&session, "INSERT INTO notes VALUES (1)").await;
            assert_eq!(error.code().code(), "40001", "{error:?}");
            assert_eq!(
                error.message(),
                format!(
                    "aurora_trigger: {effect}, since the transaction began before the installation"
                )
            );
            // Tried again, as its code says, it is captured.
            session
                .batch_execute(&format!(
                    "ROLLBACK; BEGIN ISOLATION LEVEL {level}; INSERT INTO notes VALUES (1); COMMIT"
                ))
                .await
                .unwrap_or_else(|error| panic!("{error:?}"));
            drain_if_it_has_an_outbox(&pipeline).await;
            assert_eq!(pipeline.take_calls().len(), 1);
        }
    }
}

/// Where the row is lost for good, to try again is no help.
#[tokio::test]
async fn without_settings_a_write_that_must_be_captured_fails() {
    let pipeline = start_with_notes().await;
    pipeline.install::<Only<Note>>().await;
    pipeline.run("TRUNCATE aurora_trigger.settings").await;
    let session = pipeline.session().await;
    let error = error_of(&session, "INSERT INTO notes VALUES (1)").await;
    assert_eq!(
        error.message(),
        "aurora_trigger: the changes of public.notes can't be sent, since the table aurora_trigger.settings is empty"
    );
    assert_ne!(error.code().code(), "40001");
    pipeline.install::<Only<Note>>().await;
    assert_calls(&pipeline, &session, 3).await;
}

/// Nobody waits for its events, so nobody's write fails.
#[tokio::test]
async fn a_transaction_that_began_before_the_installation_goes_on_where_nobody_waits() {
    for (delivery, on_failure) in [
        (Delivery::Async, OnFailure::Warn),
        (Delivery::Async, OnFailure::Outbox),
        (Delivery::Commit, OnFailure::Outbox),
        (Delivery::Outbox, OnFailure::Outbox),
    ] {
        let table = Note::TABLE
            .with_delivery(delivery)
            .with_on_failure(on_failure);
        let pipeline = start_with_notes().await;
        let session = pipeline.session().await;
        session
            .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class")
            .await
            .expect("it can");
        pipeline.install_tables(&[&table]).await;
        session
            .batch_execute("INSERT INTO notes VALUES (1); COMMIT")
            .await
            .unwrap_or_else(|error| panic!("{delivery:?} {on_failure:?}: {error:?}"));
        drain_if_it_has_an_outbox(&pipeline).await;
        let expected = usize::from(on_failure == OnFailure::Outbox);
        assert_eq!(
            pipeline.take_calls().len(),
            expected,
            "{delivery:?} {on_failure:?}"
        );
    }
}

#[tokio::test]
async fn installations_in_two_databases_at_once_do_not_disturb_one_another() {
    let (one, other) = (start_with_notes().await, start_with_notes().await);
    let install = installation(&[&Note::TABLE]);
    for _ in 0..5 {
        tokio::join!(one.run(&install), other.run(&install));
    }
    for pipeline in [&one, &other] {
        assert_calls(pipeline, &pipeline.session().await, 3).await;
    }
}

/// In one transaction each, and statement by statement; with a removal among them.
#[tokio::test]
async fn installations_of_one_database_wait_for_each_other() {
    let pipeline = start().await;
    let install = installation(Storefront::TABLES);
    let remove = emit::remove(Storefront::TABLES);
    let in_a_transaction = async |sql: &str| {
        pipeline.run(&format!("BEGIN; {sql}; COMMIT")).await;
    };
    let by_statement = async |sql: &str| {
        let session = pipeline.session().await;
        for part in statements(sql) {
            session
                .batch_execute(part)
                .await
                .unwrap_or_else(|error| panic!("{error:?} in {part}"));
        }
    };
    for _ in 0..3 {
        tokio::join!(
            in_a_transaction(&install),
            in_a_transaction(&install),
            in_a_transaction(&install),
            in_a_transaction(&remove),
        );
        in_a_transaction(&remove).await;
        in_a_transaction(&install).await;
        tokio::join!(
            by_statement(&install),
            by_statement(&install),
            in_a_transaction(&install),
        );
    }
    assert_complete(&pipeline).await;
}

#[tokio::test]
async fn an_installation_that_waits_too_long_for_another_says_for_whom() {
    let pipeline = start_with_notes().await;
    let holder = pipeline.session().await;
    // Until the other one is committed.
    holder
        .batch_execute(&format!("BEGIN; {}", installation(&[&Note::TABLE])))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let process: i32 = holder
        .query_one("SELECT pg_backend_pid()", &[])
        .await
        .expect("it has one")
        .get(0);
    let session = pipeline.session().await;
    for sql in [installation(&[&Note::TABLE]), emit::remove(&[&Note::TABLE])] {
        session
            .batch_execute("SET lock_timeout = '100ms'")
            .await
            .expect("it is a setting");
        let refused = error_of(&session, &sql).await;
        assert_eq!(refused.code().code(), "55P03", "{refused:?}");
        assert_eq!(
            refused.message(),
            format!(
                "aurora_trigger: another installation or removal is at work: process {process} of role postgres"
            )
        );
        let timeout: String = session
            .query_one("SHOW lock_timeout", &[])
            .await
            .expect("it is a setting")
            .get(0);
        assert_eq!(timeout, "100ms");
    }
    holder.batch_execute("COMMIT").await.expect("it can");
    pipeline.run(&installation(&[&Note::TABLE])).await;
    assert_calls(&pipeline, &session, 3).await;
}

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "public.words",
    delivery = "async",
    on_failure = "abort",
    when = "word = 'é'"
)]
struct Word {
    #[stream(key)]
    word: String,
}

#[tokio::test]
async fn a_file_with_other_letters_is_refused_by_a_session_that_reads_them_otherwise() {
    let pipeline = Pipeline::start().await;
    pipeline
        .run("CREATE TABLE words (word text PRIMARY KEY)")
        .await;
    let table = Word::TABLE;
    let install = installation(&[&table]);
    let output = pipeline.psql(&[], &format!("SET client_encoding = 'WIN1252';\n{install}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("reads it as WIN1252"), "{said}");
    assert!(said.contains("PGCLIENTENCODING=UTF8"), "{said}");
    let output = pipeline.psql(&[], &install);
    assert!(output.status.success(), "{output:?}");
    pipeline.run("INSERT INTO words VALUES ('é'), ('e')").await;
    let created = aurora_trigger_gen::ChangeEvent::Created(Box::new(Word {
        word: "é".to_owned(),
    }));
    assert_eq!(pipeline.take_events::<Word>(), [created]);
    // ASCII is the same to all.
    let ascii = installation(&[&table.with_when("word <> 'e'")]);
    let output = pipeline.psql(&[], &format!("SET client_encoding = 'WIN1252';\n{ascii}"));
    assert!(output.status.success(), "{output:?}");
}
