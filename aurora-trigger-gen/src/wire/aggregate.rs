//! The aggregation format of the Kinesis Producer Library: several records in one, as
//! <https://github.com/awslabs/kinesis-aggregation/blob/master/KPLAggregationFormat.md> describes it.

use std::error::Error;
use std::fmt;

use md5::{Digest, Md5};

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
const DIGEST: usize = 16;

// The tags of the protocol buffer: field number and wire type.
const PARTITION_KEY: u64 = 1 << 3 | LENGTH_DELIMITED;
const RECORD: u64 = 3 << 3 | LENGTH_DELIMITED;
const RECORD_PARTITION_KEY: u64 = 1 << 3 | VARINT;
const RECORD_DATA: u64 = 3 << 3 | LENGTH_DELIMITED;
const VARINT: u64 = 0;
const LENGTH_DELIMITED: u64 = 2;

/// Records of one partition key on their way into one record of the stream.
///
/// ```
/// use aurora_trigger_gen::wire::{Aggregate, split};
///
/// let mut aggregate = Aggregate::new("42");
/// aggregate.add(br#"{"op":"c"}"#);
/// aggregate.add(br#"{"op":"u"}"#);
///
/// let record = aggregate.finish();
/// assert_eq!(split(&record)?, [br#"{"op":"c"}"#, br#"{"op":"u"}"#]);
/// # Ok::<(), aurora_trigger_gen::wire::AggregateError>(())
/// ```
#[derive(Debug)]
pub struct Aggregate {
    bytes: Vec<u8>,
}

impl Aggregate {
    /// The most bytes that an aggregate adds to those of its `records`, with a partition key of so many bytes.
    #[must_use]
    pub fn overhead(records: usize, partition_key: usize) -> usize {
        // Tags take a byte each; a length takes five at most, since a record is below 2^32 bytes.
        MAGIC.len() + DIGEST + (1 + 5 + partition_key) + records * (1 + 5 + 2 + 1 + 5)
    }

    /// One without records.
    #[must_use]
    pub fn new(partition_key: &str) -> Self {
        let mut bytes = MAGIC.to_vec();
        write_bytes(&mut bytes, PARTITION_KEY, partition_key.as_bytes());
        Self { bytes }
    }

    /// Adds a record behind the others.
    pub fn add(&mut self, data: &[u8]) {
        let mut record = Vec::with_capacity(data.len() + 8);
        write_varint(&mut record, RECORD_PARTITION_KEY);
        write_varint(&mut record, 0);
        write_bytes(&mut record, RECORD_DATA, data);
        write_bytes(&mut self.bytes, RECORD, &record);
    }

    /// The record of the stream that holds them all.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let digest = Md5::digest(&self.bytes[MAGIC.len()..]);
        self.bytes.extend_from_slice(&digest);
        self.bytes
    }
}

fn write_varint(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let seven = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        if number == 0 {
            bytes.push(seven);
            return;
        }
        bytes.push(seven | 0x80);
    }
}

fn write_bytes(bytes: &mut Vec<u8>, tag: u64, content: &[u8]) {
    write_varint(bytes, tag);
    write_varint(
        bytes,
        u64::try_from(content.len()).expect("it is in memory"),
    );
    bytes.extend_from_slice(content);
}

/// A record that looks like an aggregate, and is none that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AggregateError {
    reason: &'static str,
}

impl fmt::Display for AggregateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this is no aggregate of records: {}", self.reason)
    }
}

impl Error for AggregateError {}

/// The change events in a record of the stream: one, unless the relay was told to aggregate
/// (`RELAY_AGGREGATION=hot-keys`).
///
/// It copies nothing, and takes memory for at most one reference per two bytes of the record.
///
/// ```
/// let record = br#"{"before":null}"#;
/// assert_eq!(aurora_trigger_gen::wire::split(record)?, [&record[..]]);
/// # Ok::<(), aurora_trigger_gen::wire::AggregateError>(())
/// ```
///
/// # Errors
///
/// A record that begins as an aggregate does and has the right checksum, but is none. One with another checksum is taken
/// for a record of its own, as the Kinesis Client Library does.
pub fn split(record: &[u8]) -> Result<Vec<&[u8]>, AggregateError> {
    let Some(rest) = record.strip_prefix(&MAGIC) else {
        return Ok(vec![record]);
    };
    let Some((message, digest)) = rest
        .len()
        .checked_sub(DIGEST)
        .and_then(|length| rest.split_at_checked(length))
    else {
        return Ok(vec![record]);
    };
    if Md5::digest(message).as_slice() != digest {
        return Ok(vec![record]);
    }
    let mut records = Vec::new();
    let mut message = Reader(message);
    while !message.0.is_empty() {
        if let (RECORD, Field::Bytes(record)) = message.field()? {
            records.push(data(record)?);
        }
    }
    Ok(records)
}

