//! What the reference app's consumer makes of a batch of the stream: each change once, and per row in order.

use std::collections::HashMap;
use std::fmt;

use aurora_trigger_gen::wire::{Operation, Record, Sequence, split};
use aurora_trigger_gen::{ChangeStream, without_values};
use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use storefront::Storefront;

/// Takes the changes out of batches, and drops those that it has had.
///
/// It knows them for as long as the process lives. An app that must not take one twice keeps this in its database, in
/// the transaction with what it makes of the change.
#[derive(Debug, Default)]
pub struct Consumer {
    newest: HashMap<(String, Place), Sequence>,
}

/// What of a table has one order.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Place {
    /// All of it: a TRUNCATE.
    Table,
    /// The row with this key.
    Row(String),
    /// The event itself, in a table whose rows have no key.
    Event(String),
}

/// What became of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Handled {
    /// What Lambda is told: nothing, or the first record that failed. That one and all behind it come again.
    pub response: KinesisEventResponse,
    /// Why it failed. It holds no value of a row.
    pub failure: Option<String>,
}

impl Consumer {
    /// Gives each change that is new to `take`, in the order of the batch, up to the first record that can't be read or
    /// that `take` refuses.
    pub fn handle<E: fmt::Display>(
        &mut self,
        event: &KinesisEvent,
        mut take: impl FnMut(Storefront) -> Result<(), E>,
    ) -> Handled {
        let mut handled = Handled::default();
        for record in event.records.iter().map(|record| &record.kinesis) {
            if let Err(failure) = self.take_record(&record.data, &mut take) {
                handled.response.add_failure(&record.sequence_number);
                handled.failure = Some(failure);
                break;
            }
        }
        handled
    }

    fn take_record<E: fmt::Display>(
        &mut self,
        record: &[u8],
        take: &mut impl FnMut(Storefront) -> Result<(), E>,
    ) -> Result<(), String> {
        for change in split(record).map_err(|error| error.to_string())? {
            let record = Record::parse(change).map_err(|error| without_values(&error))?;
            let change =
                Storefront::from_record(&record).map_err(|error| error.without_values())?;
            let table = format!("{}.{}", record.source.schema, record.source.table);
            let place = (table.clone(), Place::of(&change, &record));
            let sequence = record.source.sequence;
            let is_old = |place| self.newest.get(place).is_some_and(|had| sequence <= *had);
            if is_old(&place) || is_old(&(table, Place::Table)) {
                continue;
            }
            take(change).map_err(|error| error.to_string())?;
            self.newest.insert(place, sequence);
        }
        Ok(())
    }
}

impl Place {
    fn of(change: &Storefront, record: &Record<'_>) -> Self {
        let key = match change {
            Storefront::Customer(_) | Storefront::Order(_) | Storefront::OrderItem(_) => record.key,
            // Two of its rows may be the same.
            Storefront::Person(_) => None,
        };
        match (record.operation, key) {
            (Operation::Truncate, _) => Self::Table,
            (_, Some(key)) => Self::Row(key.get().to_owned()),
            (_, None) => Self::Event(record.id.to_string()),
        }
    }
}
