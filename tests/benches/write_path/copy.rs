//! A big COPY: how long it takes, and how much memory the backend takes at its peak.

use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::pin::pin;
use std::time::Instant;

use futures::SinkExt as _;
use relay_lambda::local::PostgresCluster;
use tokio_postgres::Client;

use crate::database::{self, Database};
use crate::runs::Runs;
use crate::variant::Variant;

/// Of a number of COPYs.
#[derive(Default)]
pub(crate) struct Copies {
    /// Milliseconds.
    pub(crate) times: Runs,
    /// Megabytes, of 1024 times 1024 bytes. Empty where the system has no `/proc`.
    pub(crate) peaks: Runs,
}

/// Measures each variant in a session that has done nothing before: the peak is of a backend's whole life.
pub(crate) async fn measure(rounds: u32, rows: u32, cluster: &PostgresCluster) -> Copies {
    let mut copies = Copies::default();
    for round in 1..=rounds {
        for variant in Variant::TIMED {
            // With work for each row it takes up to a minute, and no goal depends on it: the article's way once, others
            // never.
            if matches!(variant, Variant::Row | Variant::History)
                || (variant == Variant::Article && round > 1)
            {
                continue;
            }
            eprintln!("COPY of {rows} rows: round {round} of {rounds}, {variant}");
            let session = Database::fresh_session(cluster, variant).await;
            database::run(&session, "TRUNCATE public.testing_rds_trigger").await;
            database::run(&session, "BEGIN").await;
            let start = Instant::now();
            copy_in(&session, rows).await;
            copies
                .times
                .add(variant, start.elapsed().as_secs_f64() * 1000.0);
            if let Some(megabytes) = peak_megabytes(&session).await {
                copies.peaks.add(variant, megabytes);
            }
            database::run(&session, "ROLLBACK").await;
            database::run(&session, &variant.emptying()).await;
        }
    }
    copies
}

async fn copy_in(session: &Client, rows: u32) {
    const COPY: &str = "COPY public.testing_rds_trigger \
        (id, name, dob, category, company, age, salary) FROM STDIN";
    let sink = session.copy_in(COPY).await.expect("the table takes a COPY");
    let mut sink = pin!(sink);
    let mut block = String::new();
    for n in 1..=rows {
        writeln!(
            block,
            "{n}\tFirst Last {n}\t19{}-03-04\tcategory {}\tCompany {}\t{}\t{}.5",
            60 + n % 40,
            n % 10,
            n % 100,
            18 + n % 50,
            1000 + n
        )
        .expect("a String takes everything");
        if block.len() > 60_000 || n == rows {
            let full = Cursor::new(std::mem::take(&mut block).into_bytes());
            sink.send(full).await.expect("the server takes the rows");
        }
    }
    sink.finish().await.expect("the rows fit the table");
}

/// The most memory that the session's backend has ever had.
async fn peak_megabytes(session: &Client) -> Option<f64> {
    let process: i32 = session
        .query_one("SELECT pg_backend_pid()", &[])
        .await
        .expect("the server knows its process")
        .get(0);
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let kilobytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?
        .trim()
        .strip_suffix(" kB")?
        .parse()
        .ok()?;
    Some(kilobytes / 1024.0)
}
