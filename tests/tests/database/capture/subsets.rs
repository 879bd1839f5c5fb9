//! Which changes are left out: `unchanged`, `when`, `ops`.

use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::{ChangeEvent, StreamTrigger};
use pipeline_tests::{Only, Pipeline, at_both_levels};
use serde::Deserialize;

use crate::capture::{ITEMS, Item, created, deleted, item, updated};

at_both_levels!(
    an_update_that_changes_nothing_is_left_out,
    an_update_of_columns_that_are_not_streamed_is_left_out,
    every_update_is_sent_where_unchanged_ones_are_wanted,
    a_subset_is_entered_left_and_changed,
    a_subset_may_depend_on_a_column_that_is_not_sent,
    an_unchanged_row_of_a_subset_is_sent_where_it_is_wanted,
    a_row_of_a_subset_with_another_key_is_another_row,
    only_the_chosen_operations_are_captured,
);

async fn an_update_that_changes_nothing_is_left_out(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Item>>(level, ITEMS).await;
    pipeline
        .run("INSERT INTO shop.items VALUES (1, 'cup', 1), (2, 'jug', NULL), (3, 'mug', 3)")
        .await;
    drop(pipeline.take_calls());
    pipeline
        .run("UPDATE shop.items SET name = name, stock = stock")
        .await;
    assert_eq!(pipeline.take_calls().len(), 0);
    pipeline
        .run("UPDATE shop.items SET stock = CASE id WHEN 2 THEN 2 ELSE stock END")
        .await;
    assert_eq!(
        pipeline.take_events(),
        [updated(item(2, "jug", None), item(2, "jug", 2))]
    );
    // A change back to NULL is one.
    pipeline
        .run("UPDATE shop.items SET stock = NULL WHERE id = 2")
        .await;
    assert_eq!(
        pipeline.take_events(),
        [updated(item(2, "jug", 2), item(2, "jug", None))]
    );
}

/// An account; of its password nothing is sent, of its number little.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.accounts", delivery = "async", on_failure = "abort")]
struct Account {
    #[stream(key)]
    id: i32,
    #[stream(mask = "last4")]
    number: String,
    #[stream(skip)]
    #[serde(default)]
    password: String,
}

async fn an_update_of_columns_that_are_not_streamed_is_left_out(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Account>>(
        level,
        "CREATE TABLE accounts (
             id integer PRIMARY KEY, number text NOT NULL, password text NOT NULL, logged_in integer
         );
         INSERT INTO accounts VALUES (1, '12345678', 'secret', 1)",
    )
    .await;
    pipeline
        .run(
            "UPDATE accounts SET password = 'other', logged_in = 2;
             UPDATE accounts SET number = '00005678'",
        )
        .await;
    assert_eq!(pipeline.take_calls().len(), 0);
    pipeline
        .run("UPDATE accounts SET number = '12345679'")
        .await;
    let masked = |number: &str| Account {
        id: 1,
        number: number.to_owned(),
        password: String::new(),
    };
    assert_eq!(
        pipeline.take_events(),
        [updated(masked("***5678"), masked("***5679"))]
    );
}

/// The row of an app that wants to hear of each touch.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.items",
    delivery = "async",
    on_failure = "abort",
    unchanged = "emit"
)]
struct TouchedItem {
    #[stream(key)]
    id: i32,
    stock: Option<i32>,
}

async fn every_update_is_sent_where_unchanged_ones_are_wanted(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<TouchedItem>>(level, ITEMS).await;
    pipeline
        .run(
            "INSERT INTO shop.items VALUES (1, 'cup', 1);
             UPDATE shop.items SET stock = stock;
             UPDATE shop.items SET name = 'mug'",
        )
        .await;
    let row = || TouchedItem {
        id: 1,
        stock: Some(1),
    };
    assert_eq!(
        pipeline.take_events(),
        [created(row()), updated(row(), row()), updated(row(), row()),]
    );
}

/// An item that can be bought.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.items",
    delivery = "async",
    on_failure = "abort",
    when = "stock > 0 -- an unknown stock is none"
)]
struct ItemInStock {
    #[stream(key)]
    id: i32,
    name: String,
    stock: Option<i32>,
}

fn in_stock(id: i32, name: &str, stock: i32) -> ItemInStock {
    ItemInStock {
        id,
        name: name.to_owned(),
        stock: Some(stock),
    }
}

