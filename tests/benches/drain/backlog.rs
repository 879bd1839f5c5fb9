//! Events that have gathered, and are drained by one session.

use std::time::Instant;

use crate::database::{Database, fill, run};

/// So many events, of transactions of so many rows.
pub(crate) struct Backlog {
    events: u32,
    rows: u32,
}

impl Backlog {
    pub(crate) fn of_statements(events: u32) -> Self {
        Self {
            events,
            rows: 1_000,
        }
    }

    pub(crate) fn of_rows(events: u32) -> Self {
        Self { events, rows: 1 }
    }
}

/// How long that took.
pub(crate) struct Drained {
    events: u32,
    rows: u32,
    /// Each time.
    seconds: Vec<f64>,
}

/// Makes the backlog and drains it, so many times.
pub(crate) async fn measure(database: &Database, backlog: &Backlog, rounds: u32) -> Drained {
    let &Backlog { events, rows } = backlog;
    let session = database.session().await;
    let mut seconds = Vec::new();
    for round in 1..=rounds {
        eprintln!("{events} events of transactions of {rows}: round {round} of {rounds}");
        run(&session, "TRUNCATE public.testing_rds_trigger").await;
        run(&session, &fill(events, rows)).await;
        let before = database.relay.accepted();
        let start = Instant::now();
        run(&session, "CALL aurora_trigger.drain_all()").await;
        seconds.push(start.elapsed().as_secs_f64());
        let accepted = database.relay.accepted() - before;
        assert_eq!(u32::try_from(accepted), Ok(events), "all are sent, once");
    }
    Drained {
        events,
        rows,
        seconds,
    }
}

impl Drained {
    /// The median of the rounds.
    pub(crate) fn events_per_second(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        f64::from(self.events) / sorted[sorted.len() / 2]
    }

    /// As a table.
    pub(crate) fn print(all: &[&Self]) {
        println!(
            "{:>10} {:>18} {:>8} {:>10} {:>15}",
            "events", "of transactions of", "runs", "µs each", "events a second"
        );
        for drained in all {
            let per_second = drained.events_per_second();
            println!(
                "{:>10} {:>18} {:>8} {:>10.1} {per_second:>15.0}",
                drained.events,
                drained.rows,
                drained.seconds.len(),
                1_000_000.0 / per_second,
            );
        }
        println!();
    }
}
