//! What a drain sends.

use aurora_trigger_gen::{ChangeEvent, StreamTrigger};
use pipeline_tests::{Only, Pipeline, error_of};
use relay_lambda::local::{Fault, InvocationType};
use serde::Deserialize;

use crate::{Item, created, drain_once, number, of_item, pending, run, start, story, updated};

#[tokio::test]
async fn what_is_committed_is_sent_and_then_it_is_gone() {
    let (pipeline, session) = start().await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'a'), (2, 'b')").await;
    run(&session, "UPDATE shop.items SET name = name || '!'").await;
    assert!(pipeline.take_calls().is_empty());
    pipeline.drain().await;
    let calls = pipeline.take_calls();
    assert!(
        calls
            .iter()
            .all(|call| call.invocation_type == InvocationType::RequestResponse)
    );
    let story = story(&calls);
    assert_eq!(story.len(), 4);
    assert_eq!(of_item(&story, 1), [created(1, "a"), updated(1, "a", "a!")]);
    assert_eq!(of_item(&story, 2), [created(2, "b"), updated(2, "b", "b!")]);
    assert_eq!(pending(&session).await, 0);
    pipeline.drain().await;
    assert!(pipeline.take_calls().is_empty());
}

#[tokio::test]
async fn what_is_rolled_back_is_never_sent() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "BEGIN;
         INSERT INTO shop.items VALUES (1, 'a');
         SAVEPOINT before;
         INSERT INTO shop.items VALUES (2, 'b');
         UPDATE shop.items SET name = 'x';
         ROLLBACK TO before;
         COMMIT;
         BEGIN;
         DELETE FROM shop.items;
         ROLLBACK;",
    )
    .await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
}

#[tokio::test]
async fn what_is_not_committed_is_not_sent_by_its_own_transaction_either() {
    let (pipeline, session) = start().await;
    run(&session, "BEGIN; INSERT INTO shop.items VALUES (1, 'a')").await;
    pipeline.drain().await;
    drain_once(&session).await;
    drain_once(&session).await;
    assert!(pipeline.take_calls().is_empty());
    run(&session, "ROLLBACK").await;
    pipeline.drain().await;
    assert!(pipeline.take_calls().is_empty());
}

/// A later number can be committed first: it is sent first, and the earlier one is not passed over.
#[tokio::test]
async fn a_transaction_that_commits_late_is_sent_late() {
    let (pipeline, late) = start().await;
    let early = pipeline.session().await;
    run(&late, "BEGIN; INSERT INTO shop.items VALUES (1, 'late')").await;
    run(&early, "INSERT INTO shop.items VALUES (2, 'early')").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(2, "early")]);
    run(&late, "COMMIT").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "late")]);
}

/// What a transaction with `synchronous_commit = off` wrote can be read before it is on disk. The drain that finds it
/// only notes it, and is on disk itself when it ends, with all before it; the next one sends it.
#[tokio::test]
async fn what_a_drain_sends_was_committed_before_the_last_one_ended() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "SET synchronous_commit = off; INSERT INTO shop.items VALUES (1, 'a')",
    )
    .await;
    assert!(drain_once(&session).await, "there is more to do");
    assert!(pipeline.take_calls().is_empty());
    assert!(!drain_once(&session).await);
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
}

/// Its commit must wait for the disk, whatever the session wants.
#[tokio::test]
async fn a_drain_itself_is_on_disk_when_it_ends() {
    let (_pipeline, session) = start().await;
    run(
        &session,
        "SET synchronous_commit = off; BEGIN; SELECT aurora_trigger.drain()",
    )
    .await;
    let setting: String = session
        .query_one("SHOW synchronous_commit", &[])
        .await
        .expect("it is a setting")
        .get(0);
    assert_eq!(setting, "on");
}

