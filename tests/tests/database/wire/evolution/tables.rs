//! A table that is new in the stream.

use aurora_trigger_gen::wire::{Operation, Record};
use aurora_trigger_gen::{Change, ChangeStream, DecodeError, StreamTrigger, UnknownChange};
use pipeline_tests::Pipeline;
use relay_lambda::relay;
use serde::Deserialize;

use super::{created, versions};

versions! {
    Item { #[stream(key)] id: i32 }
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.offers", delivery = "async", on_failure = "abort")]
struct Offer {
    #[stream(key)]
    id: i32,
}

#[derive(Debug, PartialEq, ChangeStream)]
enum Older {
    Item(Change<Item>),
}

#[derive(Debug, PartialEq, ChangeStream)]
enum Open {
    Item(Change<Item>),
    #[stream(other)]
    Other(UnknownChange),
}

#[derive(Debug, PartialEq, ChangeStream)]
enum Newer {
    Item(Change<Item>),
    Offer(Change<Offer>),
}

#[tokio::test]
async fn a_table_that_a_stream_lacks_is_refused_by_its_name_or_taken_as_unknown() {
    let pipeline = Pipeline::start().await;
    pipeline
        .run(
            "CREATE SCHEMA shop;
             CREATE TABLE shop.items (id integer PRIMARY KEY);
             CREATE TABLE shop.offers (id integer PRIMARY KEY)",
        )
        .await;
    pipeline.install::<Newer>().await;
    pipeline.run("INSERT INTO shop.offers VALUES (1)").await;
    let payload = &pipeline.take_calls()[0].payload;

    let relayed = relay::<Older>(payload.as_bytes(), 0).expect("it is a payload");
    assert_eq!(relayed.records, []);
    let reason = "this relay knows no table shop.offers";
    assert_eq!(relayed.refused[0].reason, reason);
    let open = relay::<Open>(payload.as_bytes(), 0).expect("it is a payload");
    assert_eq!(open, relayed);

    let relayed = relay::<Newer>(payload.as_bytes(), 0).expect("it is a payload");
    let record = &relayed.records[0].data;
    let unknown = DecodeError::UnknownTable {
        schema: "shop".to_owned(),
        table: "offers".to_owned(),
        id: Record::parse(record)
            .expect("it is a record")
            .id
            .into_owned(),
    };
    assert_eq!(Older::decode(record), Err(unknown));
    let Ok(Open::Other(change)) = Open::decode(record) else {
        panic!("it takes what is unknown");
    };
    assert_eq!(change.operation, Operation::Create);
    assert_eq!(change.after.as_deref(), Some(r#"{"id":1}"#));
    let Ok(Newer::Offer(change)) = Newer::decode(record) else {
        panic!("it has the table");
    };
    assert_eq!(created(change), Offer { id: 1 });
}
