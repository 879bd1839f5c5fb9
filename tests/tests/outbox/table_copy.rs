//! The consumer that keeps a copy of a table, in two processes that restart, over shards with records that come twice, of
//! other programs and of a newer relay: the copy equals the table.

#[path = "../../storefront/consumer/examples/table_copy.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "an example is a program of its own"
)]
mod example;

use std::collections::BTreeMap;

use aurora_trigger_gen::describe::{Delivery, Operations};
use aurora_trigger_gen::wire::{Aggregate, Record};
use aurora_trigger_gen::{Deduplicator, StreamTrigger};
use fastrand::Rng;
use pipeline_tests::{Call, Pipeline};
use storefront::{Customer, Storefront};
use tokio_postgres::Client;

use crate::run;

const SHARDS: usize = 4;
const COPY: &str = "
    CREATE SCHEMA copy;
    CREATE TABLE copy.customers (
        id bigint PRIMARY KEY, name text NOT NULL, epoch bigint NOT NULL, seq bigint NOT NULL
    );
";
const ALL: Operations = Operations {
    insert: true,
    update: true,
    delete: true,
    truncate: true,
};

/// A record of a shard. A newer relay's is one that this consumer can read after its next deployment.
#[derive(Clone)]
enum Shown {
    Now(Vec<u8>),
    AfterADeployment(Vec<u8>),
}

#[tokio::test]
async fn a_copy_of_a_table_equals_the_table_whatever_happens_to_its_consumers() {
    let customers = Customer::TABLE
        .with_delivery(Delivery::Outbox)
        .with_operations(ALL);
    let schema = include_str!("../../storefront/schema.sql");
    let pipeline = Pipeline::installed(&format!("{schema}{COPY}"), &[&customers]).await;
    let session = pipeline.session().await;
    run(
        &session,
        "ALTER TABLE sales.customers ALTER id RESTART WITH 1000",
    )
    .await;
    for seed in 0..10 {
        let mut random = Rng::with_seed(seed);
        run(
            &session,
            "TRUNCATE sales.customers CASCADE; TRUNCATE copy.customers",
        )
        .await;
        write(&pipeline, &session, &mut random).await;
        let shards = shards(&pipeline.take_calls(), &mut random);
        consume(&session, &shards, &mut random).await;
        let table = rows(&session, "sales.customers").await;
        assert_eq!(rows(&session, "copy.customers").await, table, "seed {seed}");
    }
}

/// Writes with a TRUNCATE in between, and drains now and then, so that rows are in several calls.
async fn write(pipeline: &Pipeline, session: &Client, random: &mut Rng) {
    for number in 0..120 {
        let id = random.u32(1..30);
        let statement = match random.u32(0..20) {
            0..10 => format!(
                "INSERT INTO sales.customers (id, name, email) OVERRIDING SYSTEM VALUE
                 VALUES ({id}, 'n {number}', 'e') ON CONFLICT (id) DO NOTHING"
            ),
            10..15 => format!("UPDATE sales.customers SET name = 'n {number}' WHERE id <= {id}"),
            15..17 => format!("DELETE FROM sales.customers WHERE id = {id}"),
            17 => {
                format!("UPDATE sales.customers SET id = DEFAULT, name = 'moved' WHERE id = {id}")
            }
            18 => "TRUNCATE sales.customers CASCADE".to_owned(),
            _ => {
                pipeline.drain().await;
                continue;
            }
        };
        run(session, &statement).await;
    }
    pipeline.drain().await;
}

/// The records of the relay, each in the shard of its key, a TRUNCATE in all of them; and strangers among them.
fn shards(calls: &[Call], random: &mut Rng) -> Vec<Vec<Shown>> {
    let mut shards: Vec<Vec<Vec<u8>>> = vec![Vec::new(); SHARDS];
    for call in calls {
        let relayed = relay_lambda::relay::<Storefront>(call.payload.as_bytes(), 0)
            .expect("the database sends payloads");
        assert_eq!(relayed.refused, []);
        for record in relayed.records {
            let is_of_a_row = Record::parse(&record.data)
                .expect("the relay writes records")
                .key
                .is_some();
            let of_key = record.partition_key.bytes().map(usize::from).sum::<usize>() % SHARDS;
            for (shard, records) in shards.iter_mut().enumerate() {
                if !is_of_a_row || shard == of_key {
                    records.push(record.data.clone());
                }
            }
        }
    }
    shards
        .into_iter()
        .map(|records| with_strangers(records, random))
        .collect()
}

fn with_strangers(records: Vec<Vec<u8>>, random: &mut Rng) -> Vec<Shown> {
    let mut shown = Vec::new();
    let mut records = records.into_iter();
    while let Some(record) = records.next() {
        match random.u32(0..12) {
            0 => {
                shown.push(Shown::Now(b"a line of another program".to_vec()));
                shown.push(Shown::Now(record));
            }
            1 => {
                let mut aggregate = Aggregate::new("1");
                aggregate.add(&record);
                aggregate.add(b"{}");
                if let Some(next) = records.next() {
                    aggregate.add(&next);
                }
                shown.push(Shown::Now(aggregate.finish()));
            }
            2 => shown.push(Shown::AfterADeployment(record)),
            _ => shown.push(Shown::Now(record)),
        }
    }
    shown
}

/// Two processes, each with two shards, in any order. Some batches fail in the middle, some are handed out again, and a
/// process can restart and forget what it has had.
async fn consume(copy: &Client, shards: &[Vec<Shown>], random: &mut Rng) {
    let mut at = [0; SHARDS];
    let mut processes: Vec<Deduplicator<Storefront>> =
        (0..2).map(|_| Deduplicator::new(1000)).collect();
    let mut is_deployed = false;
    let mut failures = 0;
    while (0..SHARDS).any(|shard| at[shard] < shards[shard].len()) {
        let shard = random.usize(0..SHARDS);
        let process = &mut processes[shard % 2];
        if random.u32(0..10) == 0 {
            *process = Deduplicator::new(1000);
        }
        let batch = &shards[shard][at[shard]..];
        let batch = &batch[..batch.len().min(random.usize(1..8))];
        let fails_at = random.usize(0..20);
        let mut done = 0;
        for (number, record) in batch.iter().enumerate() {
            if number == fails_at || take(process, copy, record, is_deployed).await.is_err() {
                failures += 1;
                is_deployed = is_deployed || failures > 60;
                break;
            }
            done = number + 1;
        }
        // Its answer is lost now and then, and the whole batch comes again.
        if random.u32(0..8) > 0 {
            at[shard] += done;
        }
    }
    assert!(failures > 60, "the newer relay's records were waited for");
}

async fn take(
    process: &mut Deduplicator<Storefront>,
    copy: &Client,
    record: &Shown,
    is_deployed: bool,
) -> anyhow::Result<()> {
    let data = match record {
        Shown::Now(data) => data.clone(),
        Shown::AfterADeployment(data) if is_deployed => data.clone(),
        Shown::AfterADeployment(data) => {
            let text = String::from_utf8(data.clone())?;
            let place = text.rfind(r#""op":""#).expect("a record has one") + 6;
            [&text[..place], "m", &text[place + 1..]]
                .concat()
                .into_bytes()
        }
    };
    let mut changes = process.changes(&data)?;
    example::copy(&mut changes, copy).await
}

async fn rows(session: &Client, table: &str) -> BTreeMap<i64, String> {
    let rows = session
        .query(&format!("SELECT id, name FROM {table}"), &[])
        .await
        .expect("the table is there");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}
