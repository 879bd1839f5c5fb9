//! A Lambda function that handles several batches at a time in one process.

use std::sync::Arc;

use aurora_trigger_gen::{BatchChanges, Deduplicator};
use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use lambda_runtime::{Error, LambdaEvent, run_concurrent, service_fn};
use storefront::Storefront;
use tokio::sync::Mutex;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let deduplicator = Arc::new(Mutex::new(Deduplicator::new(100_000)));
    run_concurrent(service_fn(move |event| {
        handle(Arc::clone(&deduplicator), event)
    }))
    .await
}

async fn handle(
    deduplicator: Arc<Mutex<Deduplicator<Storefront>>>,
    event: LambdaEvent<KinesisEvent>,
) -> Result<KinesisEventResponse, Error> {
    let mut deduplicator = deduplicator.lock().await;
    let mut changes = deduplicator.batch(&event.payload);
    if let Err(error) = store(&mut changes).await {
        eprintln!("{error}");
    }
    Ok(changes.response())
}

async fn store(changes: &mut BatchChanges<'_, Storefront>) -> Result<(), Error> {
    while let Some(change) = changes.next()? {
        tokio::task::yield_now().await; // store it
        println!("{change:?}");
    }
    Ok(())
}
