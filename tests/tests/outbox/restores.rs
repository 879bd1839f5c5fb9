//! What a restore, a clone or a promotion leaves.

use aurora_trigger_gen::wire::Record;
use pipeline_tests::Only;
use relay_lambda::relay;

use crate::{Item, created, drain_once, number, run, start};

/// Its transactions are those of another server, which this one has not come to yet.
#[tokio::test]
async fn events_of_a_restored_dump_are_sent() {
    let (pipeline, session) = start().await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'sent')").await;
    pipeline.drain().await;
    drop(pipeline.take_calls());
    run(&session, "INSERT INTO shop.items VALUES (2, 'waits')").await;
    // As a restore writes it.
    run(
        &session,
        "UPDATE aurora_trigger.queue SET tx_id = tx_id + 1000000000;
         UPDATE aurora_trigger.collector SET done = concat(
             txid_snapshot_xmin(done) + 1000000000, ':', txid_snapshot_xmax(done) + 1000000000, ':'
         )::txid_snapshot",
    )
    .await;
    run(&session, "INSERT INTO shop.items VALUES (3, 'new')").await;
    pipeline.drain().await;
    let mut events = pipeline.take_events::<Item>();
    events.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(events, [created(2, "waits"), created(3, "new")]);
}

#[tokio::test]
async fn a_new_epoch_is_that_of_all_that_is_sent_from_then_on() {
    let (pipeline, session) = start().await;
    run(&session, "INSERT INTO shop.items VALUES (1, 'a')").await;
    // One is in a batch already, and one is not.
    drain_once(&session).await;
    run(
        &session,
        "UPDATE shop.items SET name = 'b';
         UPDATE aurora_trigger.lane SET retry_at = clock_timestamp() + interval '30 seconds'",
    )
    .await;
    let epoch = number(&session, "SELECT aurora_trigger.new_epoch()").await;
    pipeline.drain().await;
    let calls = pipeline.take_calls();
    assert_eq!(calls.len(), 2);
    for call in calls {
        let relayed = relay::<Only<Item>>(call.payload.as_bytes(), 0).expect("it is a payload");
        let record = Record::parse(&relayed.records[0].data).expect("it was relayed");
        assert_eq!(record.source.sequence.epoch, epoch);
    }
}
