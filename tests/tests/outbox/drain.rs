//! What a drain sends.

use relay_lambda::local::InvocationType;

use crate::{created, start};

#[tokio::test]
async fn what_is_committed_is_sent_and_then_it_is_gone() {
    let (pipeline, session) = start().await;
    session
        .batch_execute("INSERT INTO shop.items VALUES (1, 'a'), (2, 'b')")
        .await
        .expect("it is written");
    assert!(pipeline.take_calls().is_empty());
    pipeline.drain().await;
    let calls = pipeline.take_calls();
    assert!(
        calls
            .iter()
            .all(|call| call.invocation_type == InvocationType::RequestResponse)
    );
    let mut events = pipeline_tests::events_in::<crate::Item>(&calls);
    events.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(events, [created(1, "a"), created(2, "b")]);
    pipeline.drain().await;
    assert!(pipeline.take_calls().is_empty());
}
