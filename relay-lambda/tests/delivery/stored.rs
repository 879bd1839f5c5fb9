//! What is in the stream, as a consumer sees it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aurora_trigger_gen::ChangeStream;
use aurora_trigger_gen::wire::Record;
use relay_lambda::local::StoredRecord;

use crate::shop::Shop;

pub(crate) fn seq(record: &StoredRecord) -> u64 {
    Shop::decode(&record.data).expect("a consumer reads it");
    let record = Record::parse(&record.data).expect("it is a record");
    record.source.sequence.seq
}

pub(crate) fn numbers(records: &[StoredRecord]) -> BTreeSet<u64> {
    records.iter().map(seq).collect()
}

/// What a consumer that drops what it has had is left with, by partition key, and how many it dropped.
pub(crate) fn first_occurrences(records: &[StoredRecord]) -> (BTreeMap<&str, Vec<u64>>, usize) {
    let mut seen = BTreeSet::new();
    let mut shards = HashMap::new();
    let mut kept: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for stored in records {
        let shard = shards.entry(&stored.partition_key).or_insert(stored.shard);
        assert_eq!(*shard, stored.shard, "a key has one shard");
        let record = Record::parse(&stored.data).expect("it is a record");
        if seen.insert(record.id.into_owned()) {
            let seq = record.source.sequence.seq;
            kept.entry(&stored.partition_key).or_default().push(seq);
        }
    }
    (kept, records.len() - seen.len())
}

pub(crate) fn assert_in_order(records: &[StoredRecord]) {
    for (key, numbers) in first_occurrences(records).0 {
        assert!(numbers.is_sorted(), "{key}: {numbers:?}");
    }
}
