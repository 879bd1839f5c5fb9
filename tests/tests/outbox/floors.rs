//! A drain begins behind the events that it must leave and those that are gone: it does not read them each time, and none
//! of them is passed over when it can be sent.

use aurora_trigger_gen::StreamTrigger;
use pipeline_tests::Pipeline;
use serde::Deserialize;
use tokio_postgres::Client;

use crate::{ITEMS, Item, created, drain_once, number, pending, run, start};

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.others", delivery = "outbox")]
#[expect(dead_code, reason = "its table is paused")]
struct Other {
    #[stream(key)]
    id: i32,
}

const MANY: usize = 5_000;

/// The number of entries of the index by lane that this transaction has read, and those before it as long as they are not yet
/// reported.
const ENTRIES_READ: &str =
    "SELECT pg_stat_get_xact_tuples_returned('aurora_trigger.outbox_pkey'::regclass)";

/// Drains one new event, and returns how much of the outbox was read for it.
async fn entries_read(pipeline: &Pipeline, session: &Client, id: i32) -> usize {
    run(
        session,
        &format!("INSERT INTO shop.items VALUES ({id}, 'new')"),
    )
    .await;
    // The event is noted here and sent below, in one transaction, so that the counters are all there.
    drain_once(session).await;
    run(session, "BEGIN").await;
    let before = number(session, ENTRIES_READ).await;
    while drain_once(session).await {}
    let read = number(session, ENTRIES_READ).await - before;
    run(session, "COMMIT").await;
    assert_eq!(pipeline.take_events::<Item>(), [created(id, "new")]);
    usize::try_from(read).expect("it is a count")
}

fn many(first: i32) -> String {
    format!(
        "INSERT INTO shop.items SELECT n, 'old' FROM generate_series({first}, {first} - 1 + {MANY}) AS n"
    )
}

#[tokio::test]
async fn events_of_an_open_transaction_are_not_read_by_each_drain() {
    let (pipeline, session) = start().await;
    let open = pipeline.session().await;
    run(&open, "BEGIN").await;
    run(&open, &many(1)).await;
    pipeline.drain().await;
    pipeline.drain().await;
    let read = entries_read(&pipeline, &session, 10_000).await;
    assert!(read < MANY / 10, "{read} entries");

    run(&open, "COMMIT").await;
    pipeline.drain().await;
    let sent = pipeline.take_events::<Item>();
    assert_eq!(sent.len(), MANY);
    assert_eq!(pending(&session).await, 0);
}

#[tokio::test]
async fn events_of_a_paused_table_are_not_read_by_each_drain() {
    let tables = format!("{ITEMS} CREATE TABLE shop.others (id integer PRIMARY KEY)");
    let pipeline = Pipeline::installed(&tables, &[&Item::TABLE, &Other::TABLE]).await;
    let session = pipeline.session().await;
    run(
        &session,
        &format!(
            "SELECT aurora_trigger.pause('shop.others');
             INSERT INTO shop.others SELECT n FROM generate_series(1, {MANY}) AS n"
        ),
    )
    .await;
    pipeline.drain().await;
    pipeline.drain().await;
    let read = entries_read(&pipeline, &session, 10_000).await;
    assert!(read < MANY / 10, "{read} entries");

    run(&session, "SELECT aurora_trigger.resume('shop.others')").await;
    pipeline.drain().await;
    assert_eq!(pending(&session).await, 0);
}

