use super::{ColumnDesc, Delivery, Level, OnFailure, Operations, Oversize, Unchanged, fingerprint};

/// By what the events of a table are told apart and put in order.
#[derive(Debug, Clone, Copy)]
pub enum KeyDesc {
    /// By the columns marked as key.
    Columns,
    /// The table has no key: events are spread by these columns, by their names in PostgreSQL, and their order is
    /// promised per value of these.
    PartitionBy(&'static [&'static str]),
}

/// A table whose changes are captured: all that a struct with `#[derive(StreamTrigger)]` says.
#[derive(Debug, Clone, Copy)]
pub struct TableDesc {
    rust_path: &'static str,
    schema: &'static str,
    table: &'static str,
    columns: &'static [ColumnDesc],
    key: KeyDesc,
    delivery: Delivery,
    on_failure: OnFailure,
    level: Level,
    operations: Operations,
    unchanged: Unchanged,
    oversize: Oversize,
    when: Option<&'static str>,
}

impl TableDesc {
    /// `rust_path`: the struct's path, for comments in the SQL and for messages; `schema` and `table` as the catalogue
    /// has them, without quotes, at most 63 bytes each.
    ///
    /// The rest is as an author gets it who says nothing: a statement level trigger for INSERT, UPDATE and DELETE that
    /// leaves unchanged rows out, sends the key of an oversized event, and warns of a failed call
    /// ([`Delivery::Sync`] fails the write; [`Delivery::Commit`] and [`Delivery::Outbox`] have the event in the outbox).
    #[must_use]
    pub const fn new(
        rust_path: &'static str,
        schema: &'static str,
        table: &'static str,
        columns: &'static [ColumnDesc],
        key: KeyDesc,
        delivery: Delivery,
    ) -> Self {
        Self {
            rust_path,
            schema,
            table,
            columns,
            key,
            delivery,
            on_failure: delivery.on_failure(),
            level: Level::Statement,
            operations: Operations {
                insert: true,
                update: true,
                delete: true,
                truncate: false,
            },
            unchanged: Unchanged::Skip,
            oversize: Oversize::KeyOnly,
            when: None,
        }
    }

    /// The same, with when the call is made; what a failed one does to the write is then as an author gets it who says
    /// nothing of it.
    #[must_use]
    pub const fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self.on_failure = delivery.on_failure();
        self
    }

    /// The same, with what a failed call does to the write.
    #[must_use]
    pub const fn with_on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// The same, with how triggers see the writes.
    #[must_use]
    pub const fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// The same, with which statements are captured.
    #[must_use]
    pub const fn with_operations(mut self, operations: Operations) -> Self {
        self.operations = operations;
        self
    }

    /// The same, with what becomes of an UPDATE that changed nothing which is streamed.
    #[must_use]
    pub const fn with_unchanged(mut self, unchanged: Unchanged) -> Self {
        self.unchanged = unchanged;
        self
    }

    /// The same, with what becomes of an event that is too big.
    #[must_use]
    pub const fn with_oversize(mut self, oversize: Oversize) -> Self {
        self.oversize = oversize;
        self
    }

    /// The same, for the rows only for which this SQL predicate over the struct's columns is true.
    #[must_use]
    pub const fn with_when(mut self, predicate: &'static str) -> Self {
        self.when = Some(predicate);
        self
    }

    /// The struct's path in Rust.
    #[must_use]
    pub const fn rust_path(&self) -> &'static str {
        self.rust_path
    }

    /// The schema of the table.
    #[must_use]
    pub const fn schema(&self) -> &'static str {
        self.schema
    }

    /// The name of the table in its schema.
    #[must_use]
    pub const fn table(&self) -> &'static str {
        self.table
    }

    /// All columns that the struct names, also those that are not sent.
    #[must_use]
    pub const fn columns(&self) -> &'static [ColumnDesc] {
        self.columns
    }

    /// The columns that stand in an image.
    pub fn streamed(&self) -> impl Iterator<Item = &'static ColumnDesc> + use<> {
        self.columns.iter().filter(|column| !column.is_skipped())
    }

    /// The columns of the key, or for a table without one those that its events are spread by: what an oversized event
    /// is reduced to, and what the partition key is made of.
    pub fn key_columns(&self) -> Vec<&'static ColumnDesc> {
        match self.key {
            KeyDesc::Columns => self
                .columns
                .iter()
                .filter(|column| column.is_key())
                .collect(),
            KeyDesc::PartitionBy(names) => names
                .iter()
                .filter_map(|name| self.columns.iter().find(|column| column.column() == *name))
                .collect(),
        }
    }

    /// By what events are told apart.
    #[must_use]
    pub const fn key(&self) -> KeyDesc {
        self.key
    }

    /// When the call is made.
    #[must_use]
    pub const fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// What a failed call does to the write.
    #[must_use]
    pub const fn on_failure(&self) -> OnFailure {
        self.on_failure
    }

    /// How triggers see the writes.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Which statements are captured.
    #[must_use]
    pub const fn operations(&self) -> Operations {
        self.operations
    }

    /// What becomes of an UPDATE that changed nothing which is streamed.
    #[must_use]
    pub const fn unchanged(&self) -> Unchanged {
        self.unchanged
    }

    /// What becomes of an event that is too big.
    #[must_use]
    pub const fn oversize(&self) -> Oversize {
        self.oversize
    }

    /// The predicate that a row must fulfil.
    #[must_use]
    pub const fn when(&self) -> Option<&'static str> {
        self.when
    }

    /// Eight hexadecimal digits over all that a reader of the images relies on: table, key, columns, JSON keys, types,
    /// encodings, masks and the version of the format. Another fingerprint is another contract.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint::of(self)
    }
}
