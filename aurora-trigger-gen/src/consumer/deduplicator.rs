use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use super::changes::Changes;
use super::error::ConsumeError;
use super::recent_rows::RecentRows;
use super::subject::{Subject, Table};
use crate::stream::ChangeStream;
use crate::wire::Sequence;

/// Delivers the changes of a stream to its consumer: each change once, and the changes of a row in order.
///
/// A stream can hold the same change twice, and Lambda and the Kinesis Client Library hand out records again. The
/// deduplicator delivers a change if its [`Sequence`] is newer than the newest delivered one of
///
/// - the same row: the same database, table and values of the key columns;
/// - a TRUNCATE of the table.
///
/// It drops all other changes. With `delivery = "async"` a newer change of a row can arrive before an older one: the
/// deduplicator drops the older one, so the consumer always ends with the newest.
///
/// In a table without a key, and in a table that the enum takes with `#[stream(other)]`, an event does not say which row
/// it is of. There the deduplicator drops an event only if the same event was delivered, by its id.
///
/// # TRUNCATE
///
/// A TRUNCATE is in each shard, and can arrive after newer changes of its table. Delete the rows whose last change has a
/// smaller sequence than the TRUNCATE, and not all rows of the table.
///
/// ```
/// # #[cfg(feature = "derive")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use aurora_trigger_gen::{Change, ChangeStream, Deduplicator, StreamTrigger};
/// # use serde::Deserialize;
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
/// let mut deduplicator = Deduplicator::<Shop>::new(100_000);
/// let mut names = Vec::new();
/// // The record comes twice.
/// for record in [record, record] {
///     let mut changes = deduplicator.changes(record)?;
///     while let Some(change) = changes.next()? {
///         match change {
///             Shop::Customer(change) => names.extend(change.into_after().map(|row| row.name)),
///         }
///     }
/// }
/// assert_eq!(names, ["Ada"]);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "derive"))]
/// # fn main() {}
/// ```
///
/// # Memory
///
/// The deduplicator remembers the rows of the last changes, in memory: [`new`](Self::new) says how many. After a restart,
/// and for a row that it has forgotten, it delivers an old change again. A consumer that must not apply a change twice
/// stores the sequence with each row, in the same transaction. The deduplicator never forgets a TRUNCATE: a TRUNCATE is
/// one sequence per table and database.
///
/// After a restart of a consumer of `delivery = "async"`, an old change of a row can come after the deletion of the row was
/// stored: keep the sequence of deleted rows there. With `outbox` and `sync` the deletion comes again behind it.
///
/// The example [`table_copy`] keeps a copy of a table in PostgreSQL.
///
/// [`table_copy`]: https://github.com/aurora-trigger/aurora-trigger/blob/main/tests/storefront/consumer/examples/table_copy.rs
///
/// # How many deduplicators
///
/// Use one deduplicator for each task that reads records one after the other: one per process on Lambda, where a process
/// handles one batch at a time, and one per shard in a long-running process. All changes of a row are in one shard, so
/// two deduplicators of two shards need not know of each other. After a resharding a row can be in another shard, and the
/// deduplicator of that shard can deliver a change again.
///
/// Databases are told apart by their names: two databases that write into one stream need two names. A restored database
/// numbers its changes from the point of the backup. Until its epoch is raised, its changes count as old.
pub struct Deduplicator<S> {
    rows: RecentRows,
    truncates: HashMap<Table, Sequence>,
    stream: PhantomData<fn() -> S>,
}

impl<S> Deduplicator<S> {
    /// A deduplicator to which no change was delivered yet.
    ///
    /// It remembers at least the last `rows` rows, and at most twice as many. In a table without a key an event counts as
    /// a row. A row takes some 200 bytes of memory, and its key.
    #[must_use]
    pub fn new(rows: usize) -> Self
    where
        S: ChangeStream,
    {
        Self {
            rows: RecentRows::new(rows),
            truncates: HashMap::new(),
            stream: PhantomData,
        }
    }
}

impl<S: ChangeStream> Deduplicator<S> {
    /// The new changes of a record of the stream. A record can hold several changes: see
    /// [`split`](crate::wire::split).
    ///
    /// A change counts as delivered when the next one is asked for, so store each change before that. After an error the
    /// changes before it are delivered, and the change at which the error came and all changes behind it are not: process
    /// the record again before any later record. On Lambda, report the record as the failure of the batch.
    ///
    /// # Errors
    ///
    /// [`ConsumeError::Aggregate`] for an aggregated record whose content can't be read.
    pub fn changes<'a>(&'a mut self, record: &'a [u8]) -> Result<Changes<'a, S>, ConsumeError> {
        Changes::new(self, record)
    }

    pub(super) fn newest(&mut self, subject: &Subject) -> Option<Sequence> {
        let truncate = subject.table().and_then(|table| self.truncates.get(table));
        self.rows.get(subject).max(truncate.copied())
    }

    pub(super) fn remember(&mut self, subject: Subject, sequence: Sequence) {
        match subject {
            Subject::Table(table) => {
                self.truncates.insert(table, sequence);
            }
            row => self.rows.insert(row, sequence),
        }
    }
}

/// Shows no keys, which are values of rows.
impl<S> fmt::Debug for Deduplicator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deduplicator")
            .field("rows", &self.rows.len())
            .field("truncates", &self.truncates)
            .finish_non_exhaustive()
    }
}