async fn a_subset_is_entered_left_and_changed(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<ItemInStock>>(level, ITEMS).await;
    pipeline
        .run(
            "INSERT INTO shop.items
             VALUES (1, 'cup', 1), (2, 'jug', 2), (3, 'mug', 0), (4, 'pan', NULL), (5, 'pot', NULL)",
        )
        .await;
    assert_eq!(
        pipeline.take_events(),
        [
            created(in_stock(1, "cup", 1)),
            created(in_stock(2, "jug", 2))
        ]
    );
    // Down to 0, up, from 0, from NULL, and from NULL to 0.
    pipeline
        .run("UPDATE shop.items SET stock = (ARRAY[0, 3, 4, 5, 0])[id]")
        .await;
    assert_eq!(
        pipeline.take_events(),
        [
            deleted(in_stock(1, "cup", 1)),
            updated(in_stock(2, "jug", 2), in_stock(2, "jug", 3)),
            created(in_stock(3, "mug", 4)),
            created(in_stock(4, "pan", 5)),
        ]
    );
    pipeline
        .run("UPDATE shop.items SET stock = NULL WHERE id IN (1, 2)")
        .await;
    assert_eq!(pipeline.take_events(), [deleted(in_stock(2, "jug", 3))]);
    pipeline.run("DELETE FROM shop.items").await;
    assert_eq!(
        pipeline.take_events(),
        [
            deleted(in_stock(3, "mug", 4)),
            deleted(in_stock(4, "pan", 5))
        ]
    );
}

/// A document, as long as nobody has thrown it away.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "public.documents",
    delivery = "async",
    on_failure = "abort",
    when = "deleted_at IS NULL"
)]
struct Document {
    #[stream(key)]
    id: i32,
    title: String,
    #[stream(skip)]
    #[serde(default)]
    deleted_at: Option<String>,
}

/// The usual soft delete: the image is the same before and after, and still the row comes and goes.
async fn a_subset_may_depend_on_a_column_that_is_not_sent(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Document>>(
        level,
        "CREATE TABLE documents (id integer PRIMARY KEY, title text NOT NULL, deleted_at text);
         INSERT INTO documents VALUES (1, 'plan', NULL), (2, 'draft', 'yesterday')",
    )
    .await;
    pipeline
        .run("UPDATE documents SET deleted_at = CASE id WHEN 1 THEN 'today' END")
        .await;
    let document = |id, title: &str| Document {
        id,
        title: title.to_owned(),
        deleted_at: None,
    };
    assert_eq!(
        pipeline.take_events(),
        [deleted(document(1, "plan")), created(document(2, "draft")),]
    );
    // Unchanged in the subset, and changed outside of it.
    pipeline
        .run("UPDATE documents SET title = CASE id WHEN 1 THEN 'other' ELSE title END")
        .await;
    assert_eq!(pipeline.take_calls().len(), 0);
}

/// A document whose every touch is wanted.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.items",
    delivery = "async",
    on_failure = "abort",
    when = "stock IS NOT NULL",
    unchanged = "emit"
)]
struct TouchedItemInStock {
    #[stream(key)]
    id: i32,
    stock: Option<i32>,
}

async fn an_unchanged_row_of_a_subset_is_sent_where_it_is_wanted(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<TouchedItemInStock>>(level, ITEMS).await;
    pipeline
        .run(
            "INSERT INTO shop.items VALUES (1, 'cup', 1), (2, 'jug', NULL);
             UPDATE shop.items SET name = name",
        )
        .await;
    let row = || TouchedItemInStock {
        id: 1,
        stock: Some(1),
    };
    assert_eq!(
        pipeline.take_events(),
        [created(row()), updated(row(), row())]
    );
}

async fn a_row_of_a_subset_with_another_key_is_another_row(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<ItemInStock>>(level, ITEMS).await;
    pipeline
        .run("INSERT INTO shop.items VALUES (1, 'cup', 1), (2, 'jug', 2), (3, 'mug', 0), (4, 'pan', 0)")
        .await;
    drop(pipeline.take_calls());
    // One stays in the subset, one leaves it, one enters it, one never is in it.
    pipeline
        .run("UPDATE shop.items SET id = id + 10, stock = (ARRAY[1, 0, 3, 0])[id]")
        .await;
    assert_eq!(
        pipeline.take_events(),
        [
            deleted(in_stock(1, "cup", 1)),
            created(in_stock(11, "cup", 1)),
            deleted(in_stock(2, "jug", 2)),
            created(in_stock(13, "mug", 3)),
        ]
    );
}

/// What is streamed of a table that is only added to; whoever tidies it up is nobody's business.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.items",
    delivery = "async",
    on_failure = "abort",
    ops = "insert"
)]
struct AddedItem {
    #[stream(key)]
    id: i32,
}

async fn only_the_chosen_operations_are_captured(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<AddedItem>>(level, ITEMS).await;
    pipeline
        .run(
            "INSERT INTO shop.items VALUES (1, 'cup', 1);
             UPDATE shop.items SET id = 2;
             DELETE FROM shop.items",
        )
        .await;
    let events: Vec<ChangeEvent<AddedItem>> = pipeline.take_events();
    assert_eq!(events, [created(AddedItem { id: 1 })]);
}
