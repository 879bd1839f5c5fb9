//! The local stand-in for Kinesis Data Streams.

mod api;
mod error;
mod fault;
mod record;
mod shard;
mod store;
mod stream;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

pub use fault::{KinesisFault, KinesisFaults};
pub use record::StoredRecord;

use super::service_thread::ServiceThread;
use store::Store;

/// A Kinesis for the AWS SDKs and the AWS command line, for as long as the value lives.
///
/// It speaks AWS JSON 1.1 over HTTP on 127.0.0.1 only, and runs on a thread of its own, so a test needs
/// no async runtime for it. Region, credentials and signatures may be any: nothing checks them. What
/// has landed is in memory and can be looked at without the network.
///
/// The operations: `CreateStream`, `DeleteStream`, `DescribeStream`, `DescribeStreamSummary`,
/// `ListShards`, `ListStreams`, `UpdateMaxRecordSize`, `PutRecord`, `PutRecords`, `GetShardIterator`
/// (not by time) and `GetRecords`. Any other is refused with `UnknownOperationException`.
///
/// A record goes to the shard that the MD5 of its partition key says, or its explicit hash key; the
/// shards split the 128-bit range evenly. The limits are those of the service:
///
/// | what | limit | over it |
/// | --- | --- | --- |
/// | entries of a `PutRecords` | 500 | `ValidationException`, none lands |
/// | their bytes, keys included | 10 MiB | `InvalidArgumentException`, none lands |
/// | a record with its key | 1 MiB, up to 10 MiB by `MaxRecordSizeInKiB` | `ValidationException`, none lands |
/// | a partition key | 1 to 256 characters | `ValidationException`, none lands |
/// | a `GetRecords` | 10,000 records, 10 MiB | the rest comes with the next one |
/// | a shard, with [`with_shard_limits`](Kinesis::with_shard_limits) only | 1,000 records, 1 MiB a second | `ProvisionedThroughputExceededException` for the entry; the others land |
///
/// Where it differs from AWS: a stream is active as soon as it is created and gone as soon as it is
/// deleted. Shards are never split or merged, also not those of an on-demand stream, so filters of
/// `ListShards` are passed over. ARNs have the region `us-east-1` and the account `000000000000`; of
/// one that comes in only the name counts. Reading has no rate limit, iterators do not expire. Sequence
/// numbers grow through the whole stream, rather than for each shard. Records are kept until the value
/// is dropped, however much memory they take: [`take_records`](Kinesis::take_records) makes room.
///
/// ```no_run
/// use std::time::Duration;
///
/// use relay_lambda::local::{Kinesis, KinesisFault};
///
/// # fn main() -> std::io::Result<()> {
/// let kinesis = Kinesis::start()?;
/// kinesis.create_stream("events", 4)?;
///
/// // Give this to the client under test.
/// println!("{}", kinesis.endpoint_url());
///
/// // What does it do when the first request fails?
/// kinesis.faults().fail_next(1, KinesisFault::InternalFailure);
///
/// for record in kinesis.wait_for("events", 3, Duration::from_secs(10)) {
///     println!("{} in shard {}", record.partition_key, record.shard);
/// }
/// # Ok(())
/// # }
/// ```
///
/// By the command line:
///
/// ```sh
/// export AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_REGION=eu-west-1
/// aws --endpoint-url http://127.0.0.1:4567 kinesis list-streams
/// ```
#[derive(Debug)]
pub struct Kinesis {
    port: u16,
    store: Arc<Store>,
    _thread: ServiceThread,
}

/// How many `PutRecord` and `PutRecords` have come that were well formed, those that were made to fail
/// included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutRequests {
    /// The requests.
    pub requests: usize,
    /// The entries of all of them: one for a `PutRecord`.
    pub entries: usize,
}

impl Kinesis {
    /// Starts one without streams, on a free port.
    ///
    /// # Errors
    ///
    /// When the operating system gives no port or no thread.
    pub fn start() -> io::Result<Kinesis> {
        Kinesis::start_on_port(0)
    }

