//! How much goes into a call, and what becomes of what is too much.

use std::fmt::Debug;

use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::wire::Operation;
use aurora_trigger_gen::{ChangeEvent, Keyed, StreamTrigger};
use pipeline_tests::{Call, Only, Pipeline, at_both_levels, changes_in, events_in};
use serde::Deserialize;

use crate::capture::{ITEMS, Item, created, deleted, item, updated};

at_both_levels!(
    an_event_over_the_budget_goes_alone_and_whole,
    an_event_over_the_limit_goes_as_its_key,
    an_event_is_measured_as_the_json_that_it_becomes,
    two_images_count_together,
    a_composite_key_stands_whole_in_an_oversized_event,
    a_row_without_a_key_is_found_by_what_spreads_it,
    a_waiting_call_takes_more,
    an_event_over_the_limit_is_kept_where_that_is_wanted,
    what_is_kept_goes_back_with_its_write,
);

/// Lambda bills the first 256 KB of a call as one request.
const ONE_REQUEST: usize = 256 * 1024;
/// What an asynchronous call takes.
const LIMIT: usize = 1024 * 1024;

async fn start(level: Level) -> Pipeline {
    Pipeline::with_tables::<Only<Item>>(level, ITEMS).await
}

fn sizes(calls: &[Call]) -> Vec<usize> {
    calls.iter().map(|call| call.payload.len()).collect()
}

/// The ids in their order, of calls that are as full as they may be.
fn ids_in_full_calls(calls: &[Call]) -> Vec<i32> {
    let sizes = sizes(calls);
    let (last, full) = sizes.split_last().expect("there are calls");
    assert!(*last <= ONE_REQUEST, "{sizes:?}");
    assert!(
        full.iter()
            .all(|size| (230_000..=ONE_REQUEST).contains(size)),
        "{sizes:?}"
    );
    let changes = changes_in::<Only<Item>>(calls);
    assert!(
        changes
            .is_sorted_by(|Only(left), Only(right)| left.source.sequence < right.source.sequence)
    );
    changes
        .iter()
        .filter_map(|Only(change)| change.after().or(change.before()))
        .map(|item| item.id)
        .collect()
}

#[tokio::test]
async fn twenty_thousand_rows_go_in_few_full_calls_and_in_order() {
    let pipeline = start(Level::Statement).await;
    let ids: Vec<i32> = (1..=20_000).collect();
    for sql in [
        "INSERT INTO shop.items SELECT n, 'n' || n, n FROM generate_series(1, 20000) AS n",
        "UPDATE shop.items SET stock = stock + 1",
        "DELETE FROM shop.items",
    ] {
        pipeline.run(sql).await;
        assert!(ids_in_full_calls(&pipeline.take_calls()) == ids, "{sql}");
    }
}

/// Bytes, not characters.
#[tokio::test]
async fn calls_of_long_characters_are_no_bigger() {
    let pipeline = start(Level::Statement).await;
    pipeline
        .run("INSERT INTO shop.items SELECT n, repeat('🙂', 60), n FROM generate_series(1, 3000) AS n")
        .await;
    let ids: Vec<i32> = (1..=3_000).collect();
    assert!(ids_in_full_calls(&pipeline.take_calls()) == ids);
}

async fn an_event_over_the_budget_goes_alone_and_whole(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .run(
            "INSERT INTO shop.items SELECT n, repeat('x', CASE n WHEN 2 THEN 300000 ELSE 1 END), n
              FROM generate_series(1, 3) AS n",
        )
        .await;
    let calls = pipeline.take_calls();
    let sizes = sizes(&calls);
    assert!(
        matches!(sizes[..], [first, 300_000..310_000, third] if first.max(third) < 1000),
        "{sizes:?}"
    );
    assert_eq!(
        events_in(&calls),
        [
            created(item(1, "x", 1)),
            created(item(2, &"x".repeat(300_000), 2)),
            created(item(3, "x", 3)),
        ]
    );
}

/// What a consumer of an oversized event knows: what happened, and to which item.
fn oversized<T: Keyed<Key = i32> + Debug>(event: &ChangeEvent<T>) -> Option<(Operation, i32)> {
    match event {
        ChangeEvent::Oversized { operation, key } => Some((*operation, key.typed())),
        _ => None,
    }
}

