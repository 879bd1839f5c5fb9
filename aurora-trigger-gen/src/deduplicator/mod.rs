//! What every consumer of a stream needs between the records and its `match`.

mod error;
mod recent_rows;
mod subject;

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

pub use error::ProcessError;
use recent_rows::RecentRows;
use subject::{Subject, Table};

use crate::stream::ChangeStream;
use crate::wire::{Record, Sequence, split};

/// Takes the changes out of the records of a stream, for its consumer: each once, and those of a row in their order.
///
/// The same change may be in a stream twice, and Lambda and the Kinesis Client Library hand out records again. A change
/// goes to the app if its [`Sequence`] is newer than the newest that the app has had of
///
/// - the same row: the same database, table and key;
/// - a TRUNCATE of its table.
///
/// All others are dropped. So a change that was overtaken by a newer one of its row, as `delivery = "async"` allows, is
/// dropped too: what the app has last is always the newest. A TRUNCATE that was overtaken is not: it is about the rows of
/// smaller sequence.
///
/// In a table without key, and in one that the stream's enum takes with `#[stream(other)]`, nothing says which events are
/// of one row: there each is dropped only if the app has had that very event, by its id.
///
/// ```
/// # #[cfg(feature = "derive")]
/// # async fn consume() -> Result<(), Box<dyn std::error::Error>> {
/// # use aurora_trigger_gen::{Change, ChangeStream, Deduplicator, StreamTrigger};
/// # use serde::Deserialize;
/// # use std::convert::Infallible;
/// #
/// # #[derive(Debug, Deserialize, StreamTrigger)]
/// # #[stream(table = "sales.customers", delivery = "async")]
/// # struct Customer {
/// #     #[stream(key)]
/// #     id: i64,
/// #     name: String,
/// # }
/// #
/// # #[derive(Debug, ChangeStream)]
/// # enum Shop {
/// #     Customer(Change<Customer>),
/// # }
/// #
/// # let record = br#"{
/// #     "before": null, "after": {"id": 42, "name": "Ada"},
/// #     "source": {"version": "0.1.0", "connector": "aurora-trigger", "name": "shop",
/// #                "ts_ms": 1795350000123, "ts_us": 1795350000123456, "snapshot": "false",
/// #                "db": "shop", "schema": "sales", "table": "customers", "txId": 7451,
/// #                "sequence": "[\"1\",\"1042\"]"},
/// #     "op": "c", "ts_ms": 1795350000130,
/// #     "key": {"id": 42}, "id": "5d1c-1042", "fingerprint": "9f3a6c1e"
/// # }"#;
/// let mut changes = Deduplicator::<Shop>::new(100_000);
/// let mut names = Vec::new();
/// // The record comes twice.
/// for data in [record, record] {
///     changes.process(data, async |change| {
///         match change {
///             Shop::Customer(change) => names.extend(change.after().map(|row| row.name.clone())),
///         }
///         Ok::<_, Infallible>(())
///     }).await?;
/// }
/// assert_eq!(names, ["Ada"]);
/// # Ok(())
/// # }
/// # #[cfg(feature = "derive")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// #     let mut consumed = std::pin::pin!(consume());
/// #     match consumed.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
/// #         std::task::Poll::Ready(result) => result,
/// #         std::task::Poll::Pending => unreachable!("nothing in it waits"),
/// #     }
/// # }
/// # #[cfg(not(feature = "derive"))]
/// # fn main() {}
/// ```
///
/// # What it remembers
///
/// The rows that it met last, in memory: [`new`](Self::new) says how many. An older change of a row that it has
/// forgotten goes to the app again, and so does any after a restart or in another of a function's execution environments.
/// An app that must not take a change twice keeps the sequence in its database, in the transaction with what it makes of
/// the change. TRUNCATEs are never forgotten: that is one sequence for each table of each database.
///
/// Databases are told apart by their names, so two that write into one stream need two. One that was restored numbers its
/// changes from where its backup was; unless its epoch was raised they count as old.
pub struct Deduplicator<S> {
    rows: RecentRows,
    truncates: HashMap<Table, Sequence>,
    stream: PhantomData<fn() -> S>,
}

impl<S: ChangeStream> Deduplicator<S> {
    /// One that has had nothing yet.
    ///
    /// It will remember the `rows` that it met last, at least one, and at times twice as many. Where there is no key an
    /// event counts as a row. Each takes some 200 bytes, and its key.
    #[must_use]
    pub fn new(rows: usize) -> Self {
        Self {
            rows: RecentRows::new(rows),
            truncates: HashMap::new(),
            stream: PhantomData,
        }
    }

    /// Gives each change in the `record` that is new to `handle`, in their order, and waits for each before the next. A
    /// record may hold several: see [`split`].
    ///
    /// A change counts as had once `handle` has come back with `Ok`, so that is when it must be safe: a handler that only
    /// collects changes and writes them later loses those whose write fails.
    ///
    /// Where it fails, the changes before the one that failed are had, and that one and all behind it are not. So the
    /// record can be processed again, and nothing that comes behind it may be before that: on Lambda, report it as the
    /// batch's failure and go no further. The same holds where the future is dropped before it is ready.
    ///
    /// In a task that may change its thread, as those of `tokio::spawn`, `handle` has to own what it uses: an `async move`
    /// closure with an `Arc`. Of one that borrows, the compiler can't tell that it is `Send`.
    ///
    /// # Errors
    ///
    /// A record that can't be read; a change that [`ChangeStream::from_record`] refuses, if it is new; whatever `handle`
    /// fails with.
    pub async fn process<E>(
        &mut self,
        record: &[u8],
        mut handle: impl AsyncFnMut(S) -> Result<(), E>,
    ) -> Result<(), ProcessError<E>> {
        for change in split(record).map_err(ProcessError::Aggregate)? {
            let record = Record::parse(change).map_err(ProcessError::NotARecord)?;
            let subject = Subject::of::<S>(&record);
            let sequence = record.source.sequence;
            if self.newest(&subject) >= Some(sequence) {
                continue;
            }
            let change = S::from_record(&record).map_err(ProcessError::Decode)?;
            handle(change).await.map_err(ProcessError::Handler)?;
            self.remember(subject, sequence);
        }
        Ok(())
    }

    fn newest(&mut self, subject: &Subject) -> Option<Sequence> {
        let truncate = subject.table().and_then(|table| self.truncates.get(table));
        self.rows.get(subject).max(truncate.copied())
    }

    fn remember(&mut self, subject: Subject, sequence: Sequence) {
        match subject {
            Subject::Table(table) => {
                self.truncates.insert(table, sequence);
            }
            row => self.rows.insert(row, sequence),
        }
    }
}

/// Without the keys, which are values of rows.
impl<S> fmt::Debug for Deduplicator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deduplicator")
            .field("rows", &self.rows.len())
            .field("truncates", &self.truncates)
            .finish_non_exhaustive()
    }
}
