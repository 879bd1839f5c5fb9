//! The whole pipeline on one machine: rows change in a real PostgreSQL, and arrive as typed values.

mod print;
mod story;

use std::error::Error;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::time::{SystemTime, UNIX_EPOCH};

use aurora_trigger_gen::ChangeStream;
use aurora_trigger_gen::emit::{Configuration, install};
use clap::Parser;
use relay_lambda::local::{LambdaEndpoint, PostgresCluster};
use storefront::Storefront;
use tokio_postgres::{Client, NoTls};

/// Run the pipeline of the reference app: database, triggers, relay, typed changes.
///
/// It starts a PostgreSQL of its own, which goes away with it, and touches no other.
#[derive(Debug, Parser)]
#[command(name = "pipeline", version, max_term_width = 100)]
struct CommandLine {
    /// Leave it running after the story, print a psql line to play with, and each change as it comes.
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
    let (sender, changes) = channel();
    let endpoint = LambdaEndpoint::start(move |invocation| {
        let relayed = relay_lambda::relay::<Storefront>(invocation.payload.as_bytes(), now_ms())?;
        let answer = relayed.answer();
        for refused in &relayed.refused {
            eprintln!("refused: event {:?}: {}", refused.seq, refused.reason);
        }
        for record in &relayed.records {
            sender.send(Storefront::decode(&record.data)?)?;
        }
        Ok(answer)
    })?;
    let database = connect(&cluster).await?;
    database.batch_execute(&endpoint.extension_sql()).await?;
    database
        .batch_execute(include_str!("../../../storefront/schema.sql"))
        .await?;
    let configuration = Configuration {
        function: "storefront-relay".to_owned(),
        region: None,
    };
    database
        .batch_execute(&install(Storefront::TABLES, Some(&configuration)))
        .await?;
    let version: String = database.query_one("SHOW server_version", &[]).await?.get(0);
    println!(
        "PostgreSQL {version} on port {}, with the triggers of {} tables.\n",
        cluster.port(),
        Storefront::TABLES.len()
    );
    tell(&database, &changes).await?;
    if keep {
        println!("It is still there. Write something, and see it here; Ctrl-C ends it:\n");
        println!("    psql {}\n", cluster.database_url("postgres"));
        for change in &changes {
            print::change(&change);
        }
    }
    Ok(())
}

/// Runs the story, statement by statement, and prints what each of them sent.
async fn tell(database: &Client, changes: &Receiver<Storefront>) -> Result<(), Box<dyn Error>> {
    let mut total = 0;
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
        let mut sent = 0;
        for change in changes.try_iter() {
            print::change(&change);
            sent += 1;
        }
        if sent == 0 {
            println!("  · nothing was sent");
        }
        total += sent;
        println!();
    }
    println!(
        "{total} changes of {} tables arrived as typed values.",
        Storefront::TABLES.len()
    );
    Ok(())
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

fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
