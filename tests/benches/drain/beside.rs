//! One ready event, drained beside many that can't be sent yet.

use std::time::Instant;

use tokio_postgres::Client;

use crate::database::{Database, fill, insert, run};

/// The median time of a drain of one event, in milliseconds.
pub(crate) struct Beside {
    /// With nothing else there.
    alone: f64,
    /// Beside the events of a transaction that is open.
    open: f64,
    /// Beside the events of another table that is paused.
    paused: f64,
}

/// So many events of the open transaction and of the paused table, so many drains of one event.
pub(crate) async fn measure(
    database: &Database,
    open_events: u32,
    paused_events: u32,
    rounds: u32,
) -> Beside {
    let (session, writer) = (database.session().await, database.session().await);
    run(
        &session,
        "TRUNCATE public.testing_rds_trigger, public.other",
    )
    .await;
    let alone = drain_one(database, &session, rounds).await;
    eprintln!("one event beside {open_events} of an open transaction");
    run(&writer, "BEGIN").await;
    run(&writer, &insert(open_events, "0")).await;
    let open = drain_one(database, &session, rounds).await;
    run(&writer, "ROLLBACK").await;
    eprintln!("one event beside {paused_events} of a paused table");
    run(
        &session,
        "SELECT aurora_trigger.pause('public.testing_rds_trigger')",
    )
    .await;
    run(&session, &fill(paused_events, 1_000)).await;
    let paused = drain_one(database, &session, rounds).await;
    run(
        &session,
        "SELECT aurora_trigger.resume('public.testing_rds_trigger'); TRUNCATE public.testing_rds_trigger",
    )
    .await;
    run(&session, "CALL aurora_trigger.drain_all()").await;
    Beside {
        alone,
        open,
        paused,
    }
}

async fn drain_one(database: &Database, session: &Client, rounds: u32) -> f64 {
    let mut milliseconds = Vec::new();
    // The first one is for the plans.
    for round in 0..=rounds {
        run(session, "INSERT INTO public.other DEFAULT VALUES").await;
        let before = database.relay.accepted();
        let start = Instant::now();
        run(session, "CALL aurora_trigger.drain_all()").await;
        assert_eq!(
            database.relay.accepted() - before,
            1,
            "the others are not ready"
        );
        if round > 0 {
            milliseconds.push(start.elapsed().as_secs_f64() * 1000.0);
        }
    }
    milliseconds.sort_by(f64::total_cmp);
    milliseconds[milliseconds.len() / 2]
}

impl Beside {
    pub(crate) fn open_slowdown(&self) -> f64 {
        self.open / self.alone
    }

    pub(crate) fn paused_slowdown(&self) -> f64 {
        self.paused / self.alone
    }

    pub(crate) fn print(&self) {
        println!(
            "A drain of one event: {:.1} ms alone, {:.1} ms beside an open transaction, {:.1} ms beside a paused table.\n",
            self.alone, self.open, self.paused
        );
    }
}
