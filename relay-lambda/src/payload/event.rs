//! One event against its table.

use aurora_trigger_gen::wire::{BatchSource, Event, Operation};
use serde_json::Value;

use super::image::key_values;
use super::partition_key::partition_key;
use super::tables::StreamTable;

/// Where the events of a batch come from.
#[derive(Debug)]
pub(crate) struct Source<'p> {
    pub(crate) wire: &'p BatchSource<'p>,
    pub(crate) table: &'p StreamTable,
}

/// An event that may go into the stream.
#[derive(Debug)]
pub(crate) struct Accepted<'p> {
    /// Its source, by its place in [`Checked::sources`](super::Checked::sources).
    pub(crate) source: usize,
    pub(crate) event: &'p Event<'p>,
    /// Its place in order, which a chain that is put right here may have exchanged.
    pub(crate) position: u64,
    /// The chain that was put right with it, by a number that all events of that chain share.
    pub(crate) restored: Option<usize>,
    /// The JSON object of its key; `None` for a TRUNCATE.
    pub(crate) key: Option<String>,
    pub(crate) partition_key: String,
}

/// The key of an event as a JSON object and the partition key that follows from it, or why the event is refused: never
/// with a value of the row.
pub(super) fn check(
    source: &Source<'_>,
    event: &Event<'_>,
) -> Result<(Option<String>, String), String> {
    let table = source.table;
    let exact = source.wire.fingerprint == table.fingerprint;
    let expected = |name: &str, is_there: bool, wanted: bool| match (is_there, wanted) {
        (true, false) => Err(format!("{name} is there, and should not be")),
        (false, true) => Err(format!("{name} is missing")),
        _ => Ok(()),
    };
    let operation = event.operation;
    let (before, after) = match operation {
        Operation::Create | Operation::Read => (false, true),
        Operation::Update => (true, true),
        Operation::Delete => (true, false),
        Operation::Truncate => (false, false),
    };
    let images = !event.oversized;
    expected("the before image", event.before.is_some(), before && images)?;
    expected("the after image", event.after.is_some(), after && images)?;
    if operation == Operation::Truncate {
        expected("the key", event.key.is_some(), false)?;
        expected("`oversized`", event.oversized, false)?;
        return Ok((
            None,
            format!("{}.{}", source.wire.schema, source.wire.table),
        ));
    }
    expected("the key", event.key.is_some(), event.oversized)?;
    for (name, image) in [("before", event.before), ("after", event.after)] {
        if let Some(image) = image {
            (table.check)(image.get())
                .map_err(|error| format!("the {name} image: {}", error.without_values()))?;
        }
    }
    // The newest image says where the row is.
    let mut values = None;
    for image in [event.before, event.after].into_iter().flatten() {
        values = Some(key_values(table, image.get(), exact)?);
    }
    let values = match (values, event.key) {
        (Some(values), _) => values,
        (None, Some(key)) => key_values(table, key.get(), false)?,
        (None, None) => Vec::new(),
    };
    Ok((Some(object(table, &values)), partition_key(&values)))
}

fn object(table: &StreamTable, values: &[&str]) -> String {
    let mut text = String::from("{");
    for (column, value) in table.key.iter().zip(values) {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&Value::from(column.json()).to_string());
        text.push(':');
        text.push_str(value);
    }
    text.push('}');
    text
}
