//! Makes the recordings of this version: a real PostgreSQL writes the payloads, the relay the records.

use std::fs;
use std::path::Path;

use aurora_trigger_gen::wire::split;
use pipeline_tests::Pipeline;
use relay_lambda::local::Kinesis;
use relay_lambda::{Configuration, Relay};
use tokio::time::{Duration, Instant};

use crate::wire::recorded;
use crate::wire::stories::{self, Story};
use crate::wire::table::{SCHEMA, Wire};

const STREAM: &str = "records";
const AGGREGATED_STREAM: &str = "aggregated";
const REJECT_STREAM: &str = "rejects";

#[tokio::test]
#[ignore = "it writes what the other tests read: once for each version"]
async fn record_this_version() {
    let version = recorded::folder().join(recorded::this_version());
    assert!(
        !version.exists(),
        "recordings stay as they are: delete {} first, if nobody has that version",
        version.display()
    );
    let pipeline = Pipeline::start().await;
    pipeline.run(SCHEMA).await;
    pipeline.install::<Wire>().await;
    pipeline.run("SELECT aurora_trigger.set_lanes(1)").await;
    for story in stories::all() {
        pipeline.run(story.sql).await;
        pipeline.drain().await;
        let payloads: Vec<String> = pipeline
            .take_calls()
            .into_iter()
            .map(|call| call.payload)
            .collect();
        record(&version.join(story.name), &payloads, &story).await;
    }
}

async fn record(folder: &Path, payloads: &[String], story: &Story) {
    fs::create_dir_all(folder).expect("the folder can be made");
    let write = |name: &str, number: usize, ending: &str, data: &[u8]| {
        let name = format!("{name}-{number}.{ending}");
        fs::write(folder.join(name), data).expect("the folder can be written to");
    };
    let kinesis = Kinesis::start().expect("a port is free");
    for stream in [STREAM, AGGREGATED_STREAM, REJECT_STREAM] {
        kinesis.create_stream(stream, 1).expect("the stream is new");
    }
    let plain = relay(&kinesis, STREAM, "off");
    let aggregating = relay(&kinesis, AGGREGATED_STREAM, "hot-keys");
    for (payload, number) in payloads.iter().zip(1..) {
        write("payload", number, "json", payload.as_bytes());
        let deadline = Instant::now() + Duration::from_secs(60);
        let answer = plain.handle(payload.as_bytes(), deadline).await.answer;
        let answer = answer.expect("the call succeeds");
        write("answer", number, "json", answer.as_bytes());
        let again = aggregating.handle(payload.as_bytes(), deadline).await;
        again.answer.expect("the call succeeds");
    }
    let records = kinesis.records(STREAM);
    assert_eq!(records.len(), story.events.len(), "{}", story.name);
    for (record, number) in records.iter().zip(1..) {
        write("record", number, "json", &record.data);
    }
    let aggregated = kinesis.records(AGGREGATED_STREAM);
    let several = aggregated
        .iter()
        .filter(|record| split(&record.data).is_ok_and(|records| records.len() > 1));
    for (record, number) in several.zip(1..) {
        write("aggregate", number, "bin", &record.data);
    }
    // Both relays have refused the same.
    let rejects = kinesis.records(REJECT_STREAM);
    assert_eq!(rejects.len(), 2 * story.refused, "{}", story.name);
    for (record, number) in rejects.iter().take(story.refused).zip(1..) {
        write("reject", number, "json", &record.data);
    }
}

fn relay(kinesis: &Kinesis, stream: &str, aggregation: &str) -> Relay<Wire> {
    let endpoint_url = kinesis.endpoint_url();
    let configuration = Configuration::from_variables(|name| {
        let value = match name {
            "RELAY_STREAM" => stream,
            "RELAY_REJECT_STREAM" => REJECT_STREAM,
            "RELAY_AGGREGATION" => aggregation,
            "AWS_REGION" => "eu-west-1",
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "any",
            "AWS_ENDPOINT_URL_KINESIS" => &endpoint_url,
            _ => return None,
        };
        Some(value.to_owned())
    });
    Relay::new(&configuration.expect("nothing is missing")).expect("the samples are decoded")
}
