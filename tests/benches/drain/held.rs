//! A backlog that is drained while a transaction stays open: nothing that was drained can be vacuumed.

use std::time::Instant;

use crate::database::{Database, fill, run};

/// The time of an event while the backlog is drained, a tenth at a time.
pub(crate) struct Held {
    /// Microseconds an event took in each tenth.
    tenths: Vec<f64>,
}

pub(crate) async fn measure(database: &Database, events: u32) -> Held {
    let (session, holder) = (database.session().await, database.session().await);
    run(&session, "TRUNCATE public.testing_rds_trigger").await;
    run(&holder, "BEGIN; SELECT txid_current()").await;
    let tenth = events / 10;
    let mut tenths = Vec::new();
    for number in 1..=10 {
        eprintln!("{events} events beside an open transaction: tenth {number} of 10");
        run(&session, &fill(tenth, tenth.min(1_000))).await;
        run(&session, "TRUNCATE public.testing_rds_trigger").await;
        let before = database.relay.accepted();
        let start = Instant::now();
        run(&session, "CALL aurora_trigger.drain_all()").await;
        tenths.push(start.elapsed().as_secs_f64() * 1_000_000.0 / f64::from(tenth));
        let accepted = database.relay.accepted() - before;
        assert_eq!(u32::try_from(accepted), Ok(tenth), "all are sent, once");
    }
    run(&holder, "ROLLBACK").await;
    Held { tenths }
}

impl Held {
    /// The time of an event in the last tenth, to one of the first.
    pub(crate) fn slowdown(&self) -> f64 {
        self.tenths[9] / self.tenths[0]
    }

    pub(crate) fn print(&self) {
        let tenths: Vec<String> = self
            .tenths
            .iter()
            .map(|microseconds| format!("{microseconds:.1}"))
            .collect();
        println!(
            "Beside a transaction that stays open, µs an event, by tenths of all of them:\n{}\n",
            tenths.join(" ")
        );
    }
}