/// While one is in its call, another one does not send the same, nor does it wait.
/// A compilation takes a hundred milliseconds, and each drain would make some.
#[tokio::test]
async fn no_query_of_a_drain_is_compiled() {
    let (pipeline, session) = start().await;
    let can_compile: bool = session
        .query_one("SELECT pg_jit_available()", &[])
        .await
        .expect("version 11 has it")
        .get(0);
    // Version 11 compiles where it is asked to only, and shows no plan to a session.
    if !can_compile || pipeline.server_version().await < 120_000 {
        println!("not tested: just-in-time compilation, which this server has not");
        return;
    }
    let (watched, notices) = pipeline.listening_session().await;
    let is_there = watched
        .batch_execute(
            "LOAD 'auto_explain';
             SET auto_explain.log_min_duration = 0;
             SET auto_explain.log_nested_statements = on;
             SET auto_explain.log_analyze = on;
             SET auto_explain.log_timing = off;
             SET auto_explain.log_level = 'notice';
             SET jit_above_cost = 0",
        )
        .await;
    assert!(is_there.is_ok(), "{is_there:?}");
    run(
        &session,
        "INSERT INTO shop.items SELECT n, 'n' FROM generate_series(1, 50) AS n",
    )
    .await;
    while drain_once(&watched).await {}
    let plans: Vec<String> = notices
        .take()
        .iter()
        .map(|notice| notice.message().to_owned())
        .collect();
    let nested = plans
        .iter()
        .filter(|plan| plan.contains("aurora_trigger.lane AS l"));
    assert!(nested.count() > 8, "{plans:?}");
    // The caller's own query may be.
    let compiled: Vec<&String> = plans
        .iter()
        .filter(|plan| plan.contains("\nJIT:") && !plan.contains("SELECT aurora_trigger.drain()"))
        .collect();
    assert!(compiled.is_empty(), "{compiled:?}");
}

#[tokio::test]
async fn two_drains_at_once_send_nothing_twice() {
    let (pipeline, first) = start().await;
    let second = pipeline.session().await;
    run(
        &first,
        "SELECT aurora_trigger.set_lanes(1);
         INSERT INTO shop.items SELECT n, 'n' FROM generate_series(1, 50) AS n",
    )
    .await;
    drain_once(&first).await;
    run(&first, "BEGIN").await;
    drain_once(&first).await;
    assert!(!drain_once(&second).await);
    run(&first, "COMMIT").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>().len(), 50);
}

/// As if the server had died between the call and the end of the transaction.
#[tokio::test]
async fn a_drain_that_dies_after_its_call_sends_the_same_again() {
    let (pipeline, session) = start().await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
    drain_once(&session).await;
    run(&session, "BEGIN").await;
    drain_once(&session).await;
    run(&session, "ROLLBACK").await;
    pipeline.drain().await;
    let [first, second] = pipeline
        .take_calls()
        .try_into()
        .expect("there were two calls");
    assert_eq!(story(&[first]), story(&[second]), "and so has the same id");
}

#[tokio::test]
async fn a_drain_is_refused_where_it_would_read_what_is_sent() {
    let (_pipeline, session) = start().await;
    run(&session, "BEGIN ISOLATION LEVEL REPEATABLE READ").await;
    let error = error_of(&session, "SELECT aurora_trigger.drain()").await;
    assert_eq!(
        error.message(),
        "aurora_trigger: a drain must be READ COMMITTED, not REPEATABLE READ"
    );
}

#[tokio::test]
async fn without_a_relay_the_events_wait_and_a_drain_says_so() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "UPDATE aurora_trigger.settings SET function_name = NULL; INSERT INTO shop.items VALUES (1, 'a')",
    )
    .await;
    let error = error_of(&session, "SELECT aurora_trigger.drain()").await;
    assert_eq!(error.message(), "aurora_trigger: no relay is named");
    run(&session, "SELECT aurora_trigger.configure('relay')").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
}

/// What one call takes longer does not roll back what another one has sent.
#[tokio::test]
async fn a_drain_makes_one_call_and_the_lanes_take_turns() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, repeat('n', 20000) FROM generate_series(1, 64) AS n",
    )
    .await;
    assert!(drain_once(&session).await, "it only collects what there is");
    assert!(pipeline.take_calls().is_empty());
    for waiting in (0..8).rev() {
        assert_eq!(
            drain_once(&session).await,
            waiting > 0,
            "{waiting} lanes wait"
        );
        assert_eq!(pipeline.take_calls().len(), 1);
        let lanes = "SELECT count(DISTINCT lane) FROM aurora_trigger.batch";
        assert_eq!(number(&session, lanes).await, waiting);
    }
}

