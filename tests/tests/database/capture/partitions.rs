//! Tables in parts: partitions, and children that inherit.

use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::{ChangeEvent, StreamTrigger};
use pipeline_tests::{Only, Pipeline, at_both_levels};
use serde::Deserialize;

use crate::capture::{ITEMS, Item, created, deleted, item, updated};

at_both_levels!(
    writes_through_the_parent_are_seen_whatever_the_partition_looks_like,
    a_row_that_moves_is_another_row_since_its_key_says_where_it_is,
    a_copy_through_the_parent_is_seen_in_all_partitions,
    a_partition_that_is_attached_later_is_seen,
);

/// A reading, by its region.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.readings", delivery = "async", on_failure = "abort")]
struct Reading {
    #[stream(key)]
    region: String,
    #[stream(key)]
    id: i32,
    value: Option<i64>,
}

fn reading(region: &str, id: i32, value: impl Into<Option<i64>>) -> Reading {
    Reading {
        region: region.to_owned(),
        id,
        value: value.into(),
    }
}

/// Three partitions: one like its parent, one whose columns are in another order and that has lost one, and one with
/// partitions of its own, of which the last has lost one too.
const READINGS: &str = "
    CREATE TABLE readings (
        region text NOT NULL, id integer NOT NULL, value bigint, PRIMARY KEY (region, id)
    ) PARTITION BY LIST (region);

    CREATE TABLE readings_north PARTITION OF readings FOR VALUES IN ('north');

    CREATE TABLE readings_south (lost text, value bigint, id integer NOT NULL, region text NOT NULL);
    ALTER TABLE readings_south DROP COLUMN lost;
    ALTER TABLE readings ATTACH PARTITION readings_south FOR VALUES IN ('south');

    CREATE TABLE readings_rest PARTITION OF readings DEFAULT PARTITION BY RANGE (id);
    CREATE TABLE readings_rest_low PARTITION OF readings_rest FOR VALUES FROM (0) TO (100);
    CREATE TABLE readings_rest_high (id integer NOT NULL, lost integer, region text NOT NULL, value bigint);
    ALTER TABLE readings_rest_high DROP COLUMN lost;
    ALTER TABLE readings_rest ATTACH PARTITION readings_rest_high FOR VALUES FROM (100) TO (200);
";

const REGIONS: [(&str, i32); 4] = [("north", 1), ("south", 2), ("east", 3), ("west", 104)];

/// One row in each partition, whose events are checked and gone.
async fn start(level: Level) -> Pipeline {
    let pipeline = Pipeline::with_tables::<Only<Reading>>(level, READINGS).await;
    pipeline
        .run("INSERT INTO readings VALUES ('north', 1, 10), ('south', 2, 10), ('east', 3, 10), ('west', 104, 10)")
        .await;
    assert_eq!(
        pipeline.take_events(),
        REGIONS.map(|(region, id)| created(reading(region, id, 10)))
    );
    pipeline
}

/// In the order of their regions: which partition comes first is not promised.
fn sorted(mut events: Vec<ChangeEvent<Reading>>) -> Vec<ChangeEvent<Reading>> {
    events.sort_by_key(|event| match event {
        ChangeEvent::Created(row) | ChangeEvent::Deleted(row) => row.id,
        ChangeEvent::Updated { after, .. } => after.id,
        _ => 0,
    });
    events
}

async fn writes_through_the_parent_are_seen_whatever_the_partition_looks_like(level: Level) {
    let pipeline = start(level).await;
    pipeline.run("UPDATE readings SET value = value + id").await;
    assert_eq!(
        sorted(pipeline.take_events()),
        REGIONS.map(|(region, id)| {
            updated(
                reading(region, id, 10),
                reading(region, id, 10 + i64::from(id)),
            )
        })
    );
    pipeline.run("DELETE FROM readings").await;
    assert_eq!(
        sorted(pipeline.take_events()),
        REGIONS.map(|(region, id)| deleted(reading(region, id, 10 + i64::from(id))))
    );
}

/// A unique index of a partitioned table holds the columns by which it is partitioned, and so does the key.
async fn a_row_that_moves_is_another_row_since_its_key_says_where_it_is(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .run("UPDATE readings SET region = 'south', value = 11 WHERE id IN (1, 104)")
        .await;
    assert_eq!(
        sorted(pipeline.take_events()),
        [
            deleted(reading("north", 1, 10)),
            created(reading("south", 1, 11)),
            deleted(reading("west", 104, 10)),
            created(reading("south", 104, 11)),
        ]
    );
}

