//! What there is to compare: the stream, and the application's books.

use aurora_trigger_gen::wire::{Operation, Record, Sequence};
use relay_lambda::local::StoredRecord;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_postgres::Client;

/// A change that was made to a row, or to all by a TRUNCATE.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Fact {
    pub(crate) tx: i64,
    pub(crate) table: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// An event of the stream.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) fact: Fact,
    /// `None`: it is a TRUNCATE.
    pub(crate) key: Option<String>,
    pub(crate) sequence: Sequence,
    /// Of the row as it is after the event, or was before it was gone.
    pub(crate) version: i64,
}

impl Seen {
    pub(crate) fn read(record: &StoredRecord) -> Self {
        let record = Record::parse(&record.data).expect("the relay writes records");
        let newest = record.after.or(record.before).map(value);
        assert_eq!(record.operation == Operation::Truncate, newest.is_none());
        Self {
            id: record.id.into_owned(),
            fact: Fact {
                tx: i64::try_from(record.source.tx_id).expect("it was a bigint"),
                table: record.source.table.into_owned(),
                before: record.before.map(canonical),
                after: record.after.map(canonical),
            },
            key: record.key.map(canonical),
            sequence: record.source.sequence,
            version: newest.map_or(0, |image| {
                image["version"].as_i64().expect("it is a number")
            }),
        }
    }
}

/// What was committed, and what that left behind.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) history: Vec<Fact>,
    /// Of each table.
    pub(crate) rows: Vec<(String, String)>,
}

impl Books {
    pub(crate) async fn read(session: &Client) -> Self {
        let history = session
            .query(
                "SELECT tx, table_name, before::text, after::text FROM shop.history",
                &[],
            )
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        let rows = session
            .query(
                "SELECT 'items', row_to_json(i)::text FROM shop.items AS i
                 UNION ALL
                 SELECT 'parts', row_to_json(p)::text FROM shop.parts AS p",
                &[],
            )
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        Self {
            history: history
                .iter()
                .map(|row| Fact {
                    tx: row.get(0),
                    table: row.get(1),
                    before: row.get::<_, Option<&str>>(2).map(canonical_text),
                    after: row.get::<_, Option<&str>>(3).map(canonical_text),
                })
                .collect(),
            rows: rows
                .iter()
                .map(|row| (row.get(0), canonical_text(row.get(1))))
                .collect(),
        }
    }
}

fn value(image: &RawValue) -> Value {
    serde_json::from_str(image.get()).expect("it is JSON")
}

fn canonical(image: &RawValue) -> String {
    canonical_text(image.get())
}

fn canonical_text(image: &str) -> String {
    serde_json::from_str::<Value>(image)
        .expect("it is JSON")
        .to_string()
}