/// A call costs as much for one event as for many, and an event waits for no call of another lane.
#[tokio::test]
async fn what_little_waits_goes_in_one_call() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, 'n' FROM generate_series(1, 64) AS n",
    )
    .await;
    assert!(drain_once(&session).await, "it only collects what there is");
    assert!(!drain_once(&session).await);
    let calls = pipeline.take_calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(story(&calls).len(), 64);
    let lanes = "SELECT count(*) FROM aurora_trigger.lane WHERE lane >= 0 AND tried_at IS NULL";
    assert_eq!(
        number(&session, lanes).await,
        0,
        "they were in all the lanes"
    );
}

/// What can't be sent is then in the way of its own lane only.
#[tokio::test]
async fn lanes_whose_call_failed_go_one_by_one_until_theirs_succeed() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, 'n' FROM generate_series(1, 64) AS n",
    )
    .await;
    pipeline.endpoint().faults().fail_next(1, Fault::Throttle);
    while drain_once(&session).await {}
    assert_eq!(
        number(
            &session,
            "SELECT cardinality(lanes)::bigint FROM aurora_trigger.failed_call"
        )
        .await,
        8
    );
    assert_eq!(pipeline.take_calls().len(), 0);
    run(&session, "UPDATE aurora_trigger.lane SET retry_at = NULL").await;
    while drain_once(&session).await {}
    assert_eq!(pipeline.take_calls().len(), 8);
    run(&session, "UPDATE shop.items SET name = 'm'").await;
    while drain_once(&session).await {}
    assert_eq!(pipeline.take_calls().len(), 1);
}

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.others", delivery = "outbox")]
struct Other {
    #[stream(key)]
    id: i32,
    name: String,
}

/// A lane that always has something is in the way of no other, and of no TRUNCATE.
#[tokio::test]
async fn a_lane_with_an_endless_load_lets_the_others_send() {
    let tables = format!(
        "{} CREATE TABLE shop.others (id integer PRIMARY KEY, name text NOT NULL);",
        crate::ITEMS
    );
    let pipeline = Pipeline::installed(&tables, &[&Item::TABLE, &Other::TABLE]).await;
    let session = pipeline.session().await;
    run(
        &session,
        "INSERT INTO shop.others VALUES (1, 'a');
         INSERT INTO shop.items VALUES (2, 'b'), (3, 'c'); TRUNCATE shop.items",
    )
    .await;
    let endless = "UPDATE shop.others SET name = name || 'x'";
    for _ in 0..40 {
        run(&session, endless).await;
        drain_once(&session).await;
    }
    drop(pipeline.take_calls());
    assert_eq!(
        number(
            &session,
            "SELECT count(*) FROM aurora_trigger.waiting WHERE table_name = 'items'"
        )
        .await,
        0
    );
}

/// Each key stays in its lane, and a lane is one call: as many events as it takes.
#[tokio::test]
async fn there_is_one_call_for_each_lane() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, repeat('n', 1000) FROM generate_series(1, 2000) AS n",
    )
    .await;
    pipeline.drain().await;
    let calls = pipeline.take_calls();
    assert_eq!(calls.len(), 8);
    assert_eq!(story(&calls).len(), 2000);
    run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
    run(&session, "UPDATE shop.items SET name = 'm' WHERE id <= 100").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_calls().len(), 1);
    run(&session, "UPDATE shop.items SET name = 'n' WHERE id <= 100").await;
    let error = error_of(&session, "SELECT aurora_trigger.set_lanes(4)").await;
    assert_eq!(
        error.message(),
        "aurora_trigger: the number of lanes can't be changed while events wait"
    );
}

