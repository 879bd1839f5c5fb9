//! Columns that come from other tables: those of parents, and those of a partition with columns of its own making.

use aurora_trigger_gen::describe::Level;
use pipeline_tests::{Only, Pipeline, at_both_levels, error_of};

use crate::columns::{Ware, created, deleted, updated, ware};

at_both_levels!(
    a_child_with_columns_of_several_parents_is_a_table,
    a_child_that_is_streamed_is_seen_when_it_is_written_to,
    a_partition_that_is_streamed_is_seen_when_it_is_written_to,
);

async fn a_child_with_columns_of_several_parents_is_a_table(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Ware>>(
        level,
        "CREATE SCHEMA shop;
         CREATE TABLE shop.counted (stock integer, lost text, name text NOT NULL);
         CREATE TABLE shop.named (name text NOT NULL, since date);
         CREATE TABLE shop.wares (id integer PRIMARY KEY, stock integer) INHERITS (shop.named, shop.counted);
         ALTER TABLE shop.counted DROP lost",
    )
    .await;
    let session = pipeline.session().await;
    session
        .batch_execute(
            "INSERT INTO shop.wares (id, name, stock) VALUES (1, 'cup', 5);
             ALTER TABLE shop.named ADD more text, DROP since;
             UPDATE shop.wares SET stock = 6, more = 'm';
             ALTER TABLE shop.wares NO INHERIT shop.counted;
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

/// The second of its parents is streamed, whose columns stand elsewhere in the child.
#[tokio::test]
async fn a_statement_on_a_parent_finds_its_columns_in_a_child_of_several() {
    let pipeline = Pipeline::with_tables::<Only<Ware>>(
        Level::Statement,
        "CREATE SCHEMA shop;
         CREATE TABLE shop.counted (stock integer, since date);
         CREATE TABLE shop.wares (id integer PRIMARY KEY, name text NOT NULL, stock integer);
         CREATE TABLE shop.old_wares (lost text, name text NOT NULL) INHERITS (shop.counted, shop.wares);
         ALTER TABLE shop.old_wares DROP lost",
    )
    .await;
    pipeline
        .run(
            "INSERT INTO shop.old_wares (id, name, stock) VALUES (2, 'jug', 6);
             INSERT INTO shop.wares VALUES (1, 'cup', 5);
             UPDATE shop.wares SET stock = stock + 1;
             DELETE FROM shop.wares WHERE id = 2",
        )
        .await;
    assert_eq!(
        pipeline.take_events(),
        [
            created(ware(1, "cup", 5)),
            updated(ware(1, "cup", 5), ware(1, "cup", 6)),
            updated(ware(2, "jug", 6), ware(2, "jug", 7)),
            deleted(ware(2, "jug", 7)),
        ]
    );
}

/// And through its parent by a row trigger only: to a statement trigger that is a statement on the parent.
async fn a_child_that_is_streamed_is_seen_when_it_is_written_to(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Ware>>(
        level,
        "CREATE SCHEMA shop;
         CREATE TABLE shop.all_wares (stock integer, id integer NOT NULL, name text NOT NULL);
         CREATE TABLE shop.wares (lost text, PRIMARY KEY (id)) INHERITS (shop.all_wares);
         ALTER TABLE shop.wares DROP lost",
    )
    .await;
    pipeline
        .run(
            "INSERT INTO shop.wares VALUES (5, 1, 'cup');
             INSERT INTO shop.all_wares VALUES (5, 2, 'jug');
             UPDATE shop.wares SET stock = 6",
        )
        .await;
    let mut expected = vec![
        created(ware(1, "cup", 5)),
        updated(ware(1, "cup", 5), ware(1, "cup", 6)),
    ];
    assert_eq!(pipeline.take_events(), expected);

    pipeline.run("DELETE FROM shop.all_wares").await;
    expected.clear();
    if level == Level::Row {
        expected.push(deleted(ware(1, "cup", 6)));
    }
    assert_eq!(pipeline.take_events(), expected);
}

/// So it is with a partition. At statement level the installation refuses one that is attached already.
async fn a_partition_that_is_streamed_is_seen_when_it_is_written_to(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Ware>>(
        level,
        "CREATE SCHEMA shop;
         CREATE TABLE shop.all_wares (id integer NOT NULL, name text NOT NULL, stock integer) PARTITION BY RANGE (id);
         CREATE TABLE shop.wares (lost text, stock integer, id integer PRIMARY KEY, name text NOT NULL);
         ALTER TABLE shop.wares DROP lost;
         CREATE TABLE shop.more_wares PARTITION OF shop.all_wares DEFAULT",
    )
    .await;
    let attach =
        "ALTER TABLE shop.all_wares ATTACH PARTITION shop.wares FOR VALUES FROM (0) TO (100)";
    if level == Level::Statement && pipeline.server_version().await < 130_000 {
        // They take every trigger with transition tables for one of rows.
        let error = error_of(&pipeline.session().await, attach).await;
        assert!(
            error
                .message()
                .ends_with("prevents table \"wares\" from becoming a partition"),
            "{error:?}"
        );
        return;
    }
    pipeline.run(attach).await;
    pipeline
        .run("INSERT INTO shop.wares VALUES (5, 1, 'cup'); UPDATE shop.wares SET stock = 6")
        .await;
    assert_eq!(
        pipeline.take_events(),
        [
            created(ware(1, "cup", 5)),
            updated(ware(1, "cup", 5), ware(1, "cup", 6)),
        ]
    );

    pipeline
        .run(
            "INSERT INTO shop.all_wares VALUES (2, 'jug', 5), (200, 'pan', 5);
             UPDATE shop.all_wares SET stock = 7 WHERE id = 1;
             UPDATE shop.all_wares SET id = 300 WHERE id = 2;
             ALTER TABLE shop.all_wares DETACH PARTITION shop.wares;
             DELETE FROM shop.wares",
        )
        .await;
    let seen = match level {
        Level::Statement => vec![deleted(ware(1, "cup", 7))],
        Level::Row => vec![
            created(ware(2, "jug", 5)),
            updated(ware(1, "cup", 6), ware(1, "cup", 7)),
            deleted(ware(2, "jug", 5)),
            deleted(ware(1, "cup", 7)),
        ],
    };
    assert_eq!(pipeline.take_events(), seen);
}
