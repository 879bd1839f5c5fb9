//! The reference app's consumer: a Lambda function that prints each change.

use aurora_trigger_gen::{BatchChanges, ConsumeError, Deduplicator};
use aws_lambda_events::event::kinesis::KinesisEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::json;
use storefront::Storefront;
use tokio::sync::Mutex;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // Lambda gives a process one batch at a time, so no call waits for the lock.
    let deduplicator = Mutex::new(Deduplicator::new(100_000));
    let function = service_fn(async |event: LambdaEvent<KinesisEvent>| {
        let mut deduplicator = deduplicator.lock().await;
        let mut changes = deduplicator.batch(&event.payload);
        if let Err(error) = print(&mut changes) {
            let line = json!({"level": "ERROR", "message": error.to_string()});
            println!("{line}");
        }
        Ok::<_, Error>(changes.response())
    });
    lambda_runtime::run(function).await
}

/// A table that is new in the stream is a compile error here.
fn print(changes: &mut BatchChanges<'_, Storefront>) -> Result<(), ConsumeError> {
    while let Some(change) = changes.next()? {
        let (what, id) = match change {
            Storefront::Customer(change) => ("a customer has changed", change.source.id),
            Storefront::Order(change) => ("an order has changed", change.source.id),
            Storefront::OrderItem(change) => ("a line of an order has changed", change.source.id),
            Storefront::Person(change) => ("a person has changed", change.source.id),
        };
        println!("{}", json!({"level": "INFO", "message": what, "id": id}));
    }
    Ok(())
}
