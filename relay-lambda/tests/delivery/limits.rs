//! What Kinesis takes in a record and in a request, used as far as it goes.

use aurora_trigger_gen::ChangeStream;
use aurora_trigger_gen::wire::Record;
use relay_lambda::split;
use serde_json::json;

use crate::calls::{STREAM, answer, with_shards};
use crate::shop::{Shop, orders, payload};
use crate::stored::numbers;

pub(crate) const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_record_of_exactly_the_limit_goes_whole_and_one_byte_more_as_its_key() {
    let (kinesis, relay) = with_shards(1, &[]);
    let with_note = |length: usize| {
        let note = "x".repeat(length);
        let event = format!(r#"{{"seq":1,"op":"c","after":{{"id":1,"note":"{note}"}}}}"#);
        payload("Event", &[("orders", &[event])])
    };
    // A time of as many digits as the one now.
    let relayed = relay_lambda::relay::<Shop>(with_note(0).as_bytes(), 1_795_350_000_000);
    let bare = &relayed.expect("it is a payload").records[0];
    let fits = MIB - bare.data.len() - bare.partition_key.len();
    for (length, is_whole) in [(fits, true), (fits + 1, false)] {
        answer(&relay, &with_note(length)).await;
        let records = kinesis.take_records(STREAM);
        let [stored] = &records[..] else {
            panic!("{} records", records.len())
        };
        assert_eq!(
            stored.data.len() + stored.partition_key.len() == MIB,
            is_whole
        );
        let record = Record::parse(&stored.data).expect("it is a record");
        assert_eq!(
            (record.after.is_some(), record.oversized),
            (is_whole, !is_whole)
        );
        let key = record.key.expect("both have their key");
        assert_eq!(key.get(), r#"{"id":1}"#);
    }
}

#[tokio::test]
async fn a_call_of_many_rows_takes_as_few_requests_as_500_records_each_allow() {
    let (kinesis, relay) = with_shards(4, &[]);
    let payload = payload("Event", &[("orders", &orders(1_200, 1_200))]);
    assert_eq!(answer(&relay, &payload).await, json!({"accepted": 1_200}));
    assert_eq!(numbers(&kinesis.records(STREAM)), (1..=1_200).collect());
    assert_eq!(kinesis.requests().requests, 3);
}

#[tokio::test]
async fn changes_of_a_hot_key_share_records_where_that_is_wanted() {
    const CHANGES: usize = 2_000;
    let payload = payload("Event", &[("orders", &orders(CHANGES, 1))]);
    for (aggregation, requests) in [("hot-keys", 1..=3), ("off", CHANGES..=CHANGES)] {
        let (kinesis, relay) = with_shards(2, &[("RELAY_AGGREGATION", aggregation)]);
        assert_eq!(answer(&relay, &payload).await, json!({"accepted": CHANGES}));
        let took = kinesis.requests().requests;
        assert!(requests.contains(&took), "{aggregation}: {took}");
        let stored = kinesis.records(STREAM);
        assert!(
            stored
                .iter()
                .all(|record| record.data.len() + record.partition_key.len() <= MIB)
        );
        let numbers: Vec<u64> = stored
            .iter()
            .flat_map(|record| split(&record.data).expect("it comes apart"))
            .map(|data| {
                Shop::decode(data).expect("a consumer reads it");
                let record = Record::parse(data).expect("it is a record");
                record.source.sequence.seq
            })
            .collect();
        assert_eq!(numbers, (1..=2_000).collect::<Vec<_>>());
    }
}
