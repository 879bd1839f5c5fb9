//! A consumer of any stream, with a target of any kind.
use aurora_trigger_gen::{ChangeStream, ConsumeError, Deduplicator};

/// Where the changes go.
pub trait Target<S> {
    /// Why a change could not be stored.
    type Error: From<ConsumeError>;

    /// Stores a change.
    fn store(&mut self, change: S) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// A consumer that stores into a target.
pub struct Consumer<S, T> {
    deduplicator: Deduplicator<S>,
    target: T,
}

impl<S: ChangeStream, T: Target<S>> Consumer<S, T> {
    /// Stores the changes of one record of the stream.
    pub async fn take(&mut self, record: &[u8]) -> Result<(), T::Error> {
        let mut changes = self.deduplicator.changes(record)?;
        while let Some(change) = changes.next()? {
            self.target.store(change).await?;
        }
        Ok(())
    }
}

/// Stores a record in a task.
pub fn spawn<S, T>(mut consumer: Consumer<S, T>, record: Vec<u8>)
where
    S: ChangeStream + Send + 'static,
    T: Target<S, Error: Send> + Send + 'static,
{
    tokio::spawn(async move { consumer.take(&record).await });
}

fn main() {}
