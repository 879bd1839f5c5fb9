//! Events that the relay refuses.

use pipeline_tests::{Pipeline, error_of};
use relay_lambda::local::Fault;

use crate::{Item, collected, created, drain_once, number, pending, refusal, run, start};

#[tokio::test]
async fn what_is_refused_is_kept_with_its_reason_until_it_is_sent_again_or_deleted() {
    let (pipeline, session) = start().await;
    run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'a'), (2, 'b')").await;
    drain_once(&session).await;
    let [refused] = collected(&session, "\"id\":1")
        .await
        .try_into()
        .expect("it is one event");
    pipeline.answer(&format!(
        r#"{{"accepted":1,"refused":[{{"seq":{refused},"reason":"after.name: not today"}}]}}"#
    ));
    drain_once(&session).await;
    let first = pipeline.take_calls();
    assert_eq!(pending(&session).await, 0);
    let letter = session
        .query_one(
            "SELECT reason, kept_at <= clock_timestamp(), id FROM aurora_trigger.dead_letter",
            &[],
        )
        .await
        .expect("there is one");
    assert_eq!(letter.get::<_, String>(0), "after.name: not today");
    assert!(letter.get::<_, bool>(1));
    assert_eq!(
        number(&session, "SELECT dead_letters FROM aurora_trigger.status").await,
        1
    );
    assert_eq!(
        number(&session, "SELECT refused FROM aurora_trigger.status").await,
        1
    );

    let redrive = format!(
        "SELECT aurora_trigger.redrive(dead_letter => {})",
        letter.get::<_, i64>(2)
    );
    assert_eq!(number(&session, &redrive).await, 1);
    assert_eq!(number(&session, &redrive).await, 0);
    pipeline.answer(r#"{"accepted":1,"refused":[]}"#);
    pipeline.drain().await;
    let again = pipeline.take_calls();
    assert_eq!(pipeline_tests::events_in::<Item>(&again), [created(1, "a")]);
    let before = crate::story(&first);
    assert_eq!(
        before[0],
        crate::story(&again)[0],
        "it keeps its id and its place"
    );
}

#[tokio::test]
async fn dead_letters_are_deleted_by_table_by_number_or_all_when_that_is_said() {
    let (pipeline, session) = start().await;
    run(&session, "SELECT aurora_trigger.set_lanes(1)").await;
    for round in 0..3 {
        run(
            &session,
            "INSERT INTO shop.items VALUES (1, 'a'), (2, 'b'); DELETE FROM shop.items",
        )
        .await;
        drain_once(&session).await;
        pipeline.answer(&refusal(&collected(&session, "").await, "no"));
        drain_once(&session).await;
        assert_eq!(
            number(&session, "SELECT count(*) FROM aurora_trigger.dead_letter").await,
            4
        );
        let error = error_of(&session, "SELECT aurora_trigger.purge()").await;
        assert_eq!(
            error.message(),
            "aurora_trigger: which dead letters are to be deleted?"
        );
        let (purge, deleted) = [
            ("SELECT aurora_trigger.purge('shop.items')", 4),
            ("SELECT aurora_trigger.purge(everything => true)", 4),
            (
                "SELECT aurora_trigger.purge(dead_letter => (SELECT max(id) FROM aurora_trigger.dead_letter))",
                1,
            ),
        ][round];
        assert_eq!(number(&session, purge).await, deleted);
    }
    assert_eq!(
        number(&session, "SELECT count(*) FROM aurora_trigger.dead_letter").await,
        3
    );
}

/// The relay makes a metric of it.
#[tokio::test]
async fn each_call_of_a_drain_says_how_many_dead_letters_there_are() {
    let (pipeline, session) = start().await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
    drain_once(&session).await;
    pipeline.answer(&refusal(&collected(&session, "").await, "no"));
    drain_once(&session).await;
    run(&session, "INSERT INTO shop.items VALUES (2, 'b')").await;
    pipeline.drain().await;
    assert_eq!(told(&pipeline), [(1, Some(0)), (1, Some(1))]);
    run(
        &session,
        "INSERT INTO aurora_trigger.dead_letter (
             reason, schema_name, table_name, fingerprint, epoch, tx_id, ts_us, capture, event
         )
         SELECT '', 'shop', 'items', '', 1, 1, 1, '', '{}' FROM generate_series(1, 2000);
         INSERT INTO shop.items VALUES (3, 'c')",
    )
    .await;
    pipeline.drain().await;
    assert_eq!(told(&pipeline), [(1, Some(1000))]);
}

#[tokio::test]
async fn where_nothing_is_to_be_sent_a_call_tells_of_dead_letters_once_a_minute() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "ALTER TABLE shop.items DROP COLUMN name; INSERT INTO shop.items VALUES (1)",
    )
    .await;
    pipeline.drain().await;
    pipeline.drain().await;
    assert_eq!(told(&pipeline), [(0, Some(1))]);
    let later = "UPDATE aurora_trigger.lane SET tried_at = tried_at - interval '61 seconds'";
    run(&session, later).await;
    pipeline.endpoint().faults().fail_next(1, Fault::Throttle);
    pipeline.drain().await;
    pipeline.drain().await;
    let failed = "SELECT count(*) FROM aurora_trigger.failed_call WHERE caller = 'drain'";
    assert_eq!(number(&session, failed).await, 1);
    run(&session, later).await;
    pipeline.drain().await;
    assert_eq!(told(&pipeline), [(0, Some(1))]);
    run(
        &session,
        &format!("{later}; SELECT aurora_trigger.purge(everything => true)"),
    )
    .await;
    pipeline.drain().await;
    assert_eq!(told(&pipeline), [(0, None); 0]);
}

/// Of each call since the last time its events, and how many dead letters it tells of.
fn told(pipeline: &Pipeline) -> Vec<(usize, Option<u64>)> {
    pipeline
        .take_calls()
        .iter()
        .map(|call| {
            let payload = call.payload();
            let events = payload.batches.iter().map(|batch| batch.events.len());
            (events.sum(), payload.dead_letters)
        })
        .collect()
}