async fn an_event_over_the_limit_goes_as_its_key(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .run(
            "INSERT INTO shop.items SELECT n, repeat('x', CASE n WHEN 2 THEN 1100000 ELSE 1 END), n
             FROM generate_series(1, 3) AS n;
             UPDATE shop.items SET stock = 0;
             UPDATE shop.items SET id = 4 WHERE id = 2;
             DELETE FROM shop.items",
        )
        .await;
    let calls = pipeline.take_calls();
    assert!(
        sizes(&calls).iter().all(|size| *size < 10_000),
        "{:?}",
        sizes(&calls)
    );
    let events: Vec<ChangeEvent<Item>> = events_in(&calls);
    let found: Vec<_> = events.iter().filter_map(oversized).collect();
    assert_eq!(
        found,
        [
            (Operation::Create, 2),
            (Operation::Update, 2),
            (Operation::Delete, 2),
            (Operation::Create, 4),
            (Operation::Delete, 4),
        ]
    );
    let whole: Vec<_> = events
        .into_iter()
        .filter(|event| oversized(event).is_none())
        .collect();
    assert_eq!(
        whole,
        [
            created(item(1, "x", 1)),
            created(item(3, "x", 3)),
            updated(item(1, "x", 1), item(1, "x", 0)),
            updated(item(3, "x", 3), item(3, "x", 0)),
            deleted(item(1, "x", 0)),
            deleted(item(3, "x", 0)),
        ]
    );
}

async fn an_event_is_measured_as_the_json_that_it_becomes(level: Level) {
    let pipeline = start(level).await;
    // A control character takes six bytes in JSON, a smiley four.
    pipeline
        .run(
            "INSERT INTO shop.items VALUES (1, repeat(chr(1), 180000), NULL);
             INSERT INTO shop.items VALUES (2, repeat('🙂', 260000), NULL);
             INSERT INTO shop.items VALUES (3, repeat('🙂', 240000), NULL)",
        )
        .await;
    let calls = pipeline.take_calls();
    assert!(
        sizes(&calls).iter().all(|size| *size < LIMIT),
        "{:?}",
        sizes(&calls)
    );
    let events: Vec<ChangeEvent<Item>> = events_in(&calls);
    let found: Vec<_> = events.iter().map(oversized).collect();
    assert_eq!(
        found,
        [
            Some((Operation::Create, 1)),
            Some((Operation::Create, 2)),
            None
        ]
    );
}

async fn two_images_count_together(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .run(
            "INSERT INTO shop.items VALUES (1, repeat('x', 600000), 1);
             UPDATE shop.items SET stock = 2;
             UPDATE shop.items SET id = 2;
             DELETE FROM shop.items",
        )
        .await;
    let events: Vec<ChangeEvent<Item>> = pipeline.take_events();
    let big = |id, stock| item(id, &"x".repeat(600_000), stock);
    assert_eq!(events.len(), 5);
    assert_eq!(oversized(&events[1]), Some((Operation::Update, 1)));
    // Of a changed key each image has an event of its own.
    assert!(events[0] == created(big(1, 1)));
    assert!(events[2] == deleted(big(1, 2)));
    assert!(events[3] == created(big(2, 2)));
    assert!(events[4] == deleted(big(2, 2)));
}

/// A page of a book.
#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "public.pages", delivery = "async", on_failure = "abort")]
#[expect(dead_code, reason = "only its key is sent here")]
struct Page {
    text: String,
    #[serde(rename = "isbn")]
    #[stream(key)]
    book: String,
    #[stream(key)]
    number: i64,
}

async fn a_composite_key_stands_whole_in_an_oversized_event(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Page>>(
        level,
        "CREATE TABLE pages (book text, number bigint, text text NOT NULL, PRIMARY KEY (book, number))",
    )
    .await;
    pipeline
        .run(
            r#"INSERT INTO pages VALUES ('a "b"', 9007199254740993, repeat('x', 1100000));
               UPDATE pages SET text = text || '!';
               DELETE FROM pages"#,
        )
        .await;
    let mut operations = Vec::new();
    for event in pipeline.take_events::<Page>() {
        let ChangeEvent::Oversized { operation, key } = event else {
            panic!("{event:?} is whole");
        };
        operations.push(operation);
        assert_eq!(key.typed(), ("a \"b\"".to_owned(), 9_007_199_254_740_993));
    }
    assert_eq!(
        operations,
        [Operation::Create, Operation::Update, Operation::Delete]
    );
}

/// A line of a log that has no key.
#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(
    table = "public.lines",
    delivery = "async",
    on_failure = "abort",
    key = "none",
    partition_by = "host"
)]
#[expect(dead_code, reason = "only what spreads it is sent here")]
struct Line {
    host: Option<String>,
    text: String,
}

