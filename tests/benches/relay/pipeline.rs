//! Everything together: a real database, the relay as it is deployed, a stream.

use std::collections::HashMap;
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use aurora_trigger_gen::ChangeStream;
use aurora_trigger_gen::emit::{Configuration, install};
use aurora_trigger_gen::wire::Record;
use relay_lambda::local::{Kinesis, LambdaEndpoint, PostgresCluster, StoredRecord};
use storefront::Storefront;
use tokio_postgres::{Client, NoTls};

use crate::binary::{Binary, STREAM};
use crate::samples::Samples;

/// What was measured.
#[derive(Debug)]
pub(crate) struct Pipeline {
    /// Milliseconds from before the write to the record.
    pub(crate) latencies: Samples,
    /// Of rows of each of [`ROW_BYTES`].
    pub(crate) throughputs: Vec<Throughput>,
}

/// How many rows of one size went through.
#[derive(Debug)]
pub(crate) struct Throughput {
    /// What a row takes in its table, on average.
    row_bytes: f64,
    /// What its record takes in the stream, on average.
    record_bytes: usize,
    pub(crate) events_per_second: f64,
}

impl fmt::Display for Throughput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            row_bytes,
            record_bytes,
            events_per_second,
        } = self;
        write!(
            f,
            "{events_per_second:.0} events a second, {row_bytes:.0} bytes a row, {record_bytes} bytes a record"
        )
    }
}

/// The sizes that Sequin, a pipeline like this one, gives its figures for.
const ROW_BYTES: [usize; 3] = [100, 400, 1_600];

const PATIENCE: Duration = Duration::from_secs(120);
const ROWS: u32 = 1_000;
const SHARDS: usize = 2;

pub(crate) fn measure(binary: &Binary, changes: u32, statements: u32) -> Pipeline {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system gives one");
    runtime.block_on(async {
        let kinesis = Kinesis::start().expect("a port is free");
        kinesis.create_stream(STREAM, SHARDS).expect("it is new");
        let endpoint = LambdaEndpoint::builder()
            .concurrency(2)
            .start_bootstrap(binary.function(&kinesis))
            .expect("a port is free");
        let cluster = PostgresCluster::builder()
            .setting("autovacuum", "off")
            .start()
            .expect("PostgreSQL is installed");
        let database = prepared(&cluster, &endpoint).await;
        // The first call starts the relay.
        run(
            &database,
            "INSERT INTO public.testing_rds_trigger (id) VALUES (-1)",
        )
        .await;
        assert_eq!(kinesis.wait_for(STREAM, 1, PATIENCE).len(), 1);
        let latencies = latencies(&database, &kinesis, changes).await;
        let mut throughputs = Vec::new();
        for bytes in ROW_BYTES {
            throughputs.push(events_per_second(&database, &kinesis, statements, bytes).await);
        }
        Pipeline {
            latencies,
            throughputs,
        }
    })
}

async fn prepared(cluster: &PostgresCluster, endpoint: &LambdaEndpoint) -> Client {
    let (client, connection) =
        tokio_postgres::connect(&cluster.connection_string("postgres"), NoTls)
            .await
            .expect("the cluster takes connections");
    tokio::spawn(connection);
    run(&client, &endpoint.extension_sql()).await;
    run(&client, include_str!("../../storefront/schema.sql")).await;
    let configuration = Configuration {
        function: "relay".to_owned(),
        region: None,
    };
    run(&client, &install(Storefront::TABLES, Some(&configuration))).await;
    client
}

async fn run(client: &Client, sql: &str) {
    client
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
}

/// Two hundred one-row writes a second.
async fn latencies(database: &Client, kinesis: &Kinesis, changes: u32) -> Samples {
    eprintln!("latency …");
    drop(kinesis.take_records(STREAM));
    let insert = database
        .prepare(
            "INSERT INTO public.testing_rds_trigger (id, name, dob, category, company, age, salary) \
             VALUES ($1, 'First Last', '1980-02-03', 'category', 'Company', 42, 1234.5)",
        )
        .await
        .expect("the table is there");
    let records = kinesis.subscribe(STREAM).expect("it is there");
    let seen = thread::spawn(move || {
        let timed = |record| (Instant::now(), record);
        let wanted = usize::try_from(changes).expect("it is small");
        records.iter().map(timed).take(wanted).collect::<Vec<_>>()
    });
    let mut pace = tokio::time::interval(Duration::from_millis(5));
    let mut written = HashMap::new();
    for id in 0..i32::try_from(changes).expect("it is small") {
        pace.tick().await;
        written.insert(id, Instant::now());
        database
            .execute(&insert, &[&id])
            .await
            .expect("the row is fine");
    }
    let arrived = kinesis.wait_for(STREAM, written.len(), PATIENCE).len();
    assert_eq!(arrived, written.len(), "all have arrived");
    let mut samples = Samples::default();
    for (at, record) in seen.join().expect("it only listens") {
        samples.add((at - written[&id_of(&record)]).as_secs_f64() * 1000.0);
    }
    samples
}

fn id_of(record: &StoredRecord) -> i32 {
    #[derive(serde::Deserialize)]
    struct Key {
        id: i32,
    }

    let record = Record::parse(&record.data).expect("the relay writes records");
    let key = record.key.expect("it has a key").get();
    let Key { id } = serde_json::from_str(key).expect("it is the table's");
    id
}

/// What a row is made of beside its name: the header of 24 bytes, the other columns, what aligns them.
const REST_OF_A_ROW: usize = 84;

/// Events a second of statements of a thousand rows, each row of so many bytes in its table.
async fn events_per_second(
    database: &Client,
    kinesis: &Kinesis,
    statements: u32,
    bytes: usize,
) -> Throughput {
    eprintln!("throughput of rows of {bytes} bytes …");
    drop(kinesis.take_records(STREAM));
    run(database, "TRUNCATE public.testing_rds_trigger").await;
    let truncates = kinesis.wait_for(STREAM, SHARDS, PATIENCE);
    assert_eq!(truncates.len(), SHARDS, "each shard has the TRUNCATE");
    drop(kinesis.take_records(STREAM));
    let name = "x".repeat(bytes.saturating_sub(REST_OF_A_ROW));
    let start = Instant::now();
    for _ in 0..statements {
        run(
            database,
            &format!(
                "INSERT INTO public.testing_rds_trigger (id, name, dob, category, company, age, salary) \
                 SELECT n, '{name}', date '1960-01-01' + n % 16000, 'category ' || n % 10, \
                 'Company ' || n % 100, 18 + n % 50, 1000 + n * 1.1 FROM generate_series(1, {ROWS}) AS n"
            ),
        )
        .await;
    }
    let events = statements * ROWS;
    let wanted = usize::try_from(events).expect("it is small");
    let records = kinesis.wait_for(STREAM, wanted, PATIENCE);
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(records.len(), wanted, "all have arrived");
    let row_bytes: f64 = database
        .query_one(
            "SELECT avg(pg_column_size(t.*))::float8 FROM public.testing_rds_trigger AS t",
            &[],
        )
        .await
        .expect("the table is there")
        .get(0);
    let record_bytes: usize = records.iter().map(|record| record.data.len()).sum();
    Throughput {
        row_bytes,
        record_bytes: record_bytes / wanted,
        events_per_second: f64::from(events) / seconds,
    }
}
