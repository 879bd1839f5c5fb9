//! Events that are kept in the outbox: how they leave it, and when.

mod drain;

use aurora_trigger_gen::{ChangeEvent, StreamTrigger};
use pipeline_tests::{Only, Pipeline};
use serde::Deserialize;
use tokio_postgres::Client;

/// A row of the table that most tests write to.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.items",
    delivery = "outbox",
    ops = "insert, update, delete, truncate"
)]
struct Item {
    #[stream(key)]
    id: i32,
    name: String,
}

/// Its table.
const ITEMS: &str = "
    CREATE SCHEMA shop;
    CREATE TABLE shop.items (id integer PRIMARY KEY, name text NOT NULL);
";

fn item(id: i32, name: &str) -> Item {
    Item {
        id,
        name: name.to_owned(),
    }
}

fn created(id: i32, name: &str) -> ChangeEvent<Item> {
    ChangeEvent::Created(Box::new(item(id, name)))
}

/// The database with its triggers.
async fn start() -> (Pipeline, Client) {
    let pipeline = Pipeline::start().await;
    pipeline.run(ITEMS).await;
    pipeline.install::<Only<Item>>().await;
    let session = pipeline.session().await;
    (pipeline, session)
}