fn data(record: &[u8]) -> Result<&[u8], AggregateError> {
    let mut record = Reader(record);
    let mut found = None;
    while !record.0.is_empty() {
        if let (RECORD_DATA, Field::Bytes(data)) = record.field()? {
            found = Some(data);
        }
    }
    found.ok_or(AggregateError {
        reason: "a record without data",
    })
}

/// What is left of a message.
struct Reader<'a>(&'a [u8]);

enum Field<'a> {
    Number,
    Bytes(&'a [u8]),
}

impl<'a> Reader<'a> {
    fn field(&mut self) -> Result<(u64, Field<'a>), AggregateError> {
        let tag = self.varint()?;
        let content = match tag & 7 {
            VARINT => {
                self.varint()?;
                Field::Number
            }
            LENGTH_DELIMITED => {
                let cut = AggregateError {
                    reason: "it ends within a field",
                };
                let length = usize::try_from(self.varint()?).map_err(|_| cut.clone())?;
                let (content, rest) = self.0.split_at_checked(length).ok_or(cut)?;
                self.0 = rest;
                Field::Bytes(content)
            }
            _ => {
                return Err(AggregateError {
                    reason: "a field of a kind that it has not",
                });
            }
        };
        Ok((tag, content))
    }

    fn varint(&mut self) -> Result<u64, AggregateError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let Some((&byte, rest)) = self.0.split_first() else {
                return Err(AggregateError {
                    reason: "it ends within a number",
                });
            };
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(AggregateError {
            reason: "a number of more than 64 bits",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_together_comes_apart() {
        let long = vec![b'x'; 300];
        let records = [b"{}".as_slice(), &long, b""];
        let mut aggregate = Aggregate::new("key");
        for record in records {
            aggregate.add(record);
        }
        let bytes = aggregate.finish();
        let data: usize = records.iter().map(|record| record.len()).sum();
        assert!(bytes.len() <= data + Aggregate::overhead(records.len(), "key".len()));
        assert_eq!(split(&bytes).expect("it is an aggregate"), records);
    }

    /// Byte by byte, by the description of the format.
    #[test]
    fn an_aggregate_is_as_the_format_says() {
        let mut aggregate = Aggregate::new("k");
        aggregate.add(b"ab");
        let bytes = aggregate.finish();
        let message = [
            0x0a, 1, b'k', // partition_key_table
            0x1a, 6, 0x08, 0, 0x1a, 2, b'a', b'b', // records: partition_key_index, data
        ];
        assert_eq!(bytes[..4], MAGIC);
        assert_eq!(bytes[4..4 + message.len()], message);
        assert_eq!(bytes[4 + message.len()..], Md5::digest(message)[..]);
    }

    #[test]
    fn what_is_no_aggregate_is_one_record_or_an_error() {
        let mut damaged = Aggregate::new("k");
        damaged.add(b"ab");
        let mut damaged = damaged.finish();
        *damaged.last_mut().expect("it has a digest") ^= 1;
        for record in [&damaged[..], &MAGIC, b"", b"{}"] {
            assert_eq!(split(record).expect("a record of its own"), [record]);
        }
        for message in [
            &[0x1a, 5, 0x08][..],
            &[0x1a, 2, 0x08, 0],
            &[0x80],
            &[0xff; 11],
            &[0x0d, 0, 0, 0, 0],
        ] {
            let mut record = MAGIC.to_vec();
            record.extend_from_slice(message);
            record.extend_from_slice(&Md5::digest(message));
            split(&record).expect_err("it has the right digest and is no message");
        }
    }
}
