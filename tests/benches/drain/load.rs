//! A writer that writes as fast as it can, and a drain beside it: how large the outbox gets.

use std::time::{Duration, Instant};

use tokio_postgres::Client;

use crate::database::{Database, insert, run};

/// How many rows a transaction of the writer has.
const ROWS: u32 = 10;
const SAMPLES: u32 = 20;

/// What was seen of it.
pub(crate) struct Load {
    duration: Duration,
    written: u32,
    sent: usize,
    /// At equal distances, the last one at its end.
    megabytes: Vec<f64>,
    /// When drains have gone on for a while after it.
    megabytes_later: f64,
}

/// Writes for this long, and drains for so much longer.
pub(crate) async fn run_for(database: &Database, duration: Duration, rest: Duration) -> Load {
    let seconds = duration.as_secs_f64();
    eprintln!("load, for {seconds:.0} seconds");
    let (writer, drainer, observer) = (
        database.session().await,
        database.session().await,
        database.session().await,
    );
    run(&writer, "TRUNCATE public.testing_rds_trigger").await;
    run(&writer, "TRUNCATE aurora_trigger.queue").await;
    let before = database.relay.accepted();
    let end = Instant::now() + duration;
    let (written, (), megabytes) = tokio::join!(
        write(&writer, end),
        drain(&drainer, end),
        observe(&observer, duration),
    );
    drain(&drainer, end + rest).await;
    Load {
        duration,
        written,
        sent: database.relay.accepted() - before,
        megabytes,
        megabytes_later: megabytes_now(&observer).await,
    }
}

/// How many rows it has written until then.
async fn write(session: &Client, end: Instant) -> u32 {
    let mut written = 0;
    while Instant::now() < end {
        run(session, &insert(ROWS, &(written / ROWS).to_string())).await;
        written += ROWS;
        // The table is not what is measured.
        if written % 100_000 == 0 {
            run(session, "TRUNCATE public.testing_rds_trigger").await;
        }
    }
    written
}

/// As `aurora-trigger drain` does, so that the room is given back.
async fn drain(session: &Client, end: Instant) {
    run(session, "SET aurora_trigger.commits_at_once = 'yes'").await;
    while Instant::now() < end {
        run(session, "SELECT aurora_trigger.drain()").await;
    }
}

async fn observe(session: &Client, duration: Duration) -> Vec<f64> {
    let mut megabytes = Vec::new();
    for _ in 0..SAMPLES {
        tokio::time::sleep(duration / SAMPLES).await;
        megabytes.push(megabytes_now(session).await);
    }
    megabytes
}

/// All tables of the installation.
async fn megabytes_now(session: &Client) -> f64 {
    session
        .query_one(
            "SELECT sum(pg_total_relation_size(c.oid)) / 1048576.0::float8
             FROM pg_class AS c
             WHERE c.relnamespace = 'aurora_trigger'::regnamespace AND c.relkind = 'r'",
            &[],
        )
        .await
        .expect("it is installed")
        .get(0)
}

impl Load {
    /// The installation's tables, their indexes and what is stored beside them, of 1024 times 1024 bytes.
    pub(crate) fn megabytes(&self) -> f64 {
        self.megabytes[self.megabytes.len() - 1]
    }

    /// The same some time after the load, with drains.
    pub(crate) fn megabytes_later(&self) -> f64 {
        self.megabytes_later
    }

    pub(crate) fn grown_in_last_half(&self) -> f64 {
        self.megabytes() - self.megabytes[self.megabytes.len() / 2 - 1]
    }

    pub(crate) fn print(&self) {
        let sizes: Vec<String> = self
            .megabytes
            .iter()
            .map(|size| format!("{size:.1}"))
            .collect();
        println!(
            "In {:.0} s of load, transactions of {ROWS} rows, {} events were written and {} sent. MB of the outbox on the \
             way:\n{}, and {:.1} after a rest\n",
            self.duration.as_secs_f64(),
            self.written,
            self.sent,
            sizes.join(" "),
            self.megabytes_later,
        );
    }
}
