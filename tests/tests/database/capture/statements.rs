//! One statement, and the events that it makes.

use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::{Change, ChangeEvent, ChangeStream, StreamTrigger};
use pipeline_tests::{Only, Pipeline, at_both_levels, error_of, events_in};
use serde::Deserialize;

use crate::capture::{ITEMS, Item, created, deleted, item, updated};

at_both_levels!(
    rows_of_an_insert_are_created,
    rows_of_an_update_have_both_images,
    rows_of_a_delete_are_deleted,
    a_statement_that_finds_no_row_makes_no_call,
    a_statement_that_fails_makes_no_call,
    an_upsert_creates_what_is_new_and_updates_what_is_there,
    an_upsert_that_does_nothing_tells_of_the_new_rows_only,
    an_update_from_another_table_has_both_images,
    a_merge_makes_the_events_of_its_actions,
    rows_of_a_copy_are_created,
    a_statement_that_writes_two_tables_tells_of_both,
    a_write_through_a_view_is_one_to_its_table,
    events_of_a_statement_keep_the_order_of_its_rows,
);

async fn start(level: Level) -> Pipeline {
    Pipeline::with_tables::<Only<Item>>(level, ITEMS).await
}

/// The calls that a statement makes which changes this many rows.
fn calls_for(level: Level, rows: usize) -> usize {
    match level {
        Level::Statement => 1,
        Level::Row => rows,
    }
}

/// Two rows, whose events are gone.
async fn start_with_two_rows(level: Level) -> Pipeline {
    let pipeline = start(level).await;
    pipeline
        .run("INSERT INTO shop.items VALUES (1, 'cup', 5), (2, 'jug', NULL)")
        .await;
    drop(pipeline.take_calls());
    pipeline
}

async fn rows_of_an_insert_are_created(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .run("INSERT INTO shop.items VALUES (1, 'cup', 5)")
        .await;
    assert_eq!(pipeline.take_events::<Item>(), [created(item(1, "cup", 5))]);

    pipeline
        .run("INSERT INTO shop.items VALUES (2, 'jug', NULL), (3, 'mug', 0)")
        .await;
    let calls = pipeline.take_calls();
    assert_eq!(calls.len(), calls_for(level, 2));
    assert_eq!(
        events_in::<Item>(&calls),
        [created(item(2, "jug", None)), created(item(3, "mug", 0))]
    );
}

async fn rows_of_an_update_have_both_images(level: Level) {
    let pipeline = start_with_two_rows(level).await;
    pipeline
        .run("UPDATE shop.items SET stock = 4 WHERE id = 1")
        .await;
    assert_eq!(
        pipeline.take_events(),
        [updated(item(1, "cup", 5), item(1, "cup", 4))]
    );

    pipeline
        .run("UPDATE shop.items SET name = upper(name), stock = coalesce(stock, 0)")
        .await;
    let calls = pipeline.take_calls();
    assert_eq!(calls.len(), calls_for(level, 2));
    // The first UPDATE put row 1 behind row 2.
    assert_eq!(
        events_in(&calls),
        [
            updated(item(2, "jug", None), item(2, "JUG", 0)),
            updated(item(1, "cup", 4), item(1, "CUP", 4)),
        ]
    );
}

async fn rows_of_a_delete_are_deleted(level: Level) {
    let pipeline = start_with_two_rows(level).await;
    pipeline
        .run("INSERT INTO shop.items VALUES (3, 'mug', 0)")
        .await;
    drop(pipeline.take_calls());
    pipeline.run("DELETE FROM shop.items WHERE id = 2").await;
    assert_eq!(pipeline.take_events(), [deleted(item(2, "jug", None))]);
    pipeline.run("DELETE FROM shop.items").await;
    let calls = pipeline.take_calls();
    assert_eq!(calls.len(), calls_for(level, 2));
    assert_eq!(
        events_in(&calls),
        [deleted(item(1, "cup", 5)), deleted(item(3, "mug", 0))]
    );
}

