//! Which shard a record belongs to, and how shards and places in them are written.

use std::fmt::{self, Display};

use md5::{Digest, Md5};
use serde::{Serialize, Serializer};

/// The 128-bit numbers that keys are hashed to, split evenly among the shards of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct HashKeys {
    shards: usize,
    width: u128,
}

impl HashKeys {
    /// The split among this many shards, of which there is at least one.
    pub(super) fn split(shards: usize) -> HashKeys {
        let count = shards as u128;
        // 2^128 / count: the dividend is one more than fits. For a single shard the quotient is too,
        // and then any width does.
        let whole = u128::MAX / count;
        let width = if u128::MAX % count == count - 1 {
            whole.saturating_add(1)
        } else {
            whole
        };
        HashKeys { shards, width }
    }

    pub(super) fn shards(&self) -> usize {
        self.shards
    }

    /// The shard that this hash key falls to.
    pub(super) fn shard_of(&self, hash_key: u128) -> usize {
        let last = self.shards - 1;
        usize::try_from(hash_key / self.width).map_or(last, |shard| shard.min(last))
    }

    /// The first and the last hash key of a shard. The last shard takes what the division leaves.
    pub(super) fn range_of(&self, shard: usize) -> (u128, u128) {
        let start = shard as u128 * self.width;
        if shard + 1 == self.shards {
            (start, u128::MAX)
        } else {
            (start, start + (self.width - 1))
        }
    }
}

/// The hash key of a partition key.
pub(super) fn hash_key(partition_key: &str) -> u128 {
    u128::from_be_bytes(Md5::digest(partition_key).into())
}

/// A shard, as the service writes its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShardId(pub(super) usize);

impl ShardId {
    pub(super) fn parse(text: &str) -> Option<ShardId> {
        let shard = ShardId(text.strip_prefix("shardId-")?.parse().ok()?);
        (shard.to_string() == text).then_some(shard)
    }
}

impl Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shardId-{:012}", self.0)
    }
}

impl Serialize for ShardId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A sequence number: how many records the stream had taken when this one was in. 0 is before the
/// first.
#[derive(Debug, Clone, Copy)]
pub(super) struct SequenceNumber(pub(super) usize);

impl SequenceNumber {
    pub(super) fn parse(text: &str) -> Option<SequenceNumber> {
        let number = SequenceNumber(text.strip_prefix("49")?.parse().ok()?);
        (number.to_string() == text).then_some(number)
    }
}

impl Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As long as the real ones, and all of one length.
        write!(f, "49{:054}", self.0)
    }
}

impl Serialize for SequenceNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_split_covers_all_hash_keys_without_gaps() {
        for shards in [1, 2, 3, 4, 5, 7, 8, 100, 257, 1000] {
            let keys = HashKeys::split(shards);
            let mut next = Some(0);
            for shard in 0..shards {
                let (first, last) = keys.range_of(shard);
                assert_eq!(Some(first), next, "shard {shard} of {shards}");
                assert_eq!(keys.shard_of(first), shard, "shard {shard} of {shards}");
                assert_eq!(keys.shard_of(last), shard, "shard {shard} of {shards}");
                next = last.checked_add(1);
            }
            assert_eq!(next, None, "{shards} shards");
        }
    }

    #[test]
    fn only_what_is_written_here_is_read_back() {
        assert_eq!(
            ShardId::parse("shardId-000000000012").map(|shard| shard.0),
            Some(12)
        );
        assert!(ShardId::parse("shardId-12").is_none());
        assert!(ShardId::parse("shardId-0000000000+1").is_none());
        let number = SequenceNumber(12).to_string();
        assert_eq!(number.len(), 56);
        assert_eq!(
            SequenceNumber::parse(&number).map(|number| number.0),
            Some(12)
        );
        assert!(SequenceNumber::parse("12").is_none());
        assert!(SequenceNumber::parse("4912").is_none());
    }
}
