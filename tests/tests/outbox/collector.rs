//! The collector: what transactions have written becomes batches, once, in an order that is true, whatever else is there.

use aurora_trigger_gen::{ChangeEvent, StreamTrigger};
use pipeline_tests::Pipeline;
use relay_lambda::local::Fault;
use serde::Deserialize;
use tokio_postgres::Client;

use crate::{
    ITEMS, Item, created, drain_once, number, of_item, pending, run, start, story, updated,
};

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.others", delivery = "outbox")]
struct Other {
    #[stream(key)]
    id: i32,
}

const MANY: usize = 20_000;

/// As the collector seals the row that it has written.
const SEAL: &str = "UPDATE aurora_trigger.collector_seal
    SET written_by = (SELECT c.xmin::text FROM aurora_trigger.collector AS c)";

const WRITTEN: &str =
    "SELECT c.relname FROM aurora_trigger.part AS p JOIN pg_class AS c ON c.oid = p.id
    UNION ALL SELECT 'batch'";

fn many(first: i32) -> String {
    format!(
        "INSERT INTO shop.items SELECT n, 'old' FROM generate_series({first}, {first} - 1 + {MANY}) AS n"
    )
}

/// Sends one new event, and returns how many rows of these tables were read for it.
async fn rows_read(pipeline: &Pipeline, session: &Client, id: i32, tables: &str) -> usize {
    let rows_read = format!(
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_all_tables
         WHERE schemaname = 'aurora_trigger' AND relname IN ({tables})"
    );
    run(
        session,
        &format!("INSERT INTO shop.items VALUES ({id}, 'new')"),
    )
    .await;
    // In two transactions, since none sends what it has collected itself. A session reports its counts when it has
    // no transaction, not more often than every second.
    let mut read = 0;
    for _ in 0..2 {
        run(session, "BEGIN").await;
        let before = number(session, &rows_read).await;
        drain_once(session).await;
        read += number(session, &rows_read).await - before;
        run(session, "COMMIT").await;
    }
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(id, "new")]);
    usize::try_from(read).expect("it is a count")
}

#[tokio::test]
async fn events_of_an_open_transaction_are_not_read_by_each_drain() {
    let (pipeline, session) = start().await;
    let open = pipeline.session().await;
    run(&open, "BEGIN").await;
    run(&open, &many(1)).await;
    // PostgreSQL lists it among the open ones when a younger one has ended.
    run(&session, "SELECT txid_current()").await;
    pipeline.drain().await;
    let read = rows_read(&pipeline, &session, 1_000_000, WRITTEN).await;
    assert!(read < MANY / 3, "{read} rows");

    run(&open, "COMMIT").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>().len(), MANY);
    assert_eq!(pending(&session).await, 0);
}

#[tokio::test]
async fn events_of_a_paused_table_are_not_read_by_each_drain() {
    let tables = format!("{ITEMS} CREATE TABLE shop.others (id integer PRIMARY KEY)");
    let pipeline = Pipeline::installed(&tables, &[&Item::TABLE, &Other::TABLE]).await;
    let session = pipeline.session().await;
    run(&session, "SELECT aurora_trigger.pause('shop.others')").await;
    // Each in a batch of its own.
    for id in 1..=200 {
        run(&session, &format!("INSERT INTO shop.others VALUES ({id})")).await;
        drain_once(&session).await;
    }
    assert_eq!(
        number(&session, "SELECT count(*) FROM aurora_trigger.batch").await,
        200
    );
    let read = rows_read(&pipeline, &session, 1_000_000, "SELECT 'batch'").await;
    assert!(read < 100, "{read} rows");

    run(&session, "SELECT aurora_trigger.resume('shop.others')").await;
    pipeline.drain().await;
    assert_eq!(pending(&session).await, 0);
}