    /// As [`Kinesis::start`], on a port of your choice: one that a client is already configured for,
    /// say, after the last one has gone. What that one held has gone with it.
    ///
    /// ```no_run
    /// # use relay_lambda::local::Kinesis;
    /// let kinesis = Kinesis::start_on_port(4567)?;
    ///
    /// assert_eq!(kinesis.endpoint_url(), "http://127.0.0.1:4567");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the port is taken, or the operating system gives no thread.
    pub fn start_on_port(port: u16) -> io::Result<Kinesis> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let store = Arc::new(Store::default());
        let served = Arc::clone(&store);
        let thread = ServiceThread::start("kinesis", move |stopped| {
            wire::serve(listener, served, stopped)
        })?;
        Ok(Kinesis {
            port,
            store,
            _thread: thread,
        })
    }

    /// Lets each shard take 1,000 records and 1 MiB a second, keys included, as the service does. A
    /// second begins with the first record after the last one. What is over it fails alone. A record
    /// that is larger than 1 MiB lands when it is the first of its second.
    ///
    /// ```no_run
    /// # use relay_lambda::local::Kinesis;
    /// let kinesis = Kinesis::start()?.with_shard_limits();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn with_shard_limits(self) -> Kinesis {
        self.store.limit_shards();
        self
    }

    /// The URL that a client takes as its endpoint.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The handle by which requests and entries are made to fail. It can be cloned and used from
    /// anywhere.
    #[must_use]
    pub fn faults(&self) -> &KinesisFaults {
        &self.store.faults
    }

    /// Creates a stream, provisioned with this many shards and for records of up to 1 MiB.
    ///
    /// # Errors
    ///
    /// When there is one of this name, when the service takes no such name, and when the number of
    /// shards is 0 or over 20,000.
    pub fn create_stream(&self, name: &str, shards: usize) -> io::Result<()> {
        api::add_provisioned(&self.store, name, shards).map_err(io::Error::from)
    }

    /// Copies of all records of a stream, in the order in which they came: none when there is no such
    /// stream.
    #[must_use]
    pub fn records(&self, name: &str) -> Vec<StoredRecord> {
        self.store.records(name)
    }

    /// Takes all records out of a stream, in the order in which they came: none when there is no such
    /// stream. Who reads the stream does not find them any more. Sequence numbers go on from where
    /// they were.
    #[must_use]
    pub fn take_records(&self, name: &str) -> Vec<StoredRecord> {
        self.store.take_records(name)
    }

    /// Waits until a stream holds at least this many records and gives copies of all, as
    /// [`records`](Kinesis::records) does. After `timeout` it gives those that are there.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use relay_lambda::local::Kinesis;
    /// # let kinesis = Kinesis::start()?;
    /// let records = kinesis.wait_for("events", 3, Duration::from_secs(10));
    ///
    /// assert_eq!(records.len(), 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn wait_for(&self, name: &str, count: usize, timeout: Duration) -> Vec<StoredRecord> {
        self.store.wait_for(name, count, timeout)
    }

    /// A channel that gets a copy of each record of a stream: first of those that are there, then of
    /// each as it comes. It closes when the stream or this value has gone.
    ///
    /// ```no_run
    /// # use relay_lambda::local::Kinesis;
    /// # let kinesis = Kinesis::start()?;
    /// kinesis.create_stream("events", 1)?;
    ///
    /// for record in kinesis.subscribe("events")? {
    ///     println!("{}", String::from_utf8_lossy(&record.data));
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there is no such stream.
    pub fn subscribe(&self, name: &str) -> io::Result<Receiver<StoredRecord>> {
        self.store.subscribe(name)
    }

    /// How much producers have asked for since the start.
    #[must_use]
    pub fn requests(&self) -> PutRequests {
        self.store.counted()
    }
}
