//! `delivery = "commit"`: a transaction's events leave when it commits.

use aurora_trigger_gen::StreamTrigger;
use pipeline_tests::{Only, Pipeline};
use relay_lambda::local::{Fault, InvocationType};
use serde::Deserialize;
use tokio_postgres::Client;

use crate::{number, pending, run, start_with};

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.items", delivery = "commit")]
struct CommitItem {
    #[stream(key)]
    id: i32,
    name: String,
}

async fn start() -> (Pipeline, Client) {
    start_with::<Only<CommitItem>>().await
}

fn ids(pipeline: &Pipeline) -> Vec<i32> {
    pipeline
        .take_events::<CommitItem>()
        .iter()
        .filter_map(|event| match event {
            aurora_trigger_gen::ChangeEvent::Created(item) => Some(item.id),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_transaction_makes_one_call_when_it_commits() {
    let (pipeline, session) = start().await;
    run(&session, "BEGIN").await;
    for id in 1..=20 {
        run(
            &session,
            &format!("INSERT INTO shop.items VALUES ({id}, 'a')"),
        )
        .await;
    }
    assert!(pipeline.take_calls().is_empty());
    run(&session, "COMMIT").await;
    let calls = pipeline.take_calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].invocation_type, InvocationType::Event);
    assert_eq!(pipeline_tests::events_in::<CommitItem>(&calls).len(), 20);
    assert_eq!(pending(&session).await, 0);
    assert_eq!(
        number(&session, "SELECT count(*) FROM aurora_trigger.at_commit").await,
        0
    );
    run(&session, "INSERT INTO shop.items VALUES (21, 'alone')").await;
    assert_eq!(ids(&pipeline), [21]);
}

#[tokio::test]
async fn what_is_rolled_back_goes_nowhere() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "BEGIN;
         SAVEPOINT first;
         INSERT INTO shop.items VALUES (1, 'gone');
         ROLLBACK TO first;
         INSERT INTO shop.items VALUES (2, 'kept');
         SAVEPOINT second;
         INSERT INTO shop.items VALUES (3, 'gone');
         ROLLBACK TO second;
         COMMIT;
         BEGIN; INSERT INTO shop.items VALUES (4, 'gone'); ROLLBACK;
         BEGIN; SAVEPOINT s; INSERT INTO shop.items VALUES (5, 'gone'); ROLLBACK TO s; COMMIT;",
    )
    .await;
    assert_eq!(ids(&pipeline), [2]);
    pipeline.drain().await;
    assert_eq!(ids(&pipeline), [0; 0]);
    assert_eq!(
        number(&session, "SELECT count(*) FROM aurora_trigger.at_commit").await,
        0
    );
}

/// Deferred triggers of the application may write more: theirs goes in the same call.
#[tokio::test]
async fn it_is_sent_after_the_deferred_triggers_of_others() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "CREATE FUNCTION shop.more() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF NEW.id < 100 THEN INSERT INTO shop.items VALUES (NEW.id + 100, 'more'); END IF;
             RETURN NULL;
         END $$;
         CREATE CONSTRAINT TRIGGER zzz AFTER INSERT ON shop.items DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION shop.more();
         -- Its turn comes after ours, since it is written to later.
         CREATE TABLE shop.late (id integer);
         CREATE CONSTRAINT TRIGGER zzz AFTER INSERT ON shop.late DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION shop.more();",
    )
    .await;
    run(
        &session,
        "BEGIN; INSERT INTO shop.items VALUES (1, 'a'), (2, 'b'); INSERT INTO shop.late VALUES (3); COMMIT",
    )
    .await;
    let calls = pipeline.take_calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(pipeline_tests::events_in::<CommitItem>(&calls).len(), 5);
}

#[tokio::test]
async fn a_failed_call_leaves_the_events_to_the_drain_and_the_commit_goes_on() {
    let (pipeline, session) = start().await;
    pipeline.endpoint().faults().fail_all(Fault::Throttle);
    run(&session, "INSERT INTO shop.items VALUES (1, 'a'), (2, 'b')").await;
    assert_eq!(pending(&session).await, 2);
    assert_eq!(
        number(
            &session,
            "SELECT events::bigint FROM aurora_trigger.failed_call WHERE caller = 'commit'"
        )
        .await,
        2
    );
    pipeline.endpoint().faults().clear();
    // Nobody else's commit takes them along.
    run(&session, "INSERT INTO shop.items VALUES (3, 'c')").await;
    assert_eq!(ids(&pipeline), [3]);
    pipeline.drain().await;
    let mut drained = ids(&pipeline);
    drained.sort_unstable();
    assert_eq!(drained, [1, 2]);
}

