//! From a COMMIT to the relay, with `aurora-trigger drain` beside a steady writer.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pipeline_tests::program;

use crate::database::{Database, run};

const CHANGES_A_SECOND: u32 = 200;

/// Milliseconds of each change, in their order.
pub(crate) struct Latency {
    milliseconds: Vec<f64>,
}

/// Ends the drain with the measurement, however that ends.
struct Drain(Child);

impl Drop for Drain {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

pub(crate) async fn measure(database: &Database, seconds: u32) -> Latency {
    eprintln!("latency, for {seconds} seconds");
    let session = database.session().await;
    run(&session, "TRUNCATE public.other").await;
    run(&session, "CALL aurora_trigger.drain_all()").await;
    let drain = Drain(
        Command::new(program("aurora-trigger"))
            .args(["drain", "--database-url", &database.connection_string()])
            .stdout(Stdio::null())
            .spawn()
            .expect("it is built"),
    );
    let start = Instant::now();
    let mut committed = Vec::new();
    for change in 0..seconds * CHANGES_A_SECOND {
        let due = start + Duration::from_secs(1) * change / CHANGES_A_SECOND;
        tokio::time::sleep_until(due.into()).await;
        let id: i32 = session
            .query_one("INSERT INTO public.other DEFAULT VALUES RETURNING id", &[])
            .await
            .expect("the table takes a row")
            .get(0);
        committed.push((id, Instant::now()));
    }
    // The first second is for the drain to connect.
    let measured = committed.split_off(committed.len().min(CHANGES_A_SECOND as usize));
    let mut milliseconds = Vec::new();
    for (id, at) in measured {
        let arrived = database.relay.wait_for(id).await;
        milliseconds.push(arrived.saturating_duration_since(at).as_secs_f64() * 1000.0);
    }
    drop(drain);
    milliseconds.sort_by(f64::total_cmp);
    Latency { milliseconds }
}

impl Latency {
    /// The latency that this share of the changes does not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        self.milliseconds[(self.milliseconds.len() - 1) * percent / 100]
    }

    pub(crate) fn print(&self) {
        println!(
            "From COMMIT to the relay, {CHANGES_A_SECOND} changes a second: p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms.\n",
            self.percentile(50),
            self.percentile(99),
            self.percentile(100),
        );
    }
}