/// As long as an old snapshot may read them VACUUM leaves what was deleted.
#[tokio::test]
async fn events_that_are_gone_are_not_read_beside_an_old_snapshot() {
    let (pipeline, session) = start().await;
    let reader = pipeline.session().await;
    run(&reader, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await;
    run(&session, &many(1)).await;
    pipeline.drain().await;
    drop(pipeline.take_calls());
    let read = rows_read(&pipeline, &session, 1_000_000, WRITTEN).await;
    assert!(read < MANY / 3, "{read} rows");
    run(&reader, "COMMIT").await;
}

const SIZE: &str = "
    SELECT (pg_total_relation_size('aurora_trigger.batch') + sum(pg_total_relation_size(p.id)))::bigint
    FROM aurora_trigger.part AS p";

/// The room comes back without VACUUM, and not while somebody may still write into it.
#[tokio::test]
async fn what_is_sent_takes_no_room() {
    let (pipeline, session) = start().await;
    let reader = pipeline.session().await;
    run(&reader, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await;
    let writer = pipeline.session().await;
    run(
        &writer,
        "BEGIN; INSERT INTO shop.items VALUES (-1, 'open');
         LOCK TABLE aurora_trigger.queue IN ROW EXCLUSIVE MODE",
    )
    .await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, repeat('x', 1000) FROM generate_series(1, 5000) AS n",
    )
    .await;
    let drain = "CALL aurora_trigger.drain_all()";
    run(&session, drain).await;
    assert_eq!(pipeline.take_events::<Item>().len(), 5_000);
    assert!(number(&session, SIZE).await > 5_000_000);
    run(&writer, "COMMIT").await;
    run(&session, drain).await;
    assert_eq!(
        pipeline.take_events::<Item>(),
        [created(-1, "open")],
        "what is not sent is not emptied"
    );
    assert!(number(&session, SIZE).await < 1_000_000);

    // A drain whose transaction goes on must not keep the lock.
    run(
        &session,
        "INSERT INTO shop.items SELECT n, repeat('x', 1000) FROM generate_series(5001, 8000) AS n",
    )
    .await;
    pipeline.drain().await;
    run(&session, "BEGIN; SELECT aurora_trigger.drain()").await;
    run(
        &writer,
        "SET lock_timeout = '1ms'; INSERT INTO shop.items VALUES (-2, 'b')",
    )
    .await;
    run(&session, "COMMIT").await;
    run(&reader, "COMMIT").await;
}

/// The batches are full at less, so that a test is fast.
const FULL_AT_2_MB: &str = "
    DO $$
    BEGIN
        EXECUTE replace(
            pg_get_functiondef('aurora_trigger.batch_is_full()'::regprocedure), '64000000', '2000000'
        );
    END $$";

/// Autovacuum looks once a minute, and gives back only what is at the end of a table.
#[tokio::test]
async fn batches_take_no_more_room_while_writers_go_on() {
    let (pipeline, session) = start().await;
    run(&session, FULL_AT_2_MB).await;
    run(&session, "SET aurora_trigger.commits_at_once = 'yes'").await;
    let mut most = 0;
    for round in 0..40 {
        let insert = format!(
            "INSERT INTO shop.items
             SELECT 400 * {round} + n, repeat('x', 1000) FROM generate_series(1, 400) AS n"
        );
        run(&session, &insert).await;
        drain_once(&session).await;
        let size = "SELECT pg_total_relation_size('aurora_trigger.batch')";
        most = most.max(number(&session, size).await);
    }
    assert!(most < 6_000_000, "{most}");
    while drain_once(&session).await {}
    assert_eq!(pipeline.take_events::<Item>().len(), 16_000);
}

/// Room that can't come back yet is no reason to wait.
#[tokio::test]
async fn full_batches_that_can_not_be_sent_hold_up_no_other() {
    let (pipeline, session) = start().await;
    run(&session, FULL_AT_2_MB).await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, repeat('x', 10000) FROM generate_series(1, 800) AS n",
    )
    .await;
    assert!(drain_once(&session).await, "it only collects");
    let is_full = "SELECT aurora_trigger.batch_is_full()::integer::bigint";
    assert_eq!(number(&session, is_full).await, 1);
    pipeline.endpoint().faults().fail_next(1, Fault::Throttle);
    assert!(drain_once(&session).await);
    run(
        &session,
        "UPDATE aurora_trigger.lane SET retry_at = clock_timestamp() + interval '50 seconds'
         WHERE failures > 0",
    )
    .await;
    assert_eq!(number(&session, is_full).await, 0);
    run(&session, "UPDATE shop.items SET name = 'small'").await;
    while drain_once(&session).await {}
    let lanes = "SELECT count(DISTINCT lane) FROM aurora_trigger.batch";
    assert_eq!(number(&session, lanes).await, 1);
    assert_eq!(
        number(&session, "SELECT count(*) FROM aurora_trigger.failed_call").await,
        1
    );
}