async fn a_copy_through_the_parent_is_seen_in_all_partitions(level: Level) {
    let pipeline = start(level).await;
    pipeline.run("DELETE FROM readings").await;
    drop(pipeline.take_calls());
    pipeline
        .copy_in(
            "COPY readings FROM STDIN",
            b"west\t199\t1\nsouth\t7\t2\nnorth\t8\t3\nsouth\t9\t\\N\n",
        )
        .await;
    // COPY writes to one partition after the other.
    assert_eq!(
        sorted(pipeline.take_events()),
        [
            created(reading("south", 7, 2)),
            created(reading("north", 8, 3)),
            created(reading("south", 9, None)),
            created(reading("west", 199, 1)),
        ]
    );
}

async fn a_partition_that_is_attached_later_is_seen(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .run(
            "CREATE TABLE readings_moon (value bigint, region text NOT NULL, lost integer, id integer NOT NULL);
             ALTER TABLE readings_moon DROP COLUMN lost;
             INSERT INTO readings_moon VALUES (5, 'moon', 6);
             ALTER TABLE readings ATTACH PARTITION readings_moon FOR VALUES IN ('moon')",
        )
        .await;
    // The rows that it brings along are no change of a row.
    assert_eq!(pipeline.take_calls().len(), 0);
    pipeline
        .run("UPDATE readings SET value = 7 WHERE region = 'moon'")
        .await;
    assert_eq!(
        pipeline.take_events(),
        [updated(reading("moon", 6, 5), reading("moon", 6, 7))]
    );
}

/// What `level = "row"` is for.
#[tokio::test]
async fn a_write_straight_into_a_partition_is_seen_at_row_level_only() {
    for level in [Level::Statement, Level::Row] {
        let pipeline = start(level).await;
        pipeline
            .run(
                "INSERT INTO readings_south VALUES (1, 20, 'south');
                 UPDATE readings_south SET value = 2 WHERE id = 20;
                 DELETE FROM readings_rest_high;
                 DELETE FROM readings_rest",
            )
            .await;
        let events: Vec<ChangeEvent<Reading>> = pipeline.take_events();
        if level == Level::Statement {
            assert_eq!(events, []);
        } else {
            // And as a change of the parent: the harness refuses other tables.
            assert_eq!(
                events,
                [
                    created(reading("south", 20, 1)),
                    updated(reading("south", 20, 1), reading("south", 20, 2)),
                    deleted(reading("west", 104, 10)),
                    deleted(reading("east", 3, 10)),
                ]
            );
        }
    }
}

/// The same table for whom the region is no part of a key.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "public.readings",
    delivery = "async",
    on_failure = "abort",
    key = "none",
    partition_by = "id"
)]
struct Keyless {
    region: String,
    id: i32,
    value: Option<i64>,
}

/// A row trigger sees what PostgreSQL does: it deletes the row here and inserts it there.
#[tokio::test]
async fn a_row_without_a_key_that_moves_is_updated_for_the_statement_and_another_for_the_row() {
    for level in [Level::Statement, Level::Row] {
        let pipeline = Pipeline::with_tables::<Only<Keyless>>(level, READINGS).await;
        pipeline
            .run("INSERT INTO readings VALUES ('north', 1, 10), ('south', 2, 20)")
            .await;
        drop(pipeline.take_calls());
        pipeline
            .run("UPDATE readings SET region = 'south', value = value + 1")
            .await;
        let row = |region: &str, id, value| Keyless {
            region: region.to_owned(),
            id,
            value: Some(value),
        };
        let stayed = updated(row("south", 2, 20), row("south", 2, 21));
        let (before, after) = (row("north", 1, 10), row("south", 1, 11));
        let mut events = pipeline.take_events();
        if level == Level::Statement {
            assert_eq!(events, [updated(before, after), stayed]);
        } else {
            events.sort_by_key(|event: &ChangeEvent<Keyless>| format!("{event:?}"));
            assert_eq!(events, [created(after), deleted(before), stayed]);
        }
    }
}

/// A table that inherits is no part of its parent to a trigger, but a statement on the parent writes to both.
#[tokio::test]
async fn rows_of_a_child_are_seen_by_statements_on_the_parent_at_statement_level_only() {
    for level in [Level::Statement, Level::Row] {
        let pipeline = Pipeline::with_tables::<Only<Item>>(level, ITEMS).await;
        pipeline
            .run(
                "CREATE TABLE shop.old_items (since date) INHERITS (shop.items);
                 INSERT INTO shop.items VALUES (1, 'cup', 5);
                 INSERT INTO shop.old_items VALUES (2, 'jug', 6, '2020-02-02');
                 UPDATE shop.items SET stock = 0",
            )
            .await;
        let mut expected = vec![
            created(item(1, "cup", 5)),
            updated(item(1, "cup", 5), item(1, "cup", 0)),
        ];
        if level == Level::Statement {
            expected.push(updated(item(2, "jug", 6), item(2, "jug", 0)));
        }
        assert_eq!(pipeline.take_events(), expected);
    }
}