/// It holds more events than a call takes.
#[tokio::test]
async fn a_lane_is_sent_from_its_beginning() {
    let (pipeline, session) = start().await;
    run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, 'a' FROM generate_series(1, 6000) AS n",
    )
    .await;
    run(&session, "UPDATE shop.items SET name = 'b'").await;
    pipeline.drain().await;
    let calls = pipeline.take_calls();
    assert!(calls.len() > 1, "{}", calls.len());
    let sent: Vec<u64> = calls
        .iter()
        .flat_map(|call| call.payload().batches)
        .flat_map(|batch| batch.events)
        .map(|event| event.seq)
        .collect();
    assert_eq!(sent.len(), 12_000);
    assert!(sent.is_sorted());
}

#[tokio::test]
async fn a_call_is_filled_up_to_six_megabytes_and_not_beyond() {
    let (pipeline, session) = start().await;
    run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, repeat('\"', 20000) FROM generate_series(1, 400) AS n",
    )
    .await;
    pipeline.drain().await;
    let calls = pipeline.take_calls();
    let sizes: Vec<usize> = calls.iter().map(|call| call.payload.len()).collect();
    assert_eq!(calls.len(), 3, "{sizes:?}");
    assert!(
        sizes[0] > 5_900_000 && sizes.iter().all(|size| *size < 6_000_000),
        "{sizes:?}"
    );
    assert_eq!(story(&calls).len(), 400);
}

/// A row whose event is too big for a call.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.items", delivery = "outbox", oversize = "dead_letter")]
struct BigItem {
    #[stream(key)]
    id: i32,
    name: String,
}

const BIG: &str = "INSERT INTO shop.items VALUES (1, 'a'), (2, repeat('x', 6000000)), (3, 'c')";

#[tokio::test]
async fn an_event_too_big_for_a_call_goes_on_as_its_key() {
    let (pipeline, session) = start().await;
    run(&session, BIG).await;
    pipeline.drain().await;
    let mut events: Vec<String> = pipeline
        .take_events::<Item>()
        .iter()
        .map(|event| format!("{event:?}"))
        .collect();
    events.sort();
    assert_eq!(events.len(), 3);
    assert!(
        events[2].starts_with("Oversized") && events[2].contains('2'),
        "{}",
        events[2]
    );
    assert_eq!(pending(&session).await, 0);
}

#[tokio::test]
async fn an_event_too_big_for_a_call_is_kept_whole_where_its_table_wants_it() {
    let pipeline = Pipeline::start().await;
    pipeline.run(crate::ITEMS).await;
    pipeline.install::<Only<BigItem>>().await;
    let session = pipeline.session().await;
    run(&session, BIG).await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<BigItem>().len(), 2);
    let row = session
        .query_one(
            "SELECT reason, length(event -> 'after' ->> 'name') FROM aurora_trigger.dead_letter",
            &[],
        )
        .await
        .expect("there is one");
    assert!(row.get::<_, String>(0).starts_with("too big for a call: "));
    assert_eq!(row.get::<_, i32>(1), 6_000_000);
}

#[tokio::test]
async fn the_procedure_drains_until_nothing_is_left() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, 'n' FROM generate_series(1, 30) AS n",
    )
    .await;
    run(&session, "CALL aurora_trigger.drain_all()").await;
    assert_eq!(pipeline.take_events::<Item>().len(), 30);
    assert_eq!(pending(&session).await, 0);
}

/// PostgreSQL holds no text of over a gigabyte, and here a letter takes six bytes in JSON. The write goes on, and of its
/// event the key is left.
#[tokio::test]
#[ignore = "it takes half a minute, and gigabytes"]
async fn of_a_row_whose_image_is_over_a_gigabyte_the_key_is_sent() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "INSERT INTO shop.items VALUES (1, repeat(chr(1), 200000000)), (2, 'small')",
    )
    .await;
    pipeline.drain().await;
    let mut events = pipeline.take_events::<Item>();
    events.sort_by_key(|event| matches!(event, ChangeEvent::Created(_)));
    assert_eq!(events.len(), 2);
    assert!(
        matches!(events[0], ChangeEvent::Oversized { .. }),
        "{events:?}"
    );
    assert_eq!(events[1], created(2, "small"));
    assert_eq!(pending(&session).await, 0);
}
