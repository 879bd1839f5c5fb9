//! Which tables are captured, and by whose file: tables and triggers that were renamed, structs that have left a stream,
//! two apps in one database, and what a level can't capture.

use aurora_trigger_gen::describe::{ColumnDesc, Delivery, KeyDesc, Level, TableDesc};
use aurora_trigger_gen::{ChangeEvent, PgType, StreamTrigger, emit};
use pipeline_tests::{Pipeline, error_of};
use serde::Deserialize;
use tokio_postgres::Client;

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "app.a", delivery = "async", on_failure = "abort")]
struct A {
    #[stream(key)]
    id: i64,
}

/// The same rows in a table of another name.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "app.b", delivery = "async", on_failure = "abort")]
struct B {
    #[stream(key)]
    id: i64,
}

const SCHEMA: &str = "CREATE SCHEMA app; CREATE TABLE app.a (id bigint PRIMARY KEY);";

const COLUMNS: &[ColumnDesc] = &[ColumnDesc::new("id", "id", "id", &i64::TYPE).with_key()];

/// The table of `A`, as a struct of another app has it.
const FOREIGN_A: TableDesc = TableDesc::new(
    "billing::Entry",
    "app",
    "a",
    COLUMNS,
    KeyDesc::Columns,
    Delivery::Async,
);

/// A table of another app.
const FOREIGN_B: TableDesc = TableDesc::new(
    "billing::Line",
    "app",
    "b",
    COLUMNS,
    KeyDesc::Columns,
    Delivery::Async,
);

async fn start(sql: &str) -> (Pipeline, Client) {
    let pipeline = Pipeline::start().await;
    pipeline.run(sql).await;
    let session = pipeline.session().await;
    (pipeline, session)
}

async fn run(session: &Client, sql: &str) {
    session
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// What an installation of these tables says beside its answers, but that no relay is named and which tables are
/// captured.
async fn said(pipeline: &Pipeline, tables: &[&TableDesc]) -> Vec<String> {
    let mut said = all_said(pipeline, tables).await;
    said.retain(|notice| {
        [
            "until you name the relay",
            "is captured (",
            "is not captured (",
        ]
        .iter()
        .all(|part| !notice.contains(part))
    });
    said
}

async fn all_said(pipeline: &Pipeline, tables: &[&TableDesc]) -> Vec<String> {
    let (session, notices) = pipeline.listening_session().await;
    run(&session, &emit::install(tables, None)).await;
    notices
        .take()
        .iter()
        .map(|notice| format!("{}: {}", notice.severity(), notice.message()))
        .collect()
}

async fn texts(session: &Client, sql: &str) -> Vec<String> {
    session
        .query(sql, &[])
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
        .iter()
        .map(|row| row.get(0))
        .collect()
}

/// All triggers of ours, with their tables.
async fn triggers(session: &Client) -> Vec<String> {
    texts(
        session,
        "SELECT format('%s: %s %s', t.tgrelid::regclass, t.tgname, p.proname)
         FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
         WHERE p.pronamespace = 'aurora_trigger'::regnamespace AND NOT t.tgisinternal
         ORDER BY 1",
    )
    .await
}

/// The functions of tables.
async fn functions(session: &Client) -> Vec<String> {
    texts(
        session,
        "SELECT proname::text FROM pg_proc
         WHERE pronamespace = 'aurora_trigger'::regnamespace AND proname LIKE 'app\\_%' ORDER BY 1",
    )
    .await
}

/// What the view says of each table.
async fn status(session: &Client) -> Vec<String> {
    texts(
        session,
        "SELECT format(
             '%s.%s of %s%s: %s',
             schema_name, table_name, coalesce(app, 'nobody'),
             CASE WHEN app IS NULL OR installed_at <= now() THEN '' ELSE ' not yet' END,
             CASE WHEN captured THEN 'captured' ELSE 'not captured' END || coalesce(', ' || problem, '')
         )
         FROM aurora_trigger.capture_status ORDER BY 1",
    )
    .await
}

