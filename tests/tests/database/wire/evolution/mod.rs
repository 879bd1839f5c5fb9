//! A table changes, and the triggers, the relay and the consumers get to know it one after the other: the table in the
//! documentation of `StreamTrigger`, "When the table changes", row by row.

mod columns;
mod keys;
mod tables;
mod types;

use std::fmt::Debug;

use aurora_trigger_gen::{Change, ChangeStream, DecodeError, StreamTrigger};
use pipeline_tests::{Only, Pipeline};
use relay_lambda::relay;

/// Declares structs of the same table.
macro_rules! versions {
    ($($(#[$attribute:meta])* $name:ident { $($(#[$of_field:meta])* $field:ident: $ty:ty),* $(,)? })+) => {
        $(
            #[derive(Debug, PartialEq, serde::Deserialize, aurora_trigger_gen::StreamTrigger)]
            $(#[$attribute])*
            #[stream(table = "shop.items", delivery = "async", on_failure = "abort")]
            struct $name {
                $($(#[$of_field])* $field: $ty,)*
            }
        )+
    };
}
use versions;

/// What the triggers sent of one row before the change, and of another after it.
struct Sent {
    before: String,
    after: String,
}

/// Writes one row into the table of the struct `Older`, changes the table, installs the triggers of `Newer`, and writes
/// another.
async fn sent<Older: StreamTrigger, Newer: StreamTrigger>(
    columns: &str,
    insert_before: &str,
    change: &str,
    insert_after: &str,
) -> Sent {
    let pipeline = Pipeline::start().await;
    pipeline
        .run(&format!(
            "CREATE SCHEMA shop; CREATE TABLE shop.items (id integer PRIMARY KEY, {columns})"
        ))
        .await;
    let before = payload::<Older>(&pipeline, insert_before).await;
    pipeline.run(change).await;
    let after = payload::<Newer>(&pipeline, insert_after).await;
    assert_ne!(Older::TABLE.fingerprint(), Newer::TABLE.fingerprint());
    Sent { before, after }
}

/// What the triggers of `T` send of a row.
async fn payload<T: StreamTrigger>(pipeline: &Pipeline, insert: &str) -> String {
    pipeline.install::<Only<T>>().await;
    pipeline
        .run(&format!("INSERT INTO shop.items VALUES {insert}"))
        .await;
    let calls = pipeline.take_calls();
    let [call] = calls.as_slice() else {
        panic!("one row is one call: {calls:?}");
    };
    let source = &call.payload().batches[0].source;
    assert_eq!(source.fingerprint, T::TABLE.fingerprint());
    call.payload.clone()
}

/// What a relay and a consumer with the struct `Reader` make of what the triggers of `Writer` sent: the row, or, from both
/// the same, why not.
fn read<Writer, Reader>(payload: &str) -> Result<Reader, String>
where
    Writer: StreamTrigger,
    Reader: StreamTrigger + Debug + PartialEq,
{
    let relayed = relay::<Only<Writer>>(payload.as_bytes(), 0).expect("it is a payload");
    let [record] = relayed.records.as_slice() else {
        panic!("one row is one record: {relayed:?}");
    };
    let consumed = consume::<Reader>(&record.data);
    let relayed = relay::<Only<Reader>>(payload.as_bytes(), 0).expect("it is a payload");
    match (relayed.records.as_slice(), relayed.refused.as_slice()) {
        ([record], []) => {
            let row = consumed.expect("a consumer reads what a relay of its struct lets pass");
            assert_eq!(consume::<Reader>(&record.data).as_ref(), Ok(&row));
            Ok(row)
        }
        ([], [refused]) => {
            let error = consumed.expect_err("a relay of the consumer's struct refuses it");
            let DecodeError::Image { image, reason, .. } = error else {
                panic!("it is about the image: {error:?}");
            };
            let reason = format!("the {image} image: {}", reason.without_values());
            assert_eq!(refused.reason, reason);
            Err(reason)
        }
        _ => panic!("one event is written or refused: {relayed:?}"),
    }
}

fn consume<T: StreamTrigger>(record: &[u8]) -> Result<T, DecodeError> {
    let Only(change) = Only::<T>::decode(record)?;
    Ok(created(change))
}

fn created<T>(change: Change<T>) -> T {
    match change.event {
        aurora_trigger_gen::ChangeEvent::Created(row) => *row,
        _ => panic!("rows are inserted only"),
    }
}

fn refused<T>(reason: &str) -> Result<T, String> {
    Err(format!("the after image: {reason}"))
}