/// So that a long one is not begun anew whenever `statement_timeout` cuts it off.
#[tokio::test]
async fn a_long_collection_takes_steps_and_is_in_order_across_them() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "UPDATE aurora_trigger.collector SET step_events = 100",
    )
    .await;
    run(&session, SEAL).await;
    run(
        &session,
        "BEGIN;
         INSERT INTO shop.items SELECT n, 'old' FROM generate_series(1, 500) AS n;
         UPDATE shop.items SET name = 'older';
         TRUNCATE shop.items;
         INSERT INTO shop.items SELECT n, 'new' FROM generate_series(1, 500) AS n;
         UPDATE shop.items SET name = 'newer';
         COMMIT",
    )
    .await;
    let mut waiting = pending(&session).await;
    assert_eq!(waiting, 2_001);
    let steps = "SELECT count(*) FROM aurora_trigger.collector WHERE upto IS NOT NULL";
    let mut divided = 0;
    while drain_once(&session).await {
        divided += number(&session, steps).await;
        let now = pending(&session).await;
        // The rest of a queue is estimated, by the keys.
        assert!(now <= waiting + waiting / 5, "{now} after {waiting}");
        waiting = now;
    }
    assert!(divided > 3, "{divided} steps");
    assert_eq!(pending(&session).await, 0);
    let story = story(&pipeline.take_calls());
    assert_eq!(story.len(), 2_001);
    let truncation = story
        .iter()
        .position(|(_, _, event)| *event == ChangeEvent::Truncated)
        .expect("it was truncated");
    assert_eq!(truncation, 1_000);
    for (index, (_, place, event)) in story.iter().enumerate() {
        assert_eq!(*place < story[truncation].1, index < truncation);
        let (before, after) = if index < truncation {
            ("old", "older")
        } else {
            ("new", "newer")
        };
        match event {
            ChangeEvent::Created(item) => assert_eq!(item.name, before),
            ChangeEvent::Updated { after: item, .. } => assert_eq!(item.name, after),
            _ => assert_eq!(index, truncation),
        }
    }
}

/// By their last statements, so that of two that change one row the second one is not before the first one.
#[tokio::test]
async fn many_transactions_are_collected_some_at_a_time_and_are_in_order() {
    let (pipeline, session) = start().await;
    let other = pipeline.session().await;
    run(
        &session,
        "UPDATE aurora_trigger.collector SET step_events = 100",
    )
    .await;
    run(&session, SEAL).await;
    run(&session, "INSERT INTO shop.items VALUES (1, '0')").await;
    // It begins first, changes the row last, and has changed another one before.
    run(&session, "BEGIN; INSERT INTO shop.items VALUES (2, 'a')").await;
    for number in 1..400 {
        run(
            &other,
            &format!("UPDATE shop.items SET name = '{number}' WHERE id = 1"),
        )
        .await;
    }
    run(
        &session,
        "UPDATE shop.items SET name = '400' WHERE id = 1; COMMIT",
    )
    .await;
    let mut steps = Vec::new();
    while number(&session, "SELECT aurora_trigger.collect()::integer::bigint").await == 1 {
        if steps.is_empty() {
            // It is in none of their snapshots.
            run(&other, "UPDATE shop.items SET name = '401' WHERE id = 1").await;
        }
        assert_eq!(pending(&session).await, 403);
        let left = "SELECT cardinality(next_snapshots)::bigint FROM aurora_trigger.collector";
        steps.push(number(&session, left).await);
    }
    // About fifty events each, and the late one.
    assert_eq!(steps, [8, 7, 6, 5, 4, 3, 2, 1, 0, 0]);
    pipeline.drain().await;
    let story = story(&pipeline.take_calls());
    assert_eq!(story.len(), 403);
    let names: Vec<String> = of_item(&story, 1)
        .into_iter()
        .map(|event| match event {
            ChangeEvent::Created(item) | ChangeEvent::Updated { after: item, .. } => item.name,
            other => panic!("{other:?}"),
        })
        .collect();
    let written: Vec<String> = (0..=401).map(|number| number.to_string()).collect();
    assert_eq!(names, written);
    let mut places: Vec<u64> = story.iter().map(|(_, place, _)| *place).collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 403, "each has a place of its own");
}

