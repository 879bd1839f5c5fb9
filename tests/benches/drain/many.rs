//! Many captured tables in one database.

use std::time::{Duration, Instant};

use aurora_trigger_gen::StreamTrigger as _;
use aurora_trigger_gen::describe::{Delivery, TableDesc};
use aurora_trigger_gen::emit::{self, Configuration};
use tokio_postgres::Client;

use crate::database::{Database, run};
use crate::structs::Person;

/// The number of writes that are timed together, and of drains.
const TIMES: u32 = 200;

/// The times of databases with different numbers of tables.
pub(crate) struct Many(Vec<Times>);

struct Times {
    tables: usize,
    installation: Duration,
    /// The same file once more.
    again: Duration,
    /// A drain that finds nothing.
    drain: Duration,
    /// An INSERT of one row.
    write: Duration,
}

pub(crate) async fn measure(database: &Database, counts: &[usize]) -> Many {
    let mut times = Vec::new();
    for tables in counts {
        eprintln!("{tables} captured tables");
        let session = database.create_beside(&format!("of_{tables}")).await;
        times.push(measure_one(&session, *tables).await);
    }
    Many(times)
}

async fn measure_one(session: &Client, tables: usize) -> Times {
    let names: Vec<String> = (1..=tables)
        .map(|table| format!("people_{table}"))
        .collect();
    let ddl = include_str!("../write_path/table.sql");
    for name in &names {
        run(session, &ddl.replace("testing_rds_trigger", name)).await;
    }
    let tables: Vec<TableDesc> = names.iter().map(|name| called(name)).collect();
    let configuration = Configuration {
        function: "relay".to_owned(),
        region: None,
    };
    let installation = emit::install(&tables.iter().collect::<Vec<_>>(), Some(&configuration));
    let [installed, again] = [
        timed(session, &installation, 1).await,
        timed(session, &installation, 1).await,
    ];
    let insert = format!(
        "DO $body$
        BEGIN
            FOR number IN 1..{TIMES} LOOP
                INSERT INTO public.people_1 (id, name) VALUES (number, 'First Last');
            END LOOP;
        END
        $body$"
    );
    // Once for the plans.
    run(session, &insert).await;
    let write = timed(session, &insert, TIMES).await;
    run(session, "CALL aurora_trigger.drain_all()").await;
    let start = Instant::now();
    for _ in 0..TIMES {
        run(session, "SELECT aurora_trigger.drain()").await;
    }
    Times {
        tables: tables.len(),
        installation: installed,
        again,
        drain: start.elapsed() / TIMES,
        write,
    }
}

/// The time of each of so many that the statement does.
async fn timed(session: &Client, sql: &str, times: u32) -> Duration {
    let start = Instant::now();
    run(session, sql).await;
    start.elapsed() / times
}

fn called(name: &str) -> TableDesc {
    TableDesc::new(
        Person::TABLE.rust_path(),
        Person::TABLE.schema(),
        Box::leak(name.to_owned().into_boxed_str()),
        Person::TABLE.columns(),
        Person::TABLE.key(),
        Delivery::Outbox,
    )
}

impl Many {
    pub(crate) fn print(&self) {
        println!(
            "Captured tables  installation, ms  again, ms  empty drain, µs  one-row INSERT, µs"
        );
        for times in &self.0 {
            println!(
                "{:>15}  {:>16}  {:>9}  {:>15}  {:>18.1}",
                times.tables,
                times.installation.as_millis(),
                times.again.as_millis(),
                times.drain.as_micros(),
                times.write.as_secs_f64() * 1_000_000.0
            );
        }
        println!();
    }
}
