//! The chain: of each row, what is before an event is what was after the one before it.

use std::collections::{BTreeMap, BTreeSet};

use aurora_trigger_gen::ChangeEvent;

use pipeline_tests::{Call, Pipeline};
use tokio_postgres::Client;

use crate::{Item, created, drain_once, item, of_item, run, start, story, updated};

/// An application's own trigger, which writes the row again: its events come before those of the statement that fired it.
const NESTED: &str = "
    CREATE FUNCTION shop.mark() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE shop.items SET name = NEW.name || '+' WHERE id = NEW.id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER mark AFTER INSERT OR UPDATE ON shop.items
    FOR EACH ROW WHEN (NEW.name NOT LIKE '%+') EXECUTE FUNCTION shop.mark();
";

async fn start_nested() -> (Pipeline, Client) {
    let (pipeline, session) = start().await;
    run(&session, NESTED).await;
    (pipeline, session)
}

/// The calls that drains make of what the statements write, with so many lanes.
async fn calls_of(statements: &str, lanes: u32) -> Vec<Call> {
    let (pipeline, session) = start_nested().await;
    run(
        &session,
        &format!("SELECT aurora_trigger.set_lanes({lanes})"),
    )
    .await;
    run(&session, statements).await;
    pipeline.drain().await;
    pipeline.take_calls()
}

/// Each row's events in the order of the stream, which is that of their places; and each is whole.
fn assert_chains(story: &[(String, u64, ChangeEvent<Item>)]) {
    let mut rows: BTreeMap<i32, (u64, Option<Item>)> = BTreeMap::new();
    for (id, place, event) in story {
        let (key, before, after) = match event {
            ChangeEvent::Created(after) => (after.id, None, Some(&**after)),
            ChangeEvent::Updated { before, after } => (after.id, Some(&**before), Some(&**after)),
            ChangeEvent::Deleted(before) => (before.id, Some(&**before), None),
            _ => continue,
        };
        let (last, row) = rows.entry(key).or_default();
        assert!(*last < *place, "{id} has place {place} behind {last}");
        assert_eq!(row.as_ref(), before, "{id}");
        *last = *place;
        *row = after.cloned();
    }
}

#[tokio::test]
async fn nested_writes_to_one_row_are_put_right() {
    let (pipeline, session) = start_nested().await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
    run(&session, "UPDATE shop.items SET name = 'b'").await;
    pipeline.drain().await;
    let story = story(&pipeline.take_calls());
    assert_chains(&story);
    assert_eq!(
        of_item(&story, 1),
        [
            created(1, "a"),
            updated(1, "a", "a+"),
            updated(1, "a+", "b"),
            updated(1, "b", "b+")
        ]
    );
}

/// Nothing of such a row is there before or after: its events are a circle, which could begin with any of them.
#[tokio::test]
async fn a_row_that_is_gone_with_its_transaction_begins_with_its_creation() {
    let (pipeline, session) = start_nested().await;
    run(
        &session,
        "BEGIN; INSERT INTO shop.items VALUES (1, 'a'); DELETE FROM shop.items; COMMIT",
    )
    .await;
    pipeline.drain().await;
    let story = story(&pipeline.take_calls());
    assert_chains(&story);
    assert_eq!(
        of_item(&story, 1),
        [
            created(1, "a"),
            updated(1, "a", "a+"),
            ChangeEvent::Deleted(Box::new(item(1, "a+")))
        ]
    );
}

#[tokio::test]
async fn so_it_does_where_the_transaction_takes_several_calls() {
    let calls = calls_of(
        "BEGIN;
         INSERT INTO shop.items SELECT n, repeat('x', 20000) || n FROM generate_series(1, 200) AS n;
         DELETE FROM shop.items;
         COMMIT",
        1,
    )
    .await;
    assert!(calls.len() >= 3, "{}", calls.len());
    let story = story(&calls);
    assert_eq!(story.len(), 600);
    assert_chains(&story);
}

/// And so are those of a row that becomes what it was: they begin with what came first.
#[tokio::test]
async fn a_row_that_is_written_anew_as_it_was_begins_with_its_deletion() {
    let (pipeline, session) = start_nested().await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
    run(
        &session,
        "BEGIN; DELETE FROM shop.items; INSERT INTO shop.items VALUES (1, 'a'); COMMIT",
    )
    .await;
    pipeline.drain().await;
    let story = story(&pipeline.take_calls());
    assert_chains(&story);
    assert_eq!(story.len(), 5);
}

/// All events of the nested writes come first: they are in the first calls, those of the statement in the last ones.
#[tokio::test]
async fn they_are_put_right_where_the_transaction_takes_several_calls() {
    let calls = calls_of(
        "INSERT INTO shop.items SELECT n, repeat('x', 20000) || n FROM generate_series(1, 600) AS n",
        2,
    )
    .await;
    assert!(calls.len() >= 6, "{}", calls.len());
    let story = story(&calls);
    assert_eq!(story.len(), 1200);
    assert_chains(&story);
    let ids: BTreeSet<&String> = story.iter().map(|(id, _, _)| id).collect();
    assert_eq!(ids.len(), 1200);
}

/// What fails is sent again in other calls, and still each event has its id, and its place.
#[tokio::test]
async fn an_event_has_the_same_id_and_place_in_every_call() {
    let (pipeline, session) = start_nested().await;
    run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, repeat('x', 5000) || n FROM generate_series(1, 300) AS n",
    )
    .await;
    // The first one only notes what is on disk.
    drain_once(&session).await;
    let mut known = BTreeMap::new();
    for bytes in [5_990_000, 1_000_000, 64_000, 300_000] {
        // As if the server died before the end of the third one.
        run(
            &session,
            &format!("BEGIN; UPDATE aurora_trigger.lane SET call_bytes = {bytes}"),
        )
        .await;
        for _ in 0..3 {
            drain_once(&session).await;
        }
        run(&session, "ROLLBACK").await;
        let story = story(&pipeline.take_calls());
        assert!(story.len() > 5, "{} events with {bytes}", story.len());
        for (id, place, event) in story {
            let before = known.insert(id.clone(), (place, event.clone()));
            if let Some(before) = before {
                assert_eq!(before, (place, event), "{id} with {bytes}");
            }
        }
    }
    assert_eq!(known.len(), 600, "the first call took all");
}

/// A row is gone by TRUNCATE and comes back as it was: nothing of it may move to the other side.
#[tokio::test]
async fn no_event_moves_across_a_truncate() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "INSERT INTO shop.items VALUES (1, 'a');
         BEGIN;
         UPDATE shop.items SET name = 'b';
         TRUNCATE shop.items;
         INSERT INTO shop.items VALUES (1, 'a');
         COMMIT;",
    )
    .await;
    pipeline.drain().await;
    assert_eq!(
        pipeline.take_events::<Item>(),
        [
            created(1, "a"),
            updated(1, "a", "b"),
            ChangeEvent::Truncated,
            created(1, "a")
        ]
    );
}
