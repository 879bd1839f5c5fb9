//! What the reference app's consumer makes of a batch of the stream: each change once, and per row in order.

use std::fmt::Display;

use aurora_trigger_gen::Deduplicator;
use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use serde_json::json;
use storefront::Storefront;

/// Gives each change that is new to `take`, in the order of the batch, up to the first record that can't be read or whose
/// change `take` refuses. Lambda is told that one, and hands it out again with all behind it.
pub async fn handle<E: Display>(
    changes: &mut Deduplicator<Storefront>,
    batch: &KinesisEvent,
    mut take: impl AsyncFnMut(Storefront) -> Result<(), E>,
) -> KinesisEventResponse {
    let mut response = KinesisEventResponse::default();
    for record in batch.records.iter().map(|record| &record.kinesis) {
        if let Err(error) = changes.process(&record.data, &mut take).await {
            let line = json!({"level": "ERROR", "message": error.to_string()});
            println!("{line}");
            response.add_failure(&record.sequence_number);
            break;
        }
    }
    response
}
