use std::time::SystemTime;

/// A record as a [`Kinesis`](super::Kinesis) holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredRecord {
    /// The shard, counted from 0: 1 is `shardId-000000000001`.
    pub shard: usize,
    /// A decimal number of 56 digits that grows with each record of the stream, so comparing two as
    /// texts says which came first.
    pub sequence_number: String,
    /// As the producer gave it.
    pub partition_key: String,
    /// The data blob, decoded.
    pub data: Vec<u8>,
    /// When the record came in, in whole milliseconds.
    pub arrival: SystemTime,
}
