use crate::describe::KeyDesc;
use crate::stream::ChangeStream;
use crate::wire::{Operation, Record};

/// What a change is about: what has one order.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// All of a table: a TRUNCATE.
    Table(Table),
    /// The row with this key.
    Row(Table, Box<str>),
    /// The event with this id itself, since nothing says which row it is about.
    Event(Option<Table>, Box<str>),
}

/// A table of the stream in one of the databases that write into it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Table {
    database: Box<str>,
    /// Its place in [`ChangeStream::TABLES`].
    index: usize,
}

impl Subject {
    pub(super) fn of<S: ChangeStream>(record: &Record<'_>) -> Self {
        let index = S::TABLES.iter().position(|table| record.is_of(table));
        let event = |table| Self::Event(table, record.id.as_ref().into());
        let Some(index) = index else {
            return event(None);
        };
        let table = Table {
            database: record.source.db.as_ref().into(),
            index,
        };
        match (record.operation, S::TABLES[index].key(), record.key) {
            (Operation::Truncate, _, _) => Self::Table(table),
            (_, KeyDesc::Columns, Some(key)) => Self::Row(table, key.get().into()),
            // What a table without key is spread by, several of its rows may have.
            (_, KeyDesc::PartitionBy(_), _) | (_, KeyDesc::Columns, None) => event(Some(table)),
        }
    }

    /// The table whose TRUNCATE it goes with.
    pub(super) fn table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) | Self::Row(table, _) => Some(table),
            Self::Event(table, _) => table.as_ref(),
        }
    }
}
