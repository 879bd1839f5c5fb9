//! What a restore, a clone or a promotion leaves.

use aurora_trigger_gen::wire::Record;
use pipeline_tests::Only;
use relay_lambda::relay;

use crate::{Item, created, number, run, start};

/// Its transactions are those of another server, which this one has not come to yet.
#[tokio::test]
async fn events_of_a_restored_dump_are_sent() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "INSERT INTO shop.items VALUES (1, 'a'); UPDATE aurora_trigger.outbox SET tx_id = tx_id + 1000000000",
    )
    .await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Item>(), [created(1, "a")]);
}

#[tokio::test]
async fn a_new_epoch_is_that_of_all_that_is_sent_from_then_on() {
    let (pipeline, session) = start().await;
    run(
        &session,
        "INSERT INTO shop.items VALUES (1, 'a');
         UPDATE aurora_trigger.lane
         SET durable = '9000000000:9000000000:', retry_at = clock_timestamp() + interval '30 seconds'",
    )
    .await;
    let epoch = number(&session, "SELECT aurora_trigger.new_epoch()").await;
    pipeline.drain().await;
    let [call] = pipeline.take_calls().try_into().expect("it is one event");
    let relayed = relay::<Only<Item>>(call.payload.as_bytes(), 0).expect("it is a payload");
    let record = Record::parse(&relayed.records[0].data).expect("it was relayed");
    assert_eq!(record.source.sequence.epoch, epoch);
}
