//! Transactions a second of pgbench's script, with all of its tables captured into the outbox, copied by bare triggers, and with
//! no trigger.
//!
//! Its eight clients are of this process. pgbench itself comes in a package of its own on some systems, and from another
//! folder it would be of another version than the server.

mod script;
mod structs;

use std::time::{Duration, Instant};

use aurora_trigger_gen::emit::{self, Configuration};
use futures::future::join_all;
use relay_lambda::local::PostgresCluster;
use tokio_postgres::Client;

use crate::database::{connect, run};
use crate::limit;
use crate::runs::Runs;
use crate::stub::{self, Invoke};
use crate::variant::Variant;

/// As many as clients, as pgbench's documentation wants it.
pub(crate) const BRANCHES: u32 = 8;
const CLIENTS: u32 = 8;

/// How much is measured.
pub(crate) struct Size {
    pub(crate) rounds: u32,
    /// Of one variant in one round.
    pub(crate) duration: Duration,
    /// Of a branch.
    pub(crate) accounts: u32,
}

const VARIANTS: [Variant; 3] = [Variant::None, Variant::Limit, Variant::Outbox];

/// Transactions a second, of a server that waits for the disk and vacuums, as servers do.
pub(crate) async fn measure(size: &Size) -> Runs {
    let cluster = PostgresCluster::builder()
        .setting("fsync", "on")
        .setting("full_page_writes", "on")
        .start()
        .expect("PostgreSQL is installed");
    for variant in VARIANTS {
        prepare(&cluster, variant, size).await;
    }
    let mut runs = Runs::default();
    // The first round is for the caches.
    for round in 0..=size.rounds {
        for variant in VARIANTS {
            eprintln!(
                "pgbench's script: round {round} of {}, {variant}",
                size.rounds
            );
            let per_second = transactions_per_second(&cluster, variant, size).await;
            if round > 0 {
                runs.add(variant, per_second);
            }
        }
    }
    runs
}

async fn prepare(cluster: &PostgresCluster, variant: Variant, size: &Size) {
    let server = connect(cluster, "postgres").await;
    run(&server, &format!("CREATE DATABASE {}", variant.name())).await;
    let session = connect(cluster, variant.name()).await;
    let schema = include_str!("schema.sql")
        .replace("{branches}", &BRANCHES.to_string())
        .replace("{accounts}", &size.accounts.to_string());
    run(&session, &schema).await;
    match variant {
        Variant::Limit => {
            for table in structs::TABLES {
                run(&session, &limit::installation(table)).await;
            }
        }
        Variant::Outbox => {
            run(&session, stub::SCHEMA).await;
            run(&session, &Invoke::Free.sql()).await;
            let configuration = Configuration {
                function: "relay".to_owned(),
                region: None,
            };
            let installation = emit::install(&structs::TABLES, Some(&configuration));
            run(&session, &installation).await;
        }
        _ => {}
    }
    run(&session, "VACUUM ANALYZE").await;
}

async fn transactions_per_second(cluster: &PostgresCluster, variant: Variant, size: &Size) -> f64 {
    tidy(cluster, variant).await;
    let sessions: Vec<Client> =
        join_all((0..CLIENTS).map(|_| connect(cluster, variant.name()))).await;
    let start = Instant::now();
    let end = start + size.duration;
    let transactions: u32 = join_all(
        sessions
            .iter()
            .map(|session| script::repeat(session, size, end)),
    )
    .await
    .into_iter()
    .sum();
    let per_second = f64::from(transactions) / start.elapsed().as_secs_f64();
    if variant == Variant::Outbox {
        let events: i64 = sessions[0]
            .query_one("SELECT count(*) FROM aurora_trigger.queue", &[])
            .await
            .expect("it is installed")
            .get(0);
        assert!(events >= i64::from(transactions), "{events} events");
    }
    per_second
}

/// What pgbench does before a run, so that each starts from the same. And nobody drains this outbox.
async fn tidy(cluster: &PostgresCluster, variant: Variant) {
    let session = connect(cluster, variant.name()).await;
    run(&session, "VACUUM pgbench_branches").await;
    run(&session, "VACUUM pgbench_tellers").await;
    run(&session, "TRUNCATE pgbench_history").await;
    match variant {
        Variant::Limit => {
            for table in structs::TABLES {
                run(&session, &limit::emptying(table)).await;
            }
        }
        Variant::Outbox => run(&session, "TRUNCATE aurora_trigger.queue").await,
        _ => {}
    }
    run(&session, "CHECKPOINT").await;
}
