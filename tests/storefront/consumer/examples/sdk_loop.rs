//! A long-running process: a task for each shard, which reads the shard with the AWS SDK.

use aurora_trigger_gen::Deduplicator;
use aws_sdk_kinesis::{Client, types::ShardIteratorType::TrimHorizon};
use storefront::Storefront;
use tokio::task::{JoinHandle, yield_now};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Reads a shard in a task, until an error or the end of the shard.
pub fn spawn(client: Client, stream: String, shard: String) -> JoinHandle<Result<(), Error>> {
    tokio::spawn(async move { read(&client, &stream, &shard).await })
}

async fn read(client: &Client, stream: &str, shard: &str) -> Result<(), Error> {
    let mut deduplicator = Deduplicator::<Storefront>::new(100_000);
    let request = client.get_shard_iterator().stream_name(stream);
    let request = request.shard_id(shard).shard_iterator_type(TrimHorizon);
    let mut next = request.send().await?.shard_iterator;
    while let Some(iterator) = next {
        let got = client.get_records().shard_iterator(iterator).send().await?;
        for record in &got.records {
            let mut changes = deduplicator.changes(record.data.as_ref())?;
            while let Some(change) = changes.next()? {
                yield_now().await; // store the change
                println!("{change:?}");
            }
        }
        next = got.next_shard_iterator;
    }
    Ok(())
}

fn main() {}