async fn a_row_without_a_key_is_found_by_what_spreads_it(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Line>>(
        level,
        "CREATE TABLE lines (host text, text text NOT NULL)",
    )
    .await;
    pipeline
        .run("INSERT INTO lines SELECT host, repeat('x', 1100000) FROM (VALUES ('a'), (NULL)) AS given (host)")
        .await;
    pipeline.run("DELETE FROM lines").await;
    let found: Vec<(Operation, Option<String>)> = pipeline
        .take_events::<Line>()
        .into_iter()
        .map(|event| match event {
            ChangeEvent::Oversized { operation, key } => {
                (operation, key.get("host").expect("it spreads the events"))
            }
            whole => panic!("{whole:?} is whole"),
        })
        .collect();
    let a = Some("a".to_owned());
    assert_eq!(
        found,
        [
            (Operation::Create, a.clone()),
            (Operation::Create, None),
            (Operation::Delete, a),
            (Operation::Delete, None),
        ]
    );
}

/// An item that waits for the relay's answer.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.items", delivery = "sync")]
struct WaitingItem {
    #[stream(key)]
    id: i32,
    name: String,
}

/// 6 MB.
async fn a_waiting_call_takes_more(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<WaitingItem>>(level, ITEMS).await;
    pipeline
        .run(
            "INSERT INTO shop.items
             SELECT n, repeat('x', CASE n WHEN 1 THEN 5000000 ELSE 6100000 END) FROM generate_series(1, 2) AS n",
        )
        .await;
    // As the database sends them: a stream takes less than a call does.
    let calls = pipeline.take_calls();
    let found: Vec<bool> = calls
        .iter()
        .flat_map(|call| call.payload().batches)
        .flat_map(|batch| batch.events)
        .map(|event| event.oversized)
        .collect();
    assert_eq!(found, [false, true]);
}

/// An item of which nothing may be lost, not even in size.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.items",
    delivery = "async",
    on_failure = "abort",
    oversize = "dead_letter"
)]
struct KeptItem {
    #[stream(key)]
    id: i32,
    name: String,
    stock: Option<i32>,
}

async fn an_event_over_the_limit_is_kept_where_that_is_wanted(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<KeptItem>>(level, ITEMS).await;
    pipeline
        .run(
            "INSERT INTO shop.items SELECT n, repeat('x', CASE n WHEN 2 THEN 1100000 ELSE 1 END), n
             FROM generate_series(1, 3) AS n",
        )
        .await;
    let small = |id| KeptItem {
        id,
        name: "x".to_owned(),
        stock: Some(id),
    };
    let changes = pipeline.take_changes::<Only<KeptItem>>();
    let events: Vec<_> = changes.iter().map(|Only(change)| &change.event).collect();
    assert_eq!(events, [&created(small(1)), &created(small(3))]);

    pipeline
        .run("UPDATE shop.items SET id = 4 WHERE id = 2")
        .await;
    pipeline.run("DELETE FROM shop.items").await;
    assert_eq!(
        pipeline.take_events(),
        [deleted(small(1)), deleted(small(3))]
    );
    let session = pipeline.session().await;
    let rows = session
        .query(
            "SELECT reason, schema_name, table_name, fingerprint, event ->> 'op', event ->> 'seq',
                 coalesce(event -> 'after', event -> 'before') ->> 'id',
                 length(coalesce(event -> 'after', event -> 'before') ->> 'name')
             FROM aurora_trigger.dead_letter ORDER BY id",
            &[],
        )
        .await
        .expect("the table is there");
    let kept: Vec<(&str, &str)> = rows.iter().map(|row| (row.get(4), row.get(6))).collect();
    assert_eq!(kept, [("c", "2"), ("d", "2"), ("c", "4"), ("d", "4")]);
    for row in &rows {
        assert_eq!(row.get::<_, &str>(0), "too big for a call");
        assert_eq!((row.get(1), row.get(2)), ("shop", "items"));
        assert_eq!(row.get::<_, &str>(3), KeptItem::TABLE.fingerprint());
        assert_eq!(row.get::<_, i32>(7), 1_100_000);
    }
    // It has its place in the order.
    let numbers: Vec<u64> = changes
        .iter()
        .map(|Only(change)| change.source.sequence.seq)
        .collect();
    let between: u64 = rows[0].get::<_, &str>(5).parse().expect("it is a number");
    assert!(numbers[0] < between && between < numbers[1]);
}

async fn what_is_kept_goes_back_with_its_write(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<KeptItem>>(level, ITEMS).await;
    pipeline
        .run("BEGIN; INSERT INTO shop.items VALUES (1, repeat('x', 1100000), 1); ROLLBACK")
        .await;
    let rows = pipeline
        .session()
        .await
        .query("SELECT FROM aurora_trigger.dead_letter", &[])
        .await
        .expect("the table is there");
    assert_eq!(rows.len(), 0);
    assert_eq!(pipeline.take_calls().len(), 0);
}
