//! Drains that are cut off, by `statement_timeout` or by somebody: the calls before it count, the one that was cut off is
//! noted and waits.

use pipeline_tests::Pipeline;
use relay_lambda::local::Fault;
use tokio::time::{Duration, Instant};
use tokio_postgres::Client;

use crate::{Item, created, drain_once, number, pending, queue, run, start};

/// After the call the answer to these payloads takes so long.
fn slow(payloads: &str, seconds: &str) -> String {
    format!(
        "ALTER FUNCTION aurora_trigger.invoke RENAME TO real_invoke;
         CREATE FUNCTION aurora_trigger.invoke(
             target text, target_region text, payload json, invocation text
         ) RETURNS aurora_trigger.lambda_answer LANGUAGE plpgsql AS $$
         DECLARE
             answer aurora_trigger.lambda_answer;
         BEGIN
             answer := aurora_trigger.real_invoke(target, target_region, payload, invocation);
             IF payload::text LIKE '{payloads}' THEN
                 PERFORM pg_sleep({seconds});
             END IF;
             RETURN answer;
         END $$"
    )
}

const FAST: &str = "
    DROP FUNCTION aurora_trigger.invoke;
    ALTER FUNCTION aurora_trigger.real_invoke RENAME TO invoke;
    UPDATE aurora_trigger.lane SET retry_at = NULL";

/// How often each item was sent, for those that were sent so many times.
fn sent(pipeline: &Pipeline, times: usize) -> Vec<i32> {
    let mut ids: Vec<i32> = pipeline
        .take_events::<Item>()
        .iter()
        .filter_map(|event| match event {
            aurora_trigger_gen::ChangeEvent::Created(item) => Some(item.id),
            _ => None,
        })
        .collect();
    ids.sort_unstable();
    let all = ids.clone();
    ids.dedup();
    ids.retain(|id| all.iter().filter(|other| *other == id).count() == times);
    ids
}

const SEVEN: &str = "aurora_trigger.lane_of(aurora_trigger.key_hash('7'))";

/// The events in the lane of the seventh item.
async fn beside_seven(session: &Client) -> i64 {
    let queue = queue(session, "items").await;
    let count = format!(
        "SELECT (
             SELECT count(*) FROM {queue}
             WHERE aurora_trigger.lane_of(aurora_trigger.key_hash(to_json((q.after).id)::text)) = {SEVEN}
                 AND NOT EXISTS (SELECT FROM aurora_trigger.batch)
         ) + coalesce(sum(event_count), 0)
         FROM aurora_trigger.batch WHERE lane = {SEVEN}"
    );
    number(session, &count).await
}

#[tokio::test]
async fn a_call_that_statement_timeout_cuts_off_is_noted_and_the_others_count() {
    let (pipeline, session) = start().await;
    run(&session, &slow("%{\"id\":7,%", "600")).await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, repeat('n', 20000) FROM generate_series(1, 64) AS n;
         SET statement_timeout = '2s'",
    )
    .await;
    let cut_off = beside_seven(&session).await;
    let mut drains = 0;
    while drain_once(&session).await {
        drains += 1;
        assert!(drains < 100, "there is an end");
    }
    assert_eq!(beside_seven(&session).await, cut_off);
    assert_eq!(pending(&session).await, cut_off, "and nothing else waits");
    assert_eq!(sent(&pipeline, 1).len(), 64, "each was sent once");
    let noted = session
        .query_one(
            &format!(
                "SELECT f.events::bigint, f.sqlstate, f.table_name, l.failures, l.last_error,
                     l.retry_at > clock_timestamp(), l.call_bytes
                 FROM aurora_trigger.failed_call AS f, aurora_trigger.lane AS l WHERE l.lane = {SEVEN}"
            ),
            &[],
        )
        .await
        .expect("one call was cut off");
    assert_eq!(noted.get::<_, i64>(0), cut_off);
    assert_eq!(noted.get::<_, String>(1), "57014");
    assert_eq!(noted.get::<_, String>(2), "items");
    assert_eq!(noted.get::<_, i32>(3), 1);
    assert_eq!(
        noted.get::<_, String>(4),
        "canceling statement due to statement timeout"
    );
    assert!(
        noted.get::<_, bool>(5),
        "it waits, as after each failed call"
    );
    assert_eq!(
        noted.get::<_, i32>(6),
        64_000,
        "and takes less the next time"
    );

    run(&session, FAST).await;
    pipeline.drain().await;
    assert_eq!(i64::try_from(sent(&pipeline, 1).len()), Ok(cut_off));
    assert_eq!(pending(&session).await, 0);
}