async fn a_statement_that_finds_no_row_makes_no_call(level: Level) {
    let pipeline = start_with_two_rows(level).await;
    pipeline
        .run(
            "INSERT INTO shop.items SELECT 9, 'x', 9 WHERE false;
             UPDATE shop.items SET stock = 0 WHERE id = 9;
             DELETE FROM shop.items WHERE id = 9;
             INSERT INTO shop.items VALUES (1, 'x', 9) ON CONFLICT DO NOTHING",
        )
        .await;
    assert_eq!(pipeline.take_calls().len(), 0);
}

async fn a_statement_that_fails_makes_no_call(level: Level) {
    let pipeline = start_with_two_rows(level).await;
    let session = pipeline.session().await;
    let error = error_of(
        &session,
        "INSERT INTO shop.items VALUES (3, 'mug', 0), (1, 'cup', 0)",
    )
    .await;
    assert_eq!(
        error.message(),
        "duplicate key value violates unique constraint \"items_pkey\""
    );
    assert_eq!(pipeline.take_calls().len(), 0);
}

async fn an_upsert_creates_what_is_new_and_updates_what_is_there(level: Level) {
    let pipeline = start_with_two_rows(level).await;
    pipeline
        .run(
            "INSERT INTO shop.items VALUES (3, 'mug', 1), (1, 'cup', 2), (4, 'pan', 3)
             ON CONFLICT (id) DO UPDATE SET stock = items.stock + excluded.stock",
        )
        .await;
    let events: Vec<ChangeEvent<Item>> = pipeline.take_events();
    let (news, rest): (Vec<_>, Vec<_>) = events
        .into_iter()
        .partition(|event| matches!(event, ChangeEvent::Created(_)));
    assert_eq!(
        news,
        [created(item(3, "mug", 1)), created(item(4, "pan", 3))]
    );
    assert_eq!(rest, [updated(item(1, "cup", 5), item(1, "cup", 7))]);

    // A row that it leaves as it was is none, and of a row that WHERE leaves out nothing is known.
    pipeline
        .run(
            "INSERT INTO shop.items VALUES (1, 'cup', 7), (2, 'jar', 8)
             ON CONFLICT (id) DO UPDATE SET stock = excluded.stock WHERE items.id = 1",
        )
        .await;
    assert_eq!(pipeline.take_calls().len(), 0);
}

async fn an_upsert_that_does_nothing_tells_of_the_new_rows_only(level: Level) {
    let pipeline = start_with_two_rows(level).await;
    pipeline
        .run(
            "INSERT INTO shop.items VALUES (1, 'x', 1), (3, 'mug', 1), (2, 'y', 1)
             ON CONFLICT DO NOTHING",
        )
        .await;
    assert_eq!(pipeline.take_events(), [created(item(3, "mug", 1))]);
}

async fn an_update_from_another_table_has_both_images(level: Level) {
    let pipeline = start_with_two_rows(level).await;
    pipeline
        .run(
            "CREATE TABLE delivered (id integer, count integer);
             INSERT INTO delivered VALUES (1, 10), (1, 20), (3, 30)",
        )
        .await;
    pipeline
        .run(
            "UPDATE shop.items SET stock = stock + 10
             FROM delivered WHERE delivered.id = items.id",
        )
        .await;
    // Two rows of the other table join it; PostgreSQL changes a row once.
    assert_eq!(
        pipeline.take_events(),
        [updated(item(1, "cup", 5), item(1, "cup", 15))]
    );
    pipeline
        .run("DELETE FROM shop.items USING delivered WHERE delivered.id = items.id")
        .await;
    assert_eq!(pipeline.take_events(), [deleted(item(1, "cup", 15))]);
}