fn created<T>(row: T) -> ChangeEvent<T> {
    ChangeEvent::Created(Box::new(row))
}

#[tokio::test]
async fn an_installation_says_of_every_table_whether_it_is_captured() {
    let (pipeline, session) = start(SCHEMA).await;
    run(&session, "CREATE TABLE app.b (id bigint PRIMARY KEY)").await;
    pipeline.install_tables(&[&FOREIGN_B]).await;
    run(
        &session,
        "ALTER TABLE app.b DISABLE TRIGGER aurora_trigger_insert",
    )
    .await;
    let mut said = all_said(&pipeline, &[&A::TABLE]).await;
    let state = said.split_off(said.len() - 2);
    assert!(
        state[0].starts_with("INFO: aurora_trigger: app.a is captured (app database, since 20"),
        "{state:?}"
    );
    assert!(
        state[1]
            .starts_with("NOTICE: aurora_trigger: app.b is not captured (app billing, since 20")
            && state[1].ends_with(", trigger aurora_trigger_insert is disabled)"),
        "{state:?}"
    );
    assert!(
        said.iter().all(|notice| !notice.contains("app.b")),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_table_that_was_exchanged_no_longer_sends_changes_of_the_one_with_its_name() {
    let (pipeline, session) = start(SCHEMA).await;
    pipeline.install_tables(&[&A::TABLE]).await;
    run(
        &session,
        "INSERT INTO app.a VALUES (1);
         CREATE TABLE app.a_new (LIKE app.a INCLUDING ALL);
         INSERT INTO app.a_new TABLE app.a;
         ALTER TABLE app.a RENAME TO a_old;
         ALTER TABLE app.a_new RENAME TO a;",
    )
    .await;
    assert_eq!(
        status(&session).await,
        [
            "app.a of database: not captured, no trigger for DELETE; no trigger for INSERT; \
          no trigger for UPDATE; trigger aurora_trigger_delete is on another table, app.a_old; \
          trigger aurora_trigger_insert is on another table, app.a_old; \
          trigger aurora_trigger_update is on another table, app.a_old"
        ]
    );
    let said = said(&pipeline, &[&A::TABLE]).await;
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(
        said[0],
        "NOTICE: aurora_trigger: trigger aurora_trigger_delete of app.a_old sent changes of that table as those of \
         app.a: dropped"
    );
    drop(pipeline.take_calls());
    run(
        &session,
        "DELETE FROM app.a_old; INSERT INTO app.a VALUES (2)",
    )
    .await;
    assert_eq!(pipeline.take_events::<A>(), [created(A { id: 2 })]);
    assert_eq!(status(&session).await, ["app.a of database: captured"]);
    // And once more without a word.
    assert_eq!(self::said(&pipeline, &[&A::TABLE]).await, [""; 0]);
}

/// The session has planned its writes to the old table, which was none with partitions.
#[tokio::test]
async fn a_table_that_was_exchanged_for_a_partitioned_one_is_captured_with_the_moves_of_rows() {
    let (pipeline, session) = start(SCHEMA).await;
    pipeline.install_tables(&[&A::TABLE]).await;
    run(
        &session,
        "INSERT INTO app.a VALUES (1), (2); UPDATE app.a SET id = id + 10",
    )
    .await;
    run(
        &session,
        "CREATE FUNCTION app.drop_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         ALTER TABLE app.a RENAME TO a_old;
         CREATE TABLE app.a (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
         CREATE TABLE app.a_1 PARTITION OF app.a FOR VALUES FROM (0) TO (100);
         CREATE TABLE app.a_2 PARTITION OF app.a FOR VALUES FROM (100) TO (200);
         CREATE TRIGGER drops BEFORE INSERT ON app.a_2 FOR EACH ROW EXECUTE PROCEDURE app.drop_row();",
    )
    .await;
    pipeline.install_tables(&[&A::TABLE]).await;
    run(&session, "INSERT INTO app.a VALUES (1), (2)").await;
    drop(pipeline.take_calls());
    run(&session, "UPDATE app.a SET id = 100 WHERE id = 1").await;
    assert_eq!(
        pipeline.take_events::<A>(),
        [ChangeEvent::Deleted(Box::new(A { id: 1 }))]
    );
}

#[tokio::test]
async fn an_exchanged_table_that_is_written_to_is_refused_by_its_name() {
    let (pipeline, session) = start(SCHEMA).await;
    pipeline.install_tables(&[&A::TABLE]).await;
    run(
        &session,
        "ALTER TABLE app.a RENAME TO a_old; CREATE TABLE app.a (id bigint PRIMARY KEY)",
    )
    .await;
    run(&session, "BEGIN; INSERT INTO app.a_old VALUES (1)").await;
    let installer = pipeline.session().await;
    let refused = error_of(&installer, &emit::install(&[&A::TABLE], None)).await;
    assert_eq!(refused.code().code(), "55P03", "{refused:?}");
    assert!(refused.message().contains("app.a_old"), "{refused:?}");
    run(&session, "COMMIT").await;
    run(&installer, &emit::install(&[&A::TABLE], None)).await;
    assert_eq!(status(&session).await, ["app.a of database: captured"]);
}

#[tokio::test]
async fn a_trigger_that_somebody_renamed_does_not_capture_beside_its_successor() {
    for level in [Level::Statement, Level::Row] {
        let (pipeline, session) = start(SCHEMA).await;
        let table = A::TABLE.with_level(level);
        pipeline.install_tables(&[&table]).await;
        run(
            &session,
            "ALTER TRIGGER aurora_trigger_insert ON app.a RENAME TO my_insert;
             ALTER TRIGGER aurora_trigger_update ON app.a RENAME TO aurora_trigger_truncate;",
        )
        .await;
        assert_eq!(
            status(&session).await,
            [
                "app.a of database: captured, trigger aurora_trigger_truncate is not of the installation; \
              trigger my_insert is not of the installation"
            ]
        );
        assert_eq!(
            said(&pipeline, &[&table]).await,
            ["NOTICE: aurora_trigger: trigger my_insert of app.a was renamed and is dropped"]
        );
        run(&session, "INSERT INTO app.a VALUES (1)").await;
        assert_eq!(pipeline.take_events::<A>(), [created(A { id: 1 })]);
        assert_eq!(triggers(&session).await.len(), 3);
        assert_eq!(status(&session).await, ["app.a of database: captured"]);
        pipeline.run(&emit::remove(&[&table])).await;
    }
}

#[tokio::test]
async fn a_table_and_its_struct_that_were_renamed_leave_nothing_of_the_old_name() {
    let (pipeline, session) = start(SCHEMA).await;
    pipeline.install_tables(&[&A::TABLE]).await;
    run(&session, "ALTER TABLE app.a RENAME TO b").await;
    assert_eq!(
        said(&pipeline, &[&B::TABLE]).await,
        ["NOTICE: aurora_trigger: app.a has left the stream, and its functions are dropped"]
    );
    run(&session, "INSERT INTO app.b VALUES (1)").await;
    assert_eq!(pipeline.take_events::<B>(), [created(B { id: 1 })]);
    assert_eq!(
        functions(&session).await,
        ["app_b_capture", "app_b_to_json"]
    );
    assert_eq!(status(&session).await, ["app.b of database: captured"]);
    pipeline.run(&emit::remove(&[&B::TABLE])).await;
    assert_eq!(
        texts(
            &session,
            "SELECT nspname::text FROM pg_namespace WHERE nspname = 'aurora_trigger'"
        )
        .await,
        [""; 0]
    );
}

/// No installation came in between.
#[tokio::test]
async fn the_removal_finds_renamed_triggers_of_a_renamed_table() {
    let (pipeline, session) = start(SCHEMA).await;
    pipeline.install_tables(&[&A::TABLE]).await;
    run(
        &session,
        "ALTER TABLE app.a RENAME TO b;
         ALTER TRIGGER aurora_trigger_insert ON app.b RENAME TO my_insert;",
    )
    .await;
    // By the table, which has its names of triggers.
    run(&session, &emit::remove(&[&B::TABLE])).await;
    assert_eq!(triggers(&session).await, ["app.b: my_insert app_a_capture"]);
    // By their function.
    run(&session, &emit::remove(&[&A::TABLE])).await;
    run(&session, "INSERT INTO app.b VALUES (1)").await;
    assert_eq!(pipeline.take_calls().len(), 0);
    let schemas = "SELECT nspname::text FROM pg_namespace WHERE nspname = 'aurora_trigger'";
    assert_eq!(texts(&session, schemas).await, [""; 0]);
}

#[tokio::test]
async fn a_struct_that_has_left_the_stream_is_named_and_removed_without_it() {
    let (pipeline, session) = start(&format!(
        "{SCHEMA} CREATE TABLE app.b (id bigint PRIMARY KEY)"
    ))
    .await;
    pipeline.install_tables(&[&A::TABLE, &B::TABLE]).await;
    for _ in 0..2 {
        assert_eq!(
            said(&pipeline, &[&B::TABLE]).await,
            ["WARNING: aurora_trigger: captured, but not in this file: app.a"]
        );
    }
    let waiting: i64 = session
        .query_one("SELECT aurora_trigger.stop_capture('App.A')", &[])
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
        .get(0);
    assert_eq!(waiting, 0);
    assert_eq!(
        functions(&session).await,
        ["app_b_capture", "app_b_to_json"]
    );
    assert_eq!(status(&session).await, ["app.b of database: captured"]);
    assert_eq!(said(&pipeline, &[&B::TABLE]).await, [""; 0]);
    run(
        &session,
        "INSERT INTO app.a VALUES (1); INSERT INTO app.b VALUES (1)",
    )
    .await;
    assert_eq!(pipeline.take_events::<B>(), [created(B { id: 1 })]);
    let refused = error_of(&session, "SELECT aurora_trigger.stop_capture('app.a')").await;
    assert_eq!(refused.message(), "aurora_trigger: app.a is not captured");
    assert_eq!(refused.hint(), Some("Captured are: app.b"));
    let refused = error_of(&session, "SELECT aurora_trigger.stop_capture('a')").await;
    assert!(
        refused
            .message()
            .contains("does not name a schema and a table"),
        "{refused:?}"
    );
}

/// The registration has what the drain needs to know of the table.
#[tokio::test]
async fn what_waits_of_a_table_that_is_no_longer_captured_is_sent() {
    let (pipeline, session) = start(SCHEMA).await;
    let table = A::TABLE.with_delivery(Delivery::Outbox);
    pipeline.install_tables(&[&table]).await;
    run(
        &session,
        "INSERT INTO app.a VALUES (1), (2); ALTER TABLE app.a RENAME TO a_old; DROP TABLE app.a_old CASCADE",
    )
    .await;
    let stop = "SELECT aurora_trigger.stop_capture('app.a')";
    let waiting: i64 = session
        .query_one(stop, &[])
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
        .get(0);
    assert_eq!(waiting, 2);
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<A>().len(), 2);
    run(&session, stop).await;
    assert_eq!(status(&session).await, [""; 0]);
    assert_eq!(functions(&session).await, [""; 0]);
}

#[tokio::test]
async fn the_files_of_two_apps_leave_each_other_alone() {
    let (pipeline, session) = start(&format!(
        "{SCHEMA} CREATE TABLE app.b (id bigint PRIMARY KEY)"
    ))
    .await;
    pipeline.install_tables(&[&A::TABLE]).await;
    // Another table, without a word of the first app's.
    assert_eq!(said(&pipeline, &[&FOREIGN_B]).await, [""; 0]);
    assert_eq!(said(&pipeline, &[&A::TABLE]).await, [""; 0]);
    assert_eq!(
        status(&session).await,
        ["app.a of database: captured", "app.b of billing: captured"]
    );
    let before = functions_with_versions(&session).await;
    for file in [
        emit::install(&[&FOREIGN_B, &FOREIGN_A], None),
        emit::remove(&[&FOREIGN_B, &FOREIGN_A]),
    ] {
        let refused = error_of(&session, &file).await;
        assert_eq!(
            refused.message(),
            "aurora_trigger: another app captures these tables\n\
             app.a belongs to the app database, this file is of the app billing"
        );
        assert!(
            refused
                .hint()
                .is_some_and(|hint| hint.contains("aurora_trigger.hand_over(")),
            "{refused:?}"
        );
        // Not in one transaction, and yet nothing was changed.
        assert_eq!(functions_with_versions(&session).await, before);
    }
    run(&session, "INSERT INTO app.a VALUES (1)").await;
    assert_eq!(pipeline.take_calls().len(), 1);

    run(
        &session,
        "SELECT aurora_trigger.hand_over('app.a', 'billing')",
    )
    .await;
    assert_eq!(said(&pipeline, &[&FOREIGN_B, &FOREIGN_A]).await, [""; 0]);
    let refused = error_of(&session, &emit::install(&[&A::TABLE], None)).await;
    assert!(
        refused
            .message()
            .ends_with("app.a belongs to the app billing, this file is of the app database"),
        "{refused:?}"
    );
    // The last app takes with it what all share.
    run(&session, &emit::remove(&[&FOREIGN_A])).await;
    assert_eq!(status(&session).await, ["app.b of billing: captured"]);
    run(&session, &emit::remove(&[&FOREIGN_B])).await;
    let gone = error_of(&session, "SELECT FROM aurora_trigger.capture_status").await;
    assert_eq!(gone.code().code(), "42P01", "{gone:?}");
}

/// The functions, with the numbers that another version of a row gets.
async fn functions_with_versions(session: &Client) -> Vec<String> {
    texts(
        session,
        "SELECT proname || ' ' || xmin FROM pg_proc
         WHERE pronamespace = 'aurora_trigger'::regnamespace ORDER BY 1",
    )
    .await
}

#[tokio::test]
async fn an_older_version_does_not_replace_what_another_app_needs() {
    let (pipeline, session) = start(&format!(
        "{SCHEMA} CREATE TABLE app.b (id bigint PRIMARY KEY)"
    ))
    .await;
    pipeline.install_tables(&[&A::TABLE]).await;
    run(&session, &emit::install(&[&FOREIGN_B], None)).await;
    run(
        &session,
        "UPDATE aurora_trigger.stream_table SET version = '99.1.0-beta.2' WHERE app = 'billing'",
    )
    .await;
    let refused = error_of(&session, &emit::install(&[&A::TABLE], None)).await;
    assert_eq!(
        refused.message(),
        format!(
            "aurora_trigger: version 99.1.0-beta.2 of the app billing is installed, and this file is of {}",
            env!("CARGO_PKG_VERSION")
        )
    );
    // Its own is that app's affair, and so is an older one of another's.
    run(&session, &emit::install(&[&FOREIGN_B], None)).await;
    run(
        &session,
        "UPDATE aurora_trigger.stream_table SET version = '0.0.9' WHERE app = 'billing'",
    )
    .await;
    run(&session, &emit::install(&[&A::TABLE], None)).await;
}

const PARTITIONED: &str = "
    CREATE SCHEMA app;
    CREATE TABLE app.parent (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE app.a (id bigint PRIMARY KEY);
";

const ATTACH: &str = "ALTER TABLE app.parent ATTACH PARTITION app.a FOR VALUES FROM (0) TO (100)";

/// The refusal of the installation, without its first line.
async fn refusal(session: &Client, table: &TableDesc) -> String {
    let refused = error_of(session, &emit::install(&[table], None)).await;
    let (first, rest) = refused.message().split_once('\n').expect("two lines");
    assert_eq!(
        first,
        "aurora_trigger: the tables differ from their structs"
    );
    rest.to_owned()
}

#[tokio::test]
async fn a_partition_is_refused_at_statement_level_and_told_where_it_was_attached_later() {
    let (pipeline, session) = start(PARTITIONED).await;
    pipeline.install_tables(&[&A::TABLE]).await;
    if session.batch_execute(ATTACH).await.is_ok() {
        run(&session, "INSERT INTO app.parent VALUES (1)").await;
        assert_eq!(pipeline.take_calls().len(), 0);
        assert_eq!(
            status(&session).await,
            [
                "app.a of database: captured, on a partition only: writes through app.parent are not captured"
            ]
        );
    } else {
        // PostgreSQL 11 takes every trigger with transition tables for one of rows.
        assert!(pipeline.server_version().await < 150_000);
        run(&session, &emit::remove(&[&A::TABLE])).await;
        run(&session, ATTACH).await;
    }
    assert_eq!(
        refusal(&session, &A::TABLE).await,
        "app.a is a partition of app.parent: a trigger at statement level does not see writes through app.parent. \
         Put the struct on app.parent, or say level = \"row\""
    );
    pipeline
        .install_tables(&[&A::TABLE.with_level(Level::Row)])
        .await;
    run(&session, "INSERT INTO app.parent VALUES (2)").await;
    assert_eq!(pipeline.take_events::<A>(), [created(A { id: 2 })]);
    assert_eq!(status(&session).await, ["app.a of database: captured"]);
}

#[tokio::test]
async fn a_child_that_inherits_is_warned_of_at_statement_level() {
    let (pipeline, session) = start(
        "CREATE SCHEMA app; CREATE TABLE app.parent (id bigint PRIMARY KEY);
         CREATE TABLE app.a (PRIMARY KEY (id)) INHERITS (app.parent);",
    )
    .await;
    assert_eq!(
        said(&pipeline, &[&A::TABLE]).await,
        [
            "WARNING: aurora_trigger: app.a inherits from app.parent, and writes through app.parent are not captured"
        ]
    );
    assert_eq!(
        status(&session).await,
        [
            "app.a of database: captured, on a child only: writes through app.parent are not captured"
        ]
    );
    let row = A::TABLE.with_level(Level::Row);
    assert_eq!(said(&pipeline, &[&row]).await, [""; 0]);
    assert_eq!(status(&session).await, ["app.a of database: captured"]);
}

#[tokio::test]
async fn foreign_tables_below_a_table_are_refused_at_statement_level() {
    let server =
        "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;";
    for (table, foreign) in [
        (
            "CREATE TABLE app.a (id bigint NOT NULL) PARTITION BY RANGE (id)",
            "CREATE FOREIGN TABLE app.far PARTITION OF app.a DEFAULT SERVER nowhere",
        ),
        (
            "CREATE TABLE app.a (id bigint PRIMARY KEY); CREATE TABLE app.middle () INHERITS (app.a)",
            "CREATE FOREIGN TABLE app.far () INHERITS (app.middle) SERVER nowhere",
        ),
    ] {
        let (pipeline, session) =
            start(&format!("CREATE SCHEMA app; {server} {table}; {foreign}")).await;
        // Foreign partitions leave no room for a unique index.
        let keyless = A::TABLE;
        let keyless = TableDesc::new(
            "database::A",
            "app",
            "a",
            keyless.columns(),
            KeyDesc::PartitionBy(&["id"]),
            Delivery::Async,
        );
        assert_eq!(
            refusal(&session, &keyless).await,
            "app.a has the foreign table app.far below it: with a trigger at statement level, writes that reach it \
             would fail. Say level = \"row\""
        );
        run(&session, "DROP FOREIGN TABLE app.far").await;
        pipeline.install_tables(&[&keyless]).await;
        run(&session, foreign).await;
        assert_eq!(
            status(&session).await,
            ["app.a of database: captured, writes that reach foreign table app.far fail"]
        );
        run(
            &session,
            &emit::install(&[&keyless.with_level(Level::Row)], None),
        )
        .await;
        assert_eq!(status(&session).await, ["app.a of database: captured"]);
    }
}

#[tokio::test]
async fn a_partitioned_table_goes_from_one_level_to_the_other_and_back() {
    let (pipeline, session) = start(
        "CREATE SCHEMA app;
         CREATE TABLE app.a (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
         CREATE TABLE app.a_1 PARTITION OF app.a FOR VALUES FROM (0) TO (100) PARTITION BY RANGE (id);
         CREATE TABLE app.a_2 PARTITION OF app.a_1 DEFAULT;",
    )
    .await;
    for (number, level) in [Level::Row, Level::Statement, Level::Row, Level::Statement]
        .into_iter()
        .enumerate()
    {
        let table = A::TABLE.with_level(level);
        pipeline.install_tables(&[&table]).await;
        let id = i64::try_from(number).expect("it is small");
        run(&session, &format!("INSERT INTO app.a VALUES ({id})")).await;
        assert_eq!(pipeline.take_events::<A>(), [created(A { id })]);
        assert_eq!(status(&session).await, ["app.a of database: captured"]);
        assert_eq!(said(&pipeline, &[&table]).await, [""; 0]);
    }
    assert_eq!(triggers(&session).await.len(), 3);
    pipeline
        .install_tables(&[&A::TABLE.with_level(Level::Row)])
        .await;
    pipeline.run(&emit::remove(&[&A::TABLE])).await;
}

#[tokio::test]
async fn what_is_captured_with_gaps_is_warned_of() {
    let (pipeline, session) = start(SCHEMA).await;
    run(&session, "ALTER TABLE app.a SET UNLOGGED").await;
    let unlogged =
        "WARNING: aurora_trigger: app.a is UNLOGGED: a crash empties it without an event";
    assert_eq!(said(&pipeline, &[&A::TABLE]).await, [unlogged]);
    run(
        &session,
        "ALTER TABLE app.a SET LOGGED;
         ALTER TABLE app.a ENABLE ALWAYS TRIGGER aurora_trigger_insert",
    )
    .await;
    assert_eq!(
        said(&pipeline, &[&A::TABLE]).await,
        ["WARNING: aurora_trigger: the triggers of app.a fire ALWAYS, but not for replicated rows"]
    );
    assert_eq!(
        status(&session).await,
        [
            "app.a of database: captured, trigger aurora_trigger_insert fires ALWAYS, but not for replicated rows at \
          statement level"
        ]
    );
    // A new trigger in its place fires ALWAYS, too.
    let row = A::TABLE.with_level(Level::Row);
    assert_eq!(said(&pipeline, &[&row]).await, [""; 0]);
    let enabled = "SELECT tgenabled::text FROM pg_trigger WHERE tgname = 'aurora_trigger_insert'";
    assert_eq!(texts(&session, enabled).await, ["A"]);
    pipeline.install_tables(&[&A::TABLE]).await;
    run(&session, "ALTER TABLE app.a DISABLE TRIGGER ALL").await;
    assert_eq!(
        status(&session).await,
        [
            "app.a of database: not captured, trigger aurora_trigger_delete is disabled; \
          trigger aurora_trigger_insert is disabled; trigger aurora_trigger_update is disabled"
        ]
    );
    let said = said(&pipeline, &[&A::TABLE]).await;
    assert_eq!(
        said[0],
        "NOTICE: aurora_trigger: trigger aurora_trigger_insert of app.a was disabled, and is enabled again"
    );
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(status(&session).await, ["app.a of database: captured"]);
}

#[tokio::test]
async fn a_monitoring_role_sees_what_is_captured() {
    let (pipeline, session) = start(SCHEMA).await;
    pipeline.install_tables(&[&A::TABLE]).await;
    run(&session, "DROP TRIGGER aurora_trigger_insert ON app.a").await;
    run(
        &session,
        "SET ROLE pg_monitor; SET search_path = pg_catalog",
    )
    .await;
    assert_eq!(
        status(&session).await,
        ["app.a of database: not captured, no trigger for INSERT"]
    );
}
