//! An installation against sessions that write, and against other installations.

use aurora_trigger_gen::describe::{Delivery, OnFailure};
use aurora_trigger_gen::{ChangeStream, StreamTrigger, emit};
use pipeline_tests::{error_of, installation, statements};
use serde::Deserialize;
use storefront::Storefront;

use super::{Note, assert_calls, assert_complete, start, start_with_notes};

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

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.notes", delivery = "outbox")]
#[expect(dead_code, reason = "only written to")]
struct MaskedNote {
    #[stream(key)]
    id: i32,
    #[stream(mask = "sha256")]
    secret: String,
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
            pipeline.drain_if_it_can().await;
            assert_eq!(pipeline.take_calls().len(), 1);
        }
    }
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
        pipeline.drain_if_it_can().await;
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
