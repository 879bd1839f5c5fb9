//! Two apps in one database.

use aurora_trigger_gen::{StreamTrigger, emit};
use pipeline_tests::{error_of, texts};
use tokio_postgres::Client;

use super::{A, FOREIGN_A, FOREIGN_B, SCHEMA, run, said, start, status};

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

/// The with the numbers that another version of a row gets.
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
