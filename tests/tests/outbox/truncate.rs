//! TRUNCATE, which all lanes wait for.

use aurora_trigger_gen::ChangeEvent;

use crate::{created, drain_once, run, start, story};

const WRITES: &str = "
    INSERT INTO shop.items SELECT n, 'old' FROM generate_series(1, 20) AS n;
    TRUNCATE shop.items;
    INSERT INTO shop.items SELECT n, 'new' FROM generate_series(1, 20) AS n;
";

fn assert_in_between(story: &[(String, u64, ChangeEvent<crate::Item>)]) {
    assert_eq!(story.len(), 41);
    let place = story
        .iter()
        .position(|(_, _, event)| *event == ChangeEvent::Truncated)
        .expect("it was truncated");
    assert_eq!(place, 20);
    for (index, (_, _, event)) in story.iter().enumerate() {
        let name = if index < place { "old" } else { "new" };
        if let ChangeEvent::Created(item) = event {
            assert_eq!(*event, created(item.id, name));
        }
    }
}

#[tokio::test]
async fn a_truncate_is_sent_after_all_before_it_and_before_all_behind_it() {
    let (pipeline, session) = start().await;
    run(&session, WRITES).await;
    pipeline.drain().await;
    assert_in_between(&story(&pipeline.take_calls()));
}

#[tokio::test]
async fn so_it_is_within_one_transaction() {
    let (pipeline, session) = start().await;
    run(&session, &format!("BEGIN; {WRITES} COMMIT")).await;
    pipeline.drain().await;
    assert_in_between(&story(&pipeline.take_calls()));
}

/// The events before it that another drain has in its hands are not there yet.
#[tokio::test]
async fn a_truncate_waits_for_the_drain_that_sends_what_is_before_it() {
    let (pipeline, first) = start().await;
    let second = pipeline.session().await;
    run(
        &first,
        "INSERT INTO shop.items VALUES (1, 'old'); TRUNCATE shop.items",
    )
    .await;
    drain_once(&first).await;
    run(&first, "BEGIN").await;
    drain_once(&first).await;
    assert_eq!(story(&pipeline.take_calls()).len(), 1);
    assert!(!drain_once(&second).await);
    assert!(pipeline.take_calls().is_empty());
    run(&first, "COMMIT").await;
    pipeline.drain().await;
    assert_eq!(
        pipeline.take_events::<crate::Item>(),
        [ChangeEvent::Truncated]
    );
}