/// As a call into the network waits: the timeout shows only when it has ended.
#[tokio::test]
async fn so_is_one_that_does_not_notice_it() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "INSERT INTO shop.items VALUES (1, 'a'); SET statement_timeout = '1s'",
    )
    .await;
    pipeline.endpoint().faults().fail_next(1, Fault::LoseAnswer);
    while drain_once(&session).await {}
    assert_eq!(pending(&session).await, 1);
    assert_eq!(
        number(
            &session,
            "SELECT count(*) FROM aurora_trigger.lane WHERE failures = 1 AND retry_at > clock_timestamp()"
        )
        .await,
        1
    );
    assert_eq!(
        number(&session, "SELECT count(*) FROM aurora_trigger.failed_call").await,
        1
    );
    assert_eq!(sent(&pipeline, 1), [1]);
}

#[tokio::test]
async fn the_procedure_ends_before_statement_timeout_and_keeps_what_it_has_done() {
    let (pipeline, session) = start().await;
    run(&session, "SELECT aurora_trigger.set_lanes(16)").await;
    run(&session, &slow("%", "0.45")).await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, repeat('n', 20000) FROM generate_series(1, 64) AS n;
         SET statement_timeout = '6s'",
    )
    .await;
    let mut calls = 0;
    while pending(&session).await > 0 {
        run(&session, "CALL aurora_trigger.drain_all()").await;
        calls += 1;
        assert!(calls < 20, "there is an end");
    }
    assert!(calls > 1, "all of it takes longer than one statement may");
    assert_eq!(sent(&pipeline, 1).len(), 64);
    assert_eq!(
        number(&session, "SELECT count(*) FROM aurora_trigger.failed_call").await,
        0
    );
}

/// So that Ctrl-C ends it, although it is no error.
#[tokio::test]
async fn the_procedure_ends_when_it_is_canceled_and_the_call_is_noted() {
    let (pipeline, session) = start().await;
    run(&session, &slow("%", "600")).await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, 'n' FROM generate_series(1, 64) AS n",
    )
    .await;
    let (drainer, notices) = pipeline.listening_session().await;
    let pid = number(&drainer, "SELECT pg_backend_pid()::bigint").await;
    let canceled = async {
        let in_a_call = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = {pid} AND wait_event = 'PgSleep'"
        );
        let ends = Instant::now() + Duration::from_secs(60);
        while number(&session, &in_a_call).await == 0 {
            assert!(Instant::now() < ends, "it does not come to a call");
        }
        run(&session, &format!("SELECT pg_cancel_backend({pid})")).await;
    };
    tokio::join!(run(&drainer, "CALL aurora_trigger.drain_all()"), canceled);
    let [warning] = notices.take_warnings().try_into().expect("it says so");
    assert_eq!(
        warning.message(),
        "aurora_trigger: the drain was cut off, so it has ended before all was sent"
    );
    assert_eq!(pipeline.take_calls().len(), 1);
    assert_eq!(pending(&session).await, 64);
    assert_eq!(
        number(
            &session,
            "SELECT count(*) FROM aurora_trigger.failed_call WHERE sqlstate = '57014'"
        )
        .await,
        1
    );
}

/// Who is in the path of the session that calls it must not run in it.
#[tokio::test]
async fn the_procedure_uses_nothing_of_the_sessions_path() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "CREATE SCHEMA evil;
         CREATE FUNCTION evil.trap(text, text) RETURNS boolean LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'trapped'; END $$;
         CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, PROCEDURE = evil.trap);
         CREATE OPERATOR evil.<> (LEFTARG = text, RIGHTARG = text, PROCEDURE = evil.trap);
         INSERT INTO shop.items VALUES (1, 'a');
         SET search_path = evil, pg_catalog;
         SET statement_timeout = '1h'",
    )
    .await;
    run(&session, "CALL aurora_trigger.drain_all()").await;
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
}
