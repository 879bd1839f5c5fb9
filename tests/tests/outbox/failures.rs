//! Calls that fail: nothing is lost, nobody's write fails, and it is tried again later.

use relay_lambda::local::Fault;

use crate::{Item, collected, created, drain_once, number, pending, run, start, story};

/// As if the pause of a lane was over.
const LATER: &str = "UPDATE aurora_trigger.lane SET retry_at = NULL";

#[tokio::test]
async fn a_failed_call_leaves_the_events_and_is_noted_and_pauses_the_lane() {
    let (pipeline, session) = start().await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
    pipeline.endpoint().faults().fail_all(Fault::Throttle);
    pipeline.drain().await;
    assert_eq!(pending(&session).await, 1);
    let row = session
        .query_one(
            "SELECT s.pending, s.failed_calls, s.last_error, l.failures, l.last_error,
                l.retry_at - clock_timestamp() BETWEEN interval '2 s' AND interval '3 s'
             FROM aurora_trigger.status AS s, aurora_trigger.lane_status AS l WHERE l.failures > 0",
            &[],
        )
        .await
        .expect("one lane has failed");
    assert_eq!(
        (
            row.get::<_, i64>(0),
            row.get::<_, i64>(1),
            row.get::<_, i32>(3)
        ),
        (1, 1, 1)
    );
    assert_eq!(row.get::<_, String>(2), row.get::<_, String>(4));
    assert!(
        row.get::<_, String>(2).contains("invoke API failed"),
        "{}",
        row.get::<_, String>(2)
    );
    assert!(
        row.get::<_, bool>(5),
        "a call that got no answer may still be at work"
    );
    let kept = session
        .query_one(
            "SELECT caller, sqlstate, detail FROM aurora_trigger.failed_call",
            &[],
        )
        .await
        .expect("it was one call");
    assert_eq!(kept.get::<_, String>(0), "drain");
    assert!(!kept.get::<_, String>(1).is_empty() && !kept.get::<_, String>(2).is_empty());

    // As long as it pauses, nothing is called, though the relay is back.
    pipeline.endpoint().faults().clear();
    assert!(!drain_once(&session).await);
    assert!(pipeline.take_calls().is_empty());
    run(&session, LATER).await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
    assert_eq!(
        number(
            &session,
            "SELECT max(failures)::bigint FROM aurora_trigger.lane"
        )
        .await,
        0
    );
}

#[tokio::test]
async fn each_pause_is_twice_as_long_up_to_a_minute() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "SELECT aurora_trigger.set_lanes(1); INSERT INTO shop.items VALUES (1, 'a')",
    )
    .await;
    pipeline.endpoint().faults().fail_all(Fault::Throttle);
    let pause = "SELECT round(extract(epoch FROM retry_at - tried_at))::bigint
        FROM aurora_trigger.lane WHERE lane = 0";
    for seconds in [3, 6, 12, 24, 48, 60, 60] {
        pipeline.drain().await;
        assert_eq!(number(&session, pause).await, seconds);
        run(&session, LATER).await;
    }
}

/// A clock that was set back does not make it wait for the old time.
#[tokio::test]
async fn a_pause_that_ends_far_in_the_future_is_none() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "INSERT INTO shop.items VALUES (1, 'a');
         UPDATE aurora_trigger.lane SET retry_at = clock_timestamp() + interval '1 hour'",
    )
    .await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
}

/// Less and less is tried, so that what a call can do is found.
#[tokio::test]
async fn after_a_failed_call_the_next_one_is_half_as_big() {
    let (pipeline, session) = start().await;
    run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, repeat('x', 10000) FROM generate_series(1, 300) AS n",
    )
    .await;
    drain_once(&session).await;
    let faults = pipeline.endpoint().faults();
    faults.fail_next(2, Fault::Throttle);
    for _ in 0..2 {
        drain_once(&session).await;
        run(&session, LATER).await;
    }
    drain_once(&session).await;
    let [call] = pipeline
        .take_calls()
        .try_into()
        .expect("one reached the relay");
    assert!(
        (500_000..800_000).contains(&call.payload.len()),
        "{}",
        call.payload.len()
    );
    pipeline.drain().await;
    let calls = pipeline.take_calls();
    assert_eq!(story(&[call]).len() + story(&calls).len(), 300);
    assert!(
        calls.len() < 4,
        "and then it doubles again: {}",
        calls.len()
    );
}

/// Whoever answers so is not the relay.
#[tokio::test]
async fn an_answer_that_does_not_account_for_the_events_deletes_none() {
    let (pipeline, session) = start().await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
    for answer in [
        "null",
        "{}",
        r#""ok""#,
        r#"{"accepted":2,"refused":[]}"#,
        r#"{"accepted":0,"refused":[]}"#,
        r#"{"accepted":1}"#,
        r#"{"accepted":0,"refused":[{"seq":999999,"reason":"of another"}]}"#,
        r#"{"accepted":0,"refused":[],"open":[999999],"reason":"of another"}"#,
        r#"{"accepted":"many","refused":[]}"#,
    ] {
        pipeline.answer(answer);
        pipeline.drain().await;
        assert_eq!(pending(&session).await, 1, "{answer}");
        assert_eq!(
            number(
                &session,
                "SELECT count(*) FROM aurora_trigger.lane WHERE retry_at IS NOT NULL"
            )
            .await,
            1,
            "{answer}"
        );
        run(&session, LATER).await;
    }
    assert_eq!(
        number(&session, "SELECT count(*) FROM aurora_trigger.dead_letter").await,
        0
    );
}

/// The relay says what is in the stream when its time is over: the rest is sent again, and only that.
#[tokio::test]
async fn what_an_answer_leaves_open_is_sent_again() {
    let (pipeline, session) = start().await;
    run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
    run(
        &session,
        "INSERT INTO shop.items VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    )
    .await;
    drain_once(&session).await;
    let [open] = collected(&session, "\"id\":2")
        .await
        .try_into()
        .expect("it is one event");
    pipeline.answer(&format!(
        r#"{{"accepted":2,"refused":[],"open":[{open}],"reason":"throttled"}}"#
    ));
    assert!(!drain_once(&session).await, "the lane pauses");
    assert_eq!(pipeline.take_calls().len(), 1);
    assert_eq!(pending(&session).await, 1);
    run(&session, LATER).await;
    pipeline.answer(r#"{"accepted":1,"refused":[]}"#);
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(2, "b")]);
}

#[tokio::test]
async fn a_paused_table_keeps_its_events_until_it_is_resumed() {
    let (pipeline, session) = start().await;
    assert_eq!(
        number(&session, "SELECT aurora_trigger.pause('shop.items')").await,
        1
    );
    run(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
    pipeline.drain().await;
    assert!(pipeline.take_calls().is_empty());
    assert_eq!(
        number(
            &session,
            "SELECT pending FROM aurora_trigger.status WHERE paused"
        )
        .await,
        1
    );
    assert_eq!(number(&session, "SELECT aurora_trigger.resume()").await, 1);
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
}
