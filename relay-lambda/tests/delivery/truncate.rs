//! TRUNCATE is of all keys, so it goes to every shard.

use aurora_trigger_gen::wire::{Operation, Record};
use serde_json::json;

use crate::calls::{STREAM, answer, with_shards};
use crate::shop::{order, payload};
use crate::stored::{numbers, seq};

#[tokio::test]
async fn a_truncate_is_in_every_shard_after_all_before_it_and_before_all_behind_it() {
    let (kinesis, relay) = with_shards(4, &[]);
    kinesis.faults().fail_share(30, 7);
    let mut events: Vec<String> = (1..=100).map(|seq| order(seq, seq)).collect();
    events.push(r#"{"seq":101,"op":"t"}"#.to_owned());
    events.extend((102..=201).map(|seq| order(seq, seq - 101)));
    let payload = payload("Event", &[("orders", &events)]);
    assert_eq!(answer(&relay, &payload).await, json!({"accepted": 201}));
    let records = kinesis.records(STREAM);
    assert_eq!(numbers(&records), (1..=201).collect());
    for shard in 0..4 {
        let in_shard = records.iter().filter(|record| record.shard == shard);
        let numbers: Vec<u64> = in_shard.map(seq).collect();
        let at = numbers.iter().position(|number| *number == 101);
        let at = at.expect("the TRUNCATE is in every shard");
        assert!(numbers[..at].iter().all(|number| *number < 101));
        assert!(numbers[at + 1..].iter().all(|number| *number > 101), "once");
    }
    let truncate = records.iter().find(|record| seq(record) == 101);
    let truncate = truncate.expect("it is there");
    let record = Record::parse(&truncate.data).expect("it is a record");
    assert_eq!(
        (record.operation, record.key.is_none()),
        (Operation::Truncate, true)
    );
}