/// An event that was sent is deleted, and as long as an old snapshot may read it VACUUM leaves it.
#[tokio::test]
async fn events_that_are_gone_are_not_read_beside_an_old_snapshot() {
    let (pipeline, session) = start().await;
    let reader = pipeline.session().await;
    run(&reader, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await;
    run(&session, &many(1)).await;
    pipeline.drain().await;
    drop(pipeline.take_calls());
    let read = entries_read(&pipeline, &session, 10_000).await;
    assert!(read < MANY / 10, "{read} entries");
    run(&reader, "COMMIT").await;
}

/// All events in one lane, where one could be passed over for another.
async fn start_with_one_lane() -> (Pipeline, Client) {
    let (pipeline, session) = start().await;
    run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
    (pipeline, session)
}

/// The list of a snapshot ends at the last transaction that has ended: it does not name this one.
#[tokio::test]
async fn the_newest_transaction_is_not_passed_over() {
    let (pipeline, session) = start_with_one_lane().await;
    let newest = pipeline.session().await;
    for round in 0..3 {
        let id = 10 * round;
        run(
            &session,
            &format!("INSERT INTO shop.items VALUES ({id}, 'a')"),
        )
        .await;
        drain_once(&session).await;
        run(
            &newest,
            &format!(
                "BEGIN; INSERT INTO shop.items VALUES ({}, 'newest')",
                id + 1
            ),
        )
        .await;
        drain_once(&session).await;
        run(&newest, "COMMIT").await;
        run(
            &session,
            &format!("INSERT INTO shop.items VALUES ({}, 'b')", id + 2),
        )
        .await;
        pipeline.drain().await;
        assert_eq!(pipeline.take_events::<Item>().len(), 3, "in round {round}");
        assert_eq!(pending(&session).await, 0);
    }
}

/// The writer has its number before others, and its event comes after a drain has gone past it.
#[tokio::test]
async fn a_position_that_was_taken_early_and_written_late_is_not_passed_over() {
    let (pipeline, session) = start_with_one_lane().await;
    let late = pipeline.session().await;
    run(
        &late,
        "BEGIN; CREATE TEMP TABLE taken AS SELECT nextval('aurora_trigger.event_seq') AS position",
    )
    .await;
    for round in 0..3 {
        run(
            &session,
            &format!(
                "INSERT INTO shop.items VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET name = 'round {round}'"
            ),
        )
        .await;
        pipeline.drain().await;
    }
    assert_eq!(pipeline.take_events::<Item>().len(), 3);
    run(
        &late,
        "INSERT INTO shop.items VALUES (2, 'late');
         UPDATE aurora_trigger.outbox AS o SET position = t.position FROM taken AS t",
    )
    .await;
    pipeline.drain().await;
    run(&session, "INSERT INTO shop.items VALUES (3, 'later')").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(3, "later")]);
    run(&late, "COMMIT").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(2, "late")]);
}

/// The snapshots of the writer's own transaction do not list it.
#[tokio::test]
async fn what_a_transaction_wrote_that_drains_itself_is_sent_by_the_next_one() {
    let (pipeline, session) = start_with_one_lane().await;
    let writer = pipeline.session().await;
    run(&writer, "BEGIN; INSERT INTO shop.items VALUES (1, 'own')").await;
    write_and_drain(&pipeline, &session, 10).await;
    for id in 20..23 {
        run(
            &session,
            &format!("INSERT INTO shop.items VALUES ({id}, 'new')"),
        )
        .await;
        drain_once(&writer).await;
        drain_once(&writer).await;
    }
    run(&writer, "COMMIT").await;
    pipeline.drain().await;
    let sent = pipeline.take_events::<Item>();
    assert_eq!(sent.len(), 4, "{sent:?}");
    assert!(sent.contains(&created(1, "own")), "{sent:?}");
}

/// Moves the floor behind all that was written before.
async fn write_and_drain(pipeline: &Pipeline, session: &Client, first: i32) {
    for id in first..first + 4 {
        run(
            session,
            &format!("INSERT INTO shop.items VALUES ({id}, 'new')"),
        )
        .await;
        pipeline.drain().await;
        assert_eq!(pipeline.take_events::<Item>(), [created(id, "new")]);
    }
}

#[tokio::test]
async fn a_dead_letter_with_an_old_number_is_sent_after_a_redrive() {
    let (pipeline, session) = start_with_one_lane().await;
    run(
        &session,
        "INSERT INTO shop.items VALUES (1, 'a');
         SELECT aurora_trigger.refuse(o.ctid, 'not today') FROM aurora_trigger.outbox AS o",
    )
    .await;
    write_and_drain(&pipeline, &session, 10).await;
    assert_eq!(number(&session, "SELECT aurora_trigger.redrive()").await, 1);
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
}

#[tokio::test]
async fn what_was_paused_is_sent_once_it_is_resumed() {
    let (pipeline, session) = start_with_one_lane().await;
    run(&session, "SELECT aurora_trigger.pause()").await;
    run(&session, &many(1)).await;
    for _ in 0..4 {
        drain_once(&session).await;
    }
    let operator = pipeline.session().await;
    run(&operator, "BEGIN; SELECT aurora_trigger.resume()").await;
    drain_once(&session).await;
    assert!(pipeline.take_calls().is_empty());
    run(&operator, "COMMIT").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>().len(), MANY);
}
