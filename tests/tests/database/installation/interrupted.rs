//! An installation that stops halfway.

use aurora_trigger_gen::describe::{Level, Operations, Oversize, TableDesc};
use aurora_trigger_gen::{ChangeStream, StreamTrigger};
use pipeline_tests::{installation, statements};
use storefront::Storefront;
use tokio_postgres::Client;

use super::{Note, WRITES, assert_calls, assert_complete, start, start_with_notes};

#[tokio::test]
async fn an_installation_that_stops_anywhere_leaves_writes_working_and_is_completed_by_the_next() {
    let pipeline = start().await;
    let session = pipeline.session().await;
    write_after_each_part(&session, Storefront::TABLES).await;
    assert_complete(&pipeline).await;
}

/// Runs the installation of these tables part by part, as one that could stop behind each.
async fn write_after_each_part(session: &Client, tables: &[&TableDesc]) {
    let install = installation(tables);
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
        write_after_each_part(&session, tables).await;
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
