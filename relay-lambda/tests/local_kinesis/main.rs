//! What the clients of the local Kinesis get, by the SDK that the relay uses.

mod client;
mod consumer;
mod faults;
mod hash_keys;
mod limits;
mod reading;
mod service;
mod streams;
mod watching;

use std::time::Duration;

const STREAM: &str = "events";
const SOON: Duration = Duration::from_secs(10);
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

const THROTTLED: &str = "ProvisionedThroughputExceededException";
