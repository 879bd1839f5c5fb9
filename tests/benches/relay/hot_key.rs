//! Thousands of changes of one key in one call.

use std::time::{Duration, Instant};

use relay_lambda::local::Kinesis;
use relay_lambda::{Configuration, Relay};

use crate::binary::{ENVIRONMENT, STREAM};
use crate::event::{Stream, inserts};

const TIME: Duration = Duration::from_secs(300);

/// How long a call takes, and how many requests it makes.
#[derive(Debug)]
pub(crate) struct HotKey {
    /// What `RELAY_AGGREGATION` says.
    aggregation: &'static str,
    changes: usize,
    milliseconds: f64,
    requests: usize,
}

pub(crate) fn measure(changes: usize) -> Vec<HotKey> {
    eprintln!("hot key …");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system gives one");
    ["off", "hot-keys"]
        .map(|aggregation| runtime.block_on(call(aggregation, changes)))
        .into()
}

async fn call(aggregation: &'static str, changes: usize) -> HotKey {
    let kinesis = Kinesis::start().expect("a port is free");
    kinesis.create_stream(STREAM, 2).expect("it is new");
    let configuration = Configuration::from_variables(|name| match name {
        "RELAY_AGGREGATION" => Some(aggregation.to_owned()),
        "AWS_ENDPOINT_URL_KINESIS" => Some(kinesis.endpoint_url()),
        name => ENVIRONMENT
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_owned()),
    })
    .expect("it is complete");
    let relay = Relay::<Stream>::new(&configuration).expect("the samples are read");
    let image = crate::event::images(1).remove(0);
    let payload = inserts(&vec![image; changes], "Event");
    let start = Instant::now();
    let handled = relay
        .handle(payload.as_bytes(), tokio::time::Instant::now() + TIME)
        .await;
    let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
    handled.answer.expect("all of it is delivered");
    HotKey {
        aggregation,
        changes,
        milliseconds,
        requests: kinesis.requests().requests,
    }
}

pub(crate) fn print(calls: &[HotKey]) {
    for call in calls {
        println!(
            "{} changes of one key, RELAY_AGGREGATION={}: {:.0} ms, {} requests",
            call.changes, call.aggregation, call.milliseconds, call.requests
        );
    }
}
