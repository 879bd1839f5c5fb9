//! The reference app's consumer: prints what has changed.

use std::convert::Infallible;

use aurora_trigger_gen::Deduplicator;
use aws_lambda_events::event::kinesis::KinesisEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::json;
use storefront::Storefront;
use storefront_consumer::handle;
use tokio::runtime::Builder;
use tokio::sync::Mutex;

fn main() -> Result<(), Error> {
    // Lambda gives a process one batch at a time, so nobody waits for the lock.
    let changes = Mutex::new(Deduplicator::new(100_000));
    let function = service_fn(async |event: LambdaEvent<KinesisEvent>| {
        let mut changes = changes.lock().await;
        Ok::<_, Error>(handle(&mut changes, &event.payload, take).await)
    });
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(lambda_runtime::run(function))
}

/// Here an app does what it reads the stream for. A table that is new in the stream does not compile until it is here.
async fn take(change: Storefront) -> Result<(), Infallible> {
    let (what, source) = match change {
        Storefront::Customer(change) => ("a customer", change.source),
        Storefront::Order(change) => ("an order", change.source),
        Storefront::OrderItem(change) => ("a line of an order", change.source),
        Storefront::Person(change) => ("a person", change.source),
    };
    let line = json!({"level": "INFO", "message": format!("{what} has changed"), "id": source.id});
    println!("{line}");
    Ok(())
}