#[tokio::test]
async fn one_that_statement_timeout_cuts_off_takes_smaller_steps() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "CREATE OR REPLACE FUNCTION aurora_trigger.lane_of(key_hash bigint) RETURNS smallint
         LANGUAGE plpgsql AS $$
         BEGIN
             PERFORM pg_sleep(0.002);
             RETURN (key_hash % aurora_trigger.lane_count())::smallint;
         END $$;
         INSERT INTO shop.items SELECT n, 'n' FROM generate_series(1, 1000) AS n;
         SET statement_timeout = '1s'",
    )
    .await;
    let mut drains = 0;
    while drain_once(&session).await {
        drains += 1;
        assert!(drains < 100, "there is an end");
    }
    assert_eq!(pending(&session).await, 0);
    assert_eq!(pipeline.take_events::<Item>().len(), 1_000);
    let noted = "SELECT count(*) FROM aurora_trigger.failed_call WHERE sqlstate = '57014' AND lanes IS NULL";
    assert!(number(&session, noted).await > 0);
}

/// A step of the smallest size takes too long, too.
#[tokio::test]
async fn one_that_is_always_cut_off_waits_between_its_tries() {
    let (_pipeline, session) = start().await;
    run(
        &session,
        "CREATE OR REPLACE FUNCTION aurora_trigger.lane_of(key_hash bigint) RETURNS smallint
         LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(600); RETURN 0; END $$;
         INSERT INTO shop.items VALUES (1, 'a');
         SET statement_timeout = '100ms'",
    )
    .await;
    let mut drains = 0;
    while drain_once(&session).await {
        drains += 1;
        assert!(drains < 10, "it goes on and on");
    }
    run(&session, "RESET statement_timeout").await;
    assert_eq!(pending(&session).await, 1);
}

/// Its transactions have numbers that this server has not come to: they must not pass for collected ones.
#[tokio::test]
async fn a_copy_whose_events_can_not_be_taken_over_yet_stays_a_copy() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "UPDATE aurora_trigger.collector SET done = '9000000000:9000000000:';
         INSERT INTO shop.items VALUES (1, 'a')",
    )
    .await;
    let writer = pipeline.session().await;
    run(&writer, "BEGIN; INSERT INTO shop.items VALUES (2, 'b')").await;
    run(&session, "SET statement_timeout = '100ms'").await;
    for _ in 0..3 {
        drain_once(&session).await;
    }
    run(&session, "RESET statement_timeout").await;
    assert_eq!(pending(&session).await, 1);
    run(&writer, "COMMIT").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>().len(), 2);
}

/// Something of which nobody has thought: it is told, and not tried again at once.
#[tokio::test]
async fn one_that_fails_is_noted_and_tried_again_later() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "ALTER FUNCTION aurora_trigger.lane_of RENAME TO real_lane_of;
         INSERT INTO shop.items VALUES (1, 'a')",
    )
    .await;
    pipeline.drain().await;
    assert!(!drain_once(&session).await);
    let noted = "SELECT count(*) FROM aurora_trigger.failed_call
        WHERE lanes IS NULL AND message LIKE '%lane_of%'";
    assert_eq!(number(&session, noted).await, 1);
    run(
        &session,
        "ALTER FUNCTION aurora_trigger.real_lane_of RENAME TO lane_of;
         UPDATE aurora_trigger.collector SET retry_at = retry_at - interval '3 seconds'",
    )
    .await;
    run(&session, SEAL).await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
}

/// It would send under numbers that a rollback takes back.
#[tokio::test]
async fn a_transaction_does_not_send_what_it_has_collected() {
    let (pipeline, session) = start().await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
    run(&session, "BEGIN").await;
    for _ in 0..3 {
        drain_once(&session).await;
    }
    assert!(pipeline.take_calls().is_empty());
    run(&session, "ROLLBACK").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
}

