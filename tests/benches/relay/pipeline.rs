//! Everything together: a real database, the relay as it is deployed, a stream.

use std::collections::HashMap;
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
    pub(crate) events_per_second: f64,
}

const PATIENCE: Duration = Duration::from_secs(120);
const ROWS: u32 = 1_000;

pub(crate) fn measure(binary: &Binary, changes: u32, statements: u32) -> Pipeline {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system gives one");
    runtime.block_on(async {
        let kinesis = Kinesis::start().expect("a port is free");
        kinesis.create_stream(STREAM, 2).expect("it is new");
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
        Pipeline {
            latencies: latencies(&database, &kinesis, changes).await,
            events_per_second: events_per_second(&database, &kinesis, statements).await,
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

async fn events_per_second(database: &Client, kinesis: &Kinesis, statements: u32) -> f64 {
    eprintln!("throughput …");
    drop(kinesis.take_records(STREAM));
    let start = Instant::now();
    for _ in 0..statements {
        run(
            database,
            &format!(
                "INSERT INTO public.testing_rds_trigger (id, name, dob, category, company, age, salary) \
                 SELECT n, 'First Last ' || n, date '1960-01-01' + n % 16000, 'category ' || n % 10, \
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
    f64::from(events) / seconds
}
