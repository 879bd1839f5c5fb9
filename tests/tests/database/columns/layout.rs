//! Where the columns stand in the table: in any order, beside others, in the place of dropped ones.

use aurora_trigger_gen::describe::Level;
use pipeline_tests::{Only, Pipeline, at_both_levels};

use crate::columns::{Ware, created, deleted, updated, ware};

at_both_levels!(
    columns_are_found_by_their_names,
    columns_that_nobody_streams_come_and_go,
    a_column_that_is_dropped_and_made_again_is_streamed_again,
    a_table_of_a_type_is_a_table,
);

async fn columns_are_found_by_their_names(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Ware>>(
        level,
        "CREATE SCHEMA shop;
         CREATE TABLE shop.wares (
             lost text, stock integer, other text DEFAULT 'o', gone integer, name text NOT NULL, id integer PRIMARY KEY
         );
         ALTER TABLE shop.wares DROP lost, DROP gone",
    )
    .await;
    pipeline
        .run(
            "INSERT INTO shop.wares (id, name, stock) VALUES (1, 'cup', 5);
             UPDATE shop.wares SET name = 'jug', other = 'p';
             UPDATE shop.wares SET other = 'q';
             DELETE FROM shop.wares",
        )
        .await;
    assert_eq!(
        pipeline.take_events(),
        [
            created(ware(1, "cup", 5)),
            updated(ware(1, "cup", 5), ware(1, "jug", 5)),
            deleted(ware(1, "jug", 5)),
        ]
    );
}

/// In a session that has written before, and so has the plans of the table as it was.
async fn columns_that_nobody_streams_come_and_go(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Ware>>(
        level,
        "CREATE SCHEMA shop;
         CREATE TABLE shop.wares (
             first text, id integer PRIMARY KEY, middle text, name text NOT NULL, stock integer, last text
         )",
    )
    .await;
    let session = pipeline.session().await;
    for (id, change) in [
        (1, "SELECT"),
        (2, "ALTER TABLE shop.wares DROP first"),
        (
            3,
            "ALTER TABLE shop.wares DROP last, ADD late integer DEFAULT 3",
        ),
        (4, "ALTER TABLE shop.wares DROP middle, DROP late"),
        (
            5,
            "ALTER TABLE shop.wares ADD first text NOT NULL DEFAULT 'f'",
        ),
    ] {
        session
            .batch_execute(&format!(
                "{change};
                 INSERT INTO shop.wares (id, name, stock) VALUES ({id}, 'cup', 1);
                 UPDATE shop.wares SET stock = 2 WHERE id = {id};
                 DELETE FROM shop.wares WHERE id = {id}"
            ))
            .await
            .unwrap_or_else(|error| panic!("{change}: {error:?}"));
        let (before, after) = (ware(id, "cup", 1), ware(id, "cup", 2));
        assert_eq!(
            pipeline.take_events(),
            [
                created(before.clone()),
                updated(before, after.clone()),
                deleted(after),
            ],
            "{change}"
        );
    }
}

async fn a_column_that_is_dropped_and_made_again_is_streamed_again(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Ware>>(
        level,
        "CREATE SCHEMA shop;
         CREATE TABLE shop.wares (id integer PRIMARY KEY, stock integer, name text NOT NULL)",
    )
    .await;
    let session = pipeline.session().await;
    session
        .batch_execute(
            "INSERT INTO shop.wares VALUES (1, 5, 'cup');
             ALTER TABLE shop.wares DROP stock;
             ALTER TABLE shop.wares ADD stock integer;
             UPDATE shop.wares SET stock = 6;
             DELETE FROM shop.wares",
        )
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(
        pipeline.take_events(),
        [
            created(ware(1, "cup", 5)),
            updated(ware(1, "cup", None), ware(1, "cup", 6)),
            deleted(ware(1, "cup", 6)),
        ]
    );
}

async fn a_table_of_a_type_is_a_table(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Ware>>(
        level,
        "CREATE SCHEMA shop;
         CREATE TYPE shop.ware AS (name text, id integer, stock integer);
         CREATE TABLE shop.wares OF shop.ware (PRIMARY KEY (id), name NOT NULL)",
    )
    .await;
    let session = pipeline.session().await;
    session
        .batch_execute(
            "INSERT INTO shop.wares VALUES ('cup', 1, 5);
             ALTER TYPE shop.ware ADD ATTRIBUTE note text CASCADE;
             UPDATE shop.wares SET stock = 6, note = 'n';
             ALTER TYPE shop.ware DROP ATTRIBUTE note CASCADE;
             DELETE FROM shop.wares",
        )
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(
        pipeline.take_events(),
        [
            created(ware(1, "cup", 5)),
            updated(ware(1, "cup", 5), ware(1, "cup", 6)),
            deleted(ware(1, "cup", 6)),
        ]
    );
}