/// A commit makes four calls at most.
#[tokio::test]
async fn what_is_over_the_cap_of_calls_is_left_to_the_drain() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "INSERT INTO shop.items SELECT n, repeat('x', 10000) FROM generate_series(1, 500) AS n",
    )
    .await;
    let calls = pipeline.take_calls();
    assert_eq!(calls.len(), 4);
    assert!(
        calls
            .iter()
            .all(|call| (950_000..1_000_000).contains(&call.payload.len()))
    );
    let sent = pipeline_tests::events_in::<CommitItem>(&calls).len();
    assert_eq!(
        pending(&session).await,
        500 - i64::try_from(sent).expect("it is small")
    );
    pipeline.drain().await;
    assert_eq!(ids(&pipeline).len(), 500 - sent);
}

/// An event that an asynchronous call does not take goes by the drain, whose calls take six times as much.
#[tokio::test]
async fn a_big_event_goes_by_the_drain_and_whole() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "INSERT INTO shop.items VALUES (1, 'a'), (2, repeat('x', 2000000)), (3, 'c')",
    )
    .await;
    assert_eq!(ids(&pipeline), [1, 3]);
    pipeline.drain().await;
    let [call] = pipeline.take_calls().try_into().expect("it is one event");
    assert!(call.payload.len() > 2_000_000);
}

#[tokio::test]
async fn transactions_of_every_isolation_level_commit_side_by_side() {
    for level in ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] {
        let (pipeline, _session) = start().await;
        let mut sessions = Vec::new();
        for _ in 0..8 {
            sessions.push(pipeline.session().await);
        }
        let work = sessions
            .iter()
            .enumerate()
            .map(|(number, session)| async move {
                for round in 0..25 {
                    let id = number * 1000 + round;
                    run(
                        session,
                        &format!(
                            "BEGIN ISOLATION LEVEL {level};
                         INSERT INTO shop.items VALUES ({id}, 'a');
                         INSERT INTO shop.items VALUES ({id} + 100, 'b');
                         COMMIT"
                        ),
                    )
                    .await;
                }
            });
        futures::future::join_all(work).await;
        assert_eq!(
            pipeline.take_events::<CommitItem>().len(),
            8 * 25 * 2,
            "{level}"
        );
    }
}

#[tokio::test]
async fn a_prepared_transaction_is_sent_when_it_is_prepared() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "BEGIN; INSERT INTO shop.items VALUES (1, 'a'); PREPARE TRANSACTION 'p'",
    )
    .await;
    assert_eq!(ids(&pipeline), [1]);
    run(&session, "ROLLBACK PREPARED 'p'").await;
}

#[tokio::test]
async fn immediate_constraints_make_it_send_in_the_statement() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "BEGIN; INSERT INTO shop.items VALUES (1, 'a'); SET CONSTRAINTS ALL IMMEDIATE",
    )
    .await;
    assert_eq!(ids(&pipeline), [1]);
    run(&session, "INSERT INTO shop.items VALUES (2, 'b')").await;
    assert_eq!(ids(&pipeline), [2]);
    run(&session, "COMMIT").await;
    assert!(pipeline.take_calls().is_empty());
    assert_eq!(pending(&session).await, 0);
}

/// `statement_timeout` does not bound a COMMIT: what does is the time-out of the call.
#[tokio::test]
async fn a_commit_ends_with_the_time_out_of_its_call_whatever_a_statement_may_take() {
    let (pipeline, session) = start().await;
    pipeline.endpoint().faults().fail_next(1, Fault::TimeOut);
    run(
        &session,
        "SET statement_timeout = '500ms'; BEGIN; INSERT INTO shop.items VALUES (1, 'a')",
    )
    .await;
    run(&session, "COMMIT").await;
    assert_eq!(pending(&session).await, 1);
    assert_eq!(number(&session, "SELECT count(*) FROM shop.items").await, 1);
}