async fn a_merge_makes_the_events_of_its_actions(level: Level) {
    let pipeline = start_with_two_rows(level).await;
    if pipeline.server_version().await < 150_000 {
        return;
    }
    pipeline
        .run(
            "MERGE INTO shop.items USING (VALUES (1, 9), (2, NULL), (3, 3)) AS given (id, stock)
             ON items.id = given.id
             WHEN MATCHED AND given.stock IS NULL THEN DELETE
             WHEN MATCHED THEN UPDATE SET stock = given.stock
             WHEN NOT MATCHED THEN INSERT VALUES (given.id, 'mug', given.stock)",
        )
        .await;
    let mut events: Vec<ChangeEvent<Item>> = pipeline.take_events();
    // Which of its actions come first is not promised.
    events.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(
        events,
        [
            created(item(3, "mug", 3)),
            deleted(item(2, "jug", None)),
            updated(item(1, "cup", 5), item(1, "cup", 9)),
        ]
    );
}

async fn rows_of_a_copy_are_created(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .copy_in(
            "COPY shop.items FROM STDIN",
            b"1\tcup\t5\n2\ttwo\\nlines\t\\N\n",
        )
        .await;
    assert_eq!(
        pipeline.take_events(),
        [
            created(item(1, "cup", 5)),
            created(item(2, "two\nlines", None))
        ]
    );
}

/// What has been sold.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.sales", delivery = "async", on_failure = "abort")]
struct Sale {
    #[stream(key)]
    id: i32,
    item: i32,
}

#[derive(Debug, ChangeStream)]
enum Shop {
    Item(Change<Item>),
    Sale(Change<Sale>),
}

async fn a_statement_that_writes_two_tables_tells_of_both(level: Level) {
    let tables =
        format!("{ITEMS} CREATE TABLE shop.sales (id integer PRIMARY KEY, item integer NOT NULL);");
    let pipeline = Pipeline::with_tables::<Shop>(level, &tables).await;
    pipeline
        .run("INSERT INTO shop.items VALUES (1, 'cup', 5), (2, 'jug', NULL)")
        .await;
    drop(pipeline.take_calls());
    pipeline
        .run(
            "WITH sold AS (UPDATE shop.items SET stock = stock - 1 WHERE id = 1 RETURNING id),
                  gone AS (DELETE FROM shop.items WHERE id = 2)
             INSERT INTO shop.sales SELECT 7, id FROM sold",
        )
        .await;
    let (mut items, mut sales) = (Vec::new(), Vec::new());
    for change in pipeline.take_changes::<Shop>() {
        match change {
            Shop::Item(change) => items.push(change.event),
            Shop::Sale(change) => sales.push(change.event),
        }
    }
    // Which part of the statement comes first is not promised.
    items.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(
        items,
        [
            deleted(item(2, "jug", None)),
            updated(item(1, "cup", 5), item(1, "cup", 4)),
        ]
    );
    assert_eq!(sales, [created(Sale { id: 7, item: 1 })]);
}

async fn a_write_through_a_view_is_one_to_its_table(level: Level) {
    let pipeline = start_with_two_rows(level).await;
    pipeline
        .run(
            "CREATE VIEW cups AS SELECT id, stock FROM shop.items WHERE name = 'cup';
             UPDATE cups SET stock = 0",
        )
        .await;
    assert_eq!(
        pipeline.take_events(),
        [updated(item(1, "cup", 5), item(1, "cup", 0))]
    );
}

async fn events_of_a_statement_keep_the_order_of_its_rows(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .run(
            "INSERT INTO shop.items SELECT n, 'n', n FROM generate_series(1, 100) AS n;
             UPDATE shop.items SET stock = -stock;
             DELETE FROM shop.items",
        )
        .await;
    let changes = pipeline.take_changes::<Only<Item>>();
    let ids: Vec<i32> = changes
        .iter()
        .filter_map(|Only(change)| change.after().or(change.before()))
        .map(|item| item.id)
        .collect();
    let each: Vec<i32> = (1..=100).collect();
    assert_eq!(ids, [each.clone(), each.clone(), each].concat());
    let numbers: Vec<u64> = changes
        .iter()
        .map(|Only(change)| change.source.sequence.seq)
        .collect();
    assert!(
        numbers.is_sorted_by(|left, right| left < right),
        "{numbers:?}"
    );
}
