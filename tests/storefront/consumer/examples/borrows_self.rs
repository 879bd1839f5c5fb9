//! A consumer whose handler borrows `&mut self`, in a task that can move to another thread.

use std::collections::BTreeMap;

use aurora_trigger_gen::{ConsumeError, Deduplicator};
use storefront::Storefront;

/// The names of all customers.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<i64, String>);

impl Names {
    /// Takes the records of one shard.
    pub async fn follow(mut self, records: Vec<Vec<u8>>) -> Result<Self, ConsumeError> {
        let mut deduplicator = Deduplicator::new(100_000);
        for record in &records {
            let mut changes = deduplicator.changes(record)?;
            while let Some(change) = changes.next()? {
                self.take(change).await;
            }
        }
        Ok(self)
    }

    async fn take(&mut self, change: Storefront) {
        tokio::task::yield_now().await; // index the name
        if let Storefront::Customer(change) = change {
            let customer = change.into_after();
            self.0.extend(customer.map(|it| (it.id, it.name)));
        }
    }
}

#[tokio::main]
async fn main() {
    let names = tokio::spawn(Names::default().follow(Vec::new())).await;
    println!("{names:?}");
}
