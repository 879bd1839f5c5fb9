//! The whole pipeline on one machine: rows change in a real PostgreSQL, and arrive as typed values.

mod print;
mod story;

use std::collections::HashSet;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use aurora_trigger_gen::ChangeStream;
use aurora_trigger_gen::wire::{Operation, Record};
use clap::Parser;
use relay_lambda::local::{LocalRelay, PostgresCluster, StoredRecord};
use storefront::Storefront;
use tokio::time::sleep;
use tokio_postgres::{Client, NoTls};

/// Run the pipeline of the reference app: database, triggers, relay, stream, typed changes.
///
/// It starts a PostgreSQL of its own, which goes away with it, and touches no other.
#[derive(Debug, Parser)]
#[command(name = "pipeline", version, max_term_width = 100)]
struct CommandLine {
    /// Leave it running after the story, print how to write and read, and each change as it comes.
    #[arg(long)]
    keep: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let line = CommandLine::parse();
    match run(line.keep).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", with_causes(&*error));
            ExitCode::from(2)
        }
    }
}

async fn run(keep: bool) -> Result<(), Box<dyn Error>> {
    eprintln!("starting PostgreSQL …");
    let cluster = PostgresCluster::start()?;
    let written = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&written);
    let relay = LocalRelay::<Storefront>::start("storefront", 2, move |_, handled| {
        counted.fetch_add(handled.metrics.written, Ordering::SeqCst);
        if let Err(error) = &handled.answer {
            eprintln!("a call failed: {error}");
        }
    })?;
    let database = connect(&cluster).await?;
    database
        .batch_execute(include_str!("../../../storefront/schema.sql"))
        .await?;
    database.batch_execute(&relay.sql()).await?;
    let version: String = database.query_one("SHOW server_version", &[]).await?.get(0);
    println!(
        "PostgreSQL {version} on port {}, the triggers of {} tables, their relay, and a Kinesis stream.\n",
        cluster.port(),
        Storefront::TABLES.len()
    );
    let mut consumer = Consumer {
        records: relay.kinesis().subscribe(relay.stream())?,
        seen: HashSet::new(),
    };
    tell(&database, &relay, &written, &mut consumer).await?;
    if keep {
        println!("\nIt is still there. Write something, and see it here; Ctrl-C ends it:\n");
        println!("    psql {}\n", cluster.database_url("postgres"));
        println!("The stream, with any region and keys:\n");
        println!(
            "    aws --endpoint-url {} kinesis describe-stream --stream-name {}\n",
            relay.kinesis().endpoint_url(),
            relay.stream()
        );
        loop {
            let has_more = drain(&database).await?;
            while let Ok(record) = consumer.records.try_recv() {
                consumer.read(&record)?;
            }
            if !has_more {
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
    Ok(())
}

/// Sends what waits in the outbox: whether there is more to do.
async fn drain(database: &Client) -> Result<bool, tokio_postgres::Error> {
    let row = database
        .query_one("SELECT aurora_trigger.drain()", &[])
        .await?;
    Ok(row.get(0))
}

/// Runs the story, statement by statement, and prints what each of them sent.
async fn tell(
    database: &Client,
    relay: &LocalRelay<Storefront>,
    written: &AtomicU64,
    consumer: &mut Consumer,
) -> Result<(), Box<dyn Error>> {
    for chapter in story::CHAPTERS {
        println!("{}", chapter.title);
        for line in chapter.sql.lines() {
            println!("    {line}");
        }
        let result = database.batch_execute(chapter.sql).await;
        match (&result, chapter.refused) {
            (Ok(()), false) => {}
            (Err(error), true) => {
                let message = error.as_db_error().map_or("", |error| error.message());
                println!("  ✗ {message}");
                database.batch_execute("ROLLBACK").await?;
            }
            (Ok(()), true) => return Err("the story expects this write to fail".into()),
            (Err(_), false) => result?,
        }
        while drain(database).await? {}
        // Calls that nobody waits for may still be on their way.
        if !relay.endpoint().wait_until_idle(Duration::from_secs(10)) {
            return Err("the relay does not come to an end".into());
        }
        let before = consumer.seen.len();
        consumer.read_all()?;
        if consumer.seen.len() == before {
            println!("  · nothing was sent");
        }
        println!();
    }
    let total = consumer.seen.len();
    if u64::try_from(total)? != written.load(Ordering::SeqCst) {
        return Err("the stream does not hold what the relay has written".into());
    }
    println!(
        "{total} changes of {} tables went through the relay and arrived as typed values.",
        Storefront::TABLES.len()
    );
    Ok(())
}

/// Who reads the stream.
struct Consumer {
    records: Receiver<StoredRecord>,
    /// The changes that it has had, by id: a TRUNCATE comes once for each shard.
    seen: HashSet<String>,
}

impl Consumer {
    /// Reads what is there, in the order of the changes: calls that nobody waits for may overtake each other.
    fn read_all(&mut self) -> Result<(), Box<dyn Error>> {
        let mut records = Vec::new();
        for stored in self.records.try_iter() {
            records.push((Record::parse(&stored.data)?.source.sequence, stored));
        }
        records.sort_by_key(|(sequence, _)| *sequence);
        records.iter().try_for_each(|(_, stored)| self.read(stored))
    }

    fn read(&mut self, stored: &StoredRecord) -> Result<(), Box<dyn Error>> {
        let record = Record::parse(&stored.data)?;
        if self.seen.insert(record.id.to_string()) {
            print::change(&Storefront::from_record(&record)?);
        } else if record.operation == Operation::Truncate {
            println!("    … in another shard too, so that whoever reads only that one knows");
        }
        Ok(())
    }
}

/// An error and what caused it: of the database's errors the outer one only says that it is one.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

async fn connect(cluster: &PostgresCluster) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) =
        tokio_postgres::connect(&cluster.connection_string("postgres"), NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
