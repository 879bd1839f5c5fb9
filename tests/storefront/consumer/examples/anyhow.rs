//! A consumer whose errors are `anyhow::Error`.

use anyhow::{Context, Result};
use aurora_trigger_gen::{Deduplicator, Effect};
use storefront::Storefront;

/// Stores the changes of one record of the stream.
pub async fn store(deduplicator: &mut Deduplicator<Storefront>, record: &[u8]) -> Result<()> {
    let mut changes = deduplicator
        .changes(record)
        .context("no record of the stream")?;
    while let Some(change) = changes.next()? {
        let Storefront::Customer(change) = change else {
            continue;
        };
        match change.effect() {
            Effect::Upsert(customer) => run(format!("store {}", customer.id)).await?,
            Effect::Delete(id) => run(format!("delete {id}")).await?,
            Effect::Truncate => run(format!("delete up to {}", change.source.sequence)).await?,
            Effect::Fetch(id) => run(format!("fetch {id}")).await?,
        }
    }
    Ok(())
}

async fn run(statement: String) -> Result<()> {
    tokio::task::yield_now().await;
    println!("{statement}");
    Ok(())
}

fn main() {}
