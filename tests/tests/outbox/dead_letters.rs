//! Events that the relay refuses.

use pipeline_tests::error_of;

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