/// Nor beside what another one has collected.
#[tokio::test]
async fn a_call_takes_nothing_that_its_own_transaction_has_collected() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "SELECT aurora_trigger.set_lanes(1), aurora_trigger.pause()",
    )
    .await;
    for id in 1..=2 {
        run(
            &session,
            &format!("INSERT INTO shop.items VALUES ({id}, 'a')"),
        )
        .await;
        drain_once(&session).await;
    }
    run(
        &session,
        "SELECT aurora_trigger.resume();
         UPDATE aurora_trigger.lane SET call_bytes = 1;
         INSERT INTO shop.items VALUES (3, 'a')",
    )
    .await;
    run(&session, "BEGIN; SELECT aurora_trigger.drain()").await;
    run(
        &session,
        "UPDATE aurora_trigger.lane SET call_bytes = 1000000; SELECT aurora_trigger.drain()",
    )
    .await;
    assert_eq!(
        pipeline.take_events::<Item>(),
        [created(1, "a"), created(2, "a")]
    );
    run(&session, "COMMIT").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(3, "a")]);
}

/// A table has rows where there is room: the last ones of a statement can stand before the first ones.
#[tokio::test]
async fn the_events_of_a_statement_are_in_its_order_wherever_their_rows_stand() {
    let (pipeline, session) = start().await;
    run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, 'row' FROM generate_series(1, 1000) AS n",
    )
    .await;
    // To where there is room: behind the others.
    run(
        &session,
        "UPDATE aurora_trigger.queue SET op = op WHERE ordinal <= 500",
    )
    .await;
    pipeline.drain().await;
    let ids: Vec<i32> = pipeline
        .take_events::<Item>()
        .iter()
        .map(|event| match event {
            ChangeEvent::Created(item) => item.id,
            other => panic!("rows are only inserted: {other:?}"),
        })
        .collect();
    assert_eq!(ids, (1..=1000).collect::<Vec<_>>());
}

/// The clock can be set back between two transactions.
#[tokio::test]
async fn the_order_is_that_of_the_servers_log_and_not_of_the_clock() {
    let (pipeline, session) = start().await;
    for statement in [
        "INSERT INTO shop.items VALUES (1, 'a')",
        "UPDATE shop.items SET name = 'b'",
        "UPDATE shop.items SET name = 'c'",
        "UPDATE aurora_trigger.queue SET ts_us = 2000000000000000 - ts_us",
    ] {
        run(&session, statement).await;
    }
    pipeline.drain().await;
    assert_eq!(
        pipeline.take_events::<Item>(),
        [created(1, "a"), updated(1, "a", "b"), updated(1, "b", "c")]
    );
}

/// Nor does one collect that has written events: it would keep the collector's lock, and its own are not committed.
#[tokio::test]
async fn a_transaction_that_has_written_events_collects_nothing() {
    let (pipeline, session) = start().await;
    let other = pipeline.session().await;
    run(&other, "INSERT INTO shop.items VALUES (1, 'a')").await;
    run(
        &session,
        "BEGIN; INSERT INTO shop.items VALUES (2, 'b'); SELECT aurora_trigger.drain()",
    )
    .await;
    run(&session, "INSERT INTO shop.items VALUES (3, 'c')").await;
    while drain_once(&other).await {}
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
    run(&session, "COMMIT").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>().len(), 2);
    assert_eq!(pending(&session).await, 0);
}

/// The transaction that collects is in no list of open ones, and can write events afterwards.
#[tokio::test]
async fn what_a_transaction_writes_after_it_has_collected_is_not_passed_over() {
    let (pipeline, session) = start().await;
    let other = pipeline.session().await;
    run(&other, "INSERT INTO shop.items VALUES (1, 'a')").await;
    run(&session, "BEGIN; SELECT aurora_trigger.drain()").await;
    // A number above that of the transaction.
    run(&other, "INSERT INTO shop.items VALUES (2, 'b')").await;
    run(
        &session,
        "SELECT aurora_trigger.drain(); INSERT INTO shop.items VALUES (3, 'c'); COMMIT",
    )
    .await;
    pipeline.drain().await;
    let mut events = pipeline.take_events::<Item>();
    events.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(events, [created(1, "a"), created(2, "b"), created(3, "c")]);
}

/// The collector's row can be lost with the data of our tables.
#[tokio::test]
async fn a_collector_that_was_truncated_is_put_back() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "TRUNCATE aurora_trigger.collector, aurora_trigger.collector_seal;
         INSERT INTO shop.items VALUES (1, 'a')",
    )
    .await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
}
