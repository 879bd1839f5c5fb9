//! A relay with a Kinesis to write to, and what a call of it ends with.

use std::collections::BTreeSet;
use std::time::Duration;

use relay_lambda::local::Kinesis;
use relay_lambda::{CallError, Configuration, Handled, Relay};
use serde_json::Value;
use tokio::time::Instant;

use crate::shop::Shop;

pub(crate) const STREAM: &str = "events";
pub(crate) const REJECTS: &str = "rejects";
/// Much more than any call here takes that is not to meet its deadline.
pub(crate) const LONG: Duration = Duration::from_secs(300);

/// A relay, and the Kinesis that it writes to.
pub(crate) fn with_shards(shards: usize, variables: &[(&str, &str)]) -> (Kinesis, Relay<Shop>) {
    let kinesis = Kinesis::start().expect("a port is free");
    kinesis
        .create_stream(STREAM, shards)
        .expect("the stream is new");
    kinesis
        .create_stream(REJECTS, 1)
        .expect("the stream is new");
    let relay = relay_at(&kinesis.endpoint_url(), variables);
    (kinesis, relay)
}

pub(crate) fn relay_at(endpoint_url: &str, variables: &[(&str, &str)]) -> Relay<Shop> {
    Relay::new(&configuration(endpoint_url, variables)).expect("the samples are decoded")
}

pub(crate) fn configuration(endpoint_url: &str, variables: &[(&str, &str)]) -> Configuration {
    let configuration = Configuration::from_variables(|name| {
        let set = variables.iter().find(|(variable, _)| *variable == name);
        let value = match (set, name) {
            (Some((_, value)), _) => *value,
            (None, "RELAY_STREAM") => STREAM,
            (None, "AWS_REGION") => "eu-west-1",
            (None, "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY") => "any",
            (None, "AWS_ENDPOINT_URL_KINESIS") => endpoint_url,
            _ => return None,
        };
        Some(value.to_owned())
    });
    configuration.expect("nothing is missing")
}

pub(crate) async fn handle(relay: &Relay<Shop>, payload: &str, time: Duration) -> Handled {
    relay
        .handle(payload.as_bytes(), Instant::now() + time)
        .await
}

pub(crate) async fn answer(relay: &Relay<Shop>, payload: &str) -> Value {
    let answer = handle(relay, payload, LONG).await.answer;
    let answer = answer.expect("the call succeeds");
    serde_json::from_str(&answer).expect("an answer is JSON")
}

pub(crate) async fn failure(relay: &Relay<Shop>, payload: &str, time: Duration) -> CallError {
    let answer = handle(relay, payload, time).await.answer;
    answer.expect_err("the call fails")
}

pub(crate) fn undelivered(error: CallError) -> (BTreeSet<u64>, usize, String) {
    match error {
        CallError::Undelivered {
            accepted,
            open,
            reason,
        } => (accepted.into_iter().collect(), open, reason),
        other => panic!("{other:?}"),
    }
}
