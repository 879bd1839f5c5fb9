//! Events that are kept in the outbox: how they leave it, in which order, and what keeps them.

mod at_commit;
mod chains;
mod collector;
mod copies;
mod cut_off;
mod dead_letters;
mod drain;
mod failures;
mod meaning;
mod misfits;
mod nul_in_json;
mod on_failure;
mod one_of_many;
mod plans;
mod publication;
mod queues;
mod restore_matrix;
mod restores;
mod schedule;
mod table_copy;
mod truncate;

use aurora_trigger_gen::wire::Record;
use aurora_trigger_gen::{ChangeEvent, ChangeStream, StreamTrigger};
use pipeline_tests::{Call, Only, Pipeline};
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

fn updated(id: i32, before: &str, after: &str) -> ChangeEvent<Item> {
    ChangeEvent::Updated {
        before: Box::new(item(id, before)),
        after: Box::new(item(id, after)),
    }
}

/// A database with the table, and the triggers of the stream.
async fn start_with<S: ChangeStream>() -> (Pipeline, Client) {
    let pipeline = Pipeline::installed(ITEMS, S::TABLES).await;
    let session = pipeline.session().await;
    (pipeline, session)
}

async fn start() -> (Pipeline, Client) {
    start_with::<Only<Item>>().await
}

async fn run(session: &Client, sql: &str) {
    session
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// The only number that a query gives.
async fn number(session: &Client, sql: &str) -> i64 {
    session
        .query_one(sql, &[])
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
        .get(0)
}

/// The rows of a table's queue, for a FROM.
async fn queue(session: &Client, table: &str) -> String {
    let parts: Vec<String> = session
        .query_one(
            "SELECT parts FROM aurora_trigger.stream_queue WHERE table_name = $1",
            &[&table],
        )
        .await
        .expect("it has one queue")
        .get(0);
    let rows: Vec<String> = parts
        .iter()
        .map(|part| format!("SELECT * FROM aurora_trigger.\"{part}\""))
        .collect();
    format!("({}) AS q", rows.join(" UNION ALL "))
}

async fn pending(session: &Client) -> i64 {
    number(
        session,
        "SELECT coalesce(sum(events), 0)::bigint FROM aurora_trigger.waiting",
    )
    .await
}

/// The numbers of the events in batches whose text holds this.
async fn collected(session: &Client, text: &str) -> Vec<i64> {
    session
        .query(
            "SELECT e.seq
             FROM aurora_trigger.batch AS b, aurora_trigger.batch_events(ARRAY[b.lane], ARRAY[b.place]) AS e
             WHERE strpos(e.event, $1) > 0
             ORDER BY e.seq",
            &[&text],
        )
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
        .iter()
        .map(|row| row.get(0))
        .collect()
}

/// The answer of a relay that accepts none of these events.
fn refusal(numbers: &[i64], reason: &str) -> String {
    let refused: Vec<String> = numbers
        .iter()
        .map(|seq| format!(r#"{{"seq":{seq},"reason":"{reason}"}}"#))
        .collect();
    format!(r#"{{"accepted":0,"refused":[{}]}}"#, refused.join(","))
}

/// One drain: whether another would have something to do.
async fn drain_once(session: &Client) -> bool {
    session
        .query_one("SELECT aurora_trigger.drain()", &[])
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
        .get(0)
}

/// What the items went through, as the stream has it: for each event its id, its place in the order, and what happened.
fn story(calls: &[Call]) -> Vec<(String, u64, ChangeEvent<Item>)> {
    calls
        .iter()
        .flat_map(|call| {
            let relayed = relay_lambda::relay::<Only<Item>>(call.payload.as_bytes(), 0)
                .expect("the database sends payloads");
            assert_eq!(relayed.refused, [], "in {}", call.payload);
            relayed.records
        })
        .map(|record| {
            let Only(change) = Only::<Item>::decode(&record.data).expect("it was relayed");
            let record = Record::parse(&record.data).expect("it was relayed");
            (
                record.id.to_string(),
                record.source.sequence.seq,
                change.event,
            )
        })
        .collect()
}

/// What happened to one item, in the order of the stream.
fn of_item(story: &[(String, u64, ChangeEvent<Item>)], id: i32) -> Vec<ChangeEvent<Item>> {
    story
        .iter()
        .map(|(_, _, event)| event)
        .filter(|event| match event {
            ChangeEvent::Created(item) | ChangeEvent::Deleted(item) => item.id == id,
            ChangeEvent::Updated { after, .. } => after.id == id,
            _ => false,
        })
        .cloned()
        .collect()
}
