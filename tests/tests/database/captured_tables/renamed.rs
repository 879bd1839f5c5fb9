//! Tables and triggers that somebody renamed or exchanged.

use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::{ChangeEvent, StreamTrigger, emit};
use pipeline_tests::{error_of, texts};

use super::{A, B, SCHEMA, created, functions, run, said, start, status, triggers};

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
        [
            "app_b_delete",
            "app_b_insert",
            "app_b_to_json",
            "app_b_update"
        ]
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
    assert_eq!(triggers(&session).await, ["app.b: my_insert app_a_insert"]);
    // By their function.
    run(&session, &emit::remove(&[&A::TABLE])).await;
    run(&session, "INSERT INTO app.b VALUES (1)").await;
    assert_eq!(pipeline.take_calls().len(), 0);
    let schemas = "SELECT nspname::text FROM pg_namespace WHERE nspname = 'aurora_trigger'";
    assert_eq!(texts(&session, schemas).await, [""; 0]);
}
