//! The reference app's consumer: prints what has changed.

use std::convert::Infallible;
use std::future::ready;

use aurora_trigger_gen::Source;
use aws_lambda_events::event::kinesis::KinesisEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::json;
use storefront::Storefront;
use storefront_consumer::Consumer;
use tokio::runtime::Builder;

fn main() -> Result<(), Error> {
    let mut consumer = Consumer::default();
    let function = service_fn(move |event: LambdaEvent<KinesisEvent>| {
        let handled = consumer.handle(&event.payload, take);
        if let Some(failure) = handled.failure {
            println!("{}", json!({"level": "ERROR", "message": failure}));
        }
        ready(Ok::<_, Error>(handled.response))
    });
    Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(lambda_runtime::run(function))
}

/// Here an app does what it reads the stream for. A table that is new in the stream does not compile until it is here.
fn take(change: Storefront) -> Result<(), Infallible> {
    match change {
        Storefront::Customer(change) => print("a customer", &change.source),
        Storefront::Order(change) => print("an order", &change.source),
        Storefront::OrderItem(change) => print("a line of an order", &change.source),
        Storefront::Person(change) => print("a person", &change.source),
    }
    Ok(())
}

fn print(what: &str, source: &Source) {
    let message = format!("{what} has changed");
    println!(
        "{}",
        json!({"level": "INFO", "message": message, "id": source.id})
    );
}
