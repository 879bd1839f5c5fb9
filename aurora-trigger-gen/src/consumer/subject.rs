use std::borrow::Cow;

use crate::describe::{KeyDesc, TableDesc};
use crate::row_key::KeyMembers;
use crate::stream::ChangeStream;
use crate::wire::{Operation, Record};

/// The subject of a change: changes of one subject have one order.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// All rows of a table: a TRUNCATE.
    Table(Table),
    /// The row with this key.
    Row(Table, Box<str>),
    /// The event with this id, where the event does not say which row it is of.
    Event(Option<Table>, Box<str>),
}

/// A table of the stream in one of the databases that write into it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Table {
    database: Box<str>,
    /// The index in [`ChangeStream::TABLES`].
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
            (_, KeyDesc::Columns, Some(key)) => {
                Self::Row(table, key_values(S::TABLES[index], key.get()))
            }
            // Several rows of a table without a key can have the same values here.
            (_, KeyDesc::PartitionBy(_), _) | (_, KeyDesc::Columns, None) => event(Some(table)),
        }
    }

    /// The table whose TRUNCATE is also about this subject.
    pub(super) fn table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) | Self::Row(table, _) => Some(table),
            Self::Event(table, _) => table.as_ref(),
        }
    }
}

/// The values of the key in the order of the key's columns, as the partition key has them.
///
/// The names are not part of the identity: around a deployment that reorders the key's fields or renames one of them,
/// the stream holds keys of both forms.
fn key_values(table: &TableDesc, key: &str) -> Box<str> {
    let values = KeyMembers::parse(key).ok().and_then(|members| {
        let columns = table.columns().iter().filter(|column| column.is_key());
        let values = columns.map(|column| {
            let names = [&[column.json()], column.aliases()].concat();
            members.value(&names).map(canonical)
        });
        values.collect::<Option<Vec<_>>>()
    });
    match values {
        Some(values) => values.join(",").into(),
        // A key of columns that this consumer does not know: the text is all that tells the row.
        None => key.into(),
    }
}

/// One spelling for every way to escape a string.
fn canonical(value: &str) -> Cow<'_, str> {
    if value.contains('\\')
        && let Ok(text) = serde_json::from_str::<String>(value)
    {
        return Cow::Owned(serde_json::Value::from(text).to_string());
    }
    Cow::Borrowed(value)
}
