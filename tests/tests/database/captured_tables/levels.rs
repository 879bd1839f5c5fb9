//! Changes that a level can't capture.

use aurora_trigger_gen::describe::{Delivery, KeyDesc, Level, TableDesc};
use aurora_trigger_gen::{StreamTrigger, emit};
use pipeline_tests::{error_of, texts};
use tokio_postgres::Client;

use super::{A, SCHEMA, created, run, said, start, status, triggers};

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
