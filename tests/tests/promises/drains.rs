//! The drains that are at work while the application writes, as pg_cron or a worker runs them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::shop::{LONG, Shop, number, run};

/// How often one looks whether there is something to do: no more than a schedule.
const EVERY: Duration = Duration::from_millis(10);

/// As if the pause after a failed call was over. A call that got no answer has waited longer than the relay works.
const LATER: &str = "
    UPDATE aurora_trigger.lane SET retry_at = NULL WHERE lane IN (
        SELECT lane FROM aurora_trigger.lane WHERE retry_at IS NOT NULL FOR UPDATE SKIP LOCKED
    )";

pub(crate) struct Drains {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drains {
    /// `settings` is SQL for the session of each.
    pub(crate) fn start(shop: &Arc<Shop>, count: usize, settings: &str) -> Self {
        let (stop, stopped) = watch::channel(false);
        let tasks = (0..count)
            .map(|_| {
                let drain = go_on(Arc::clone(shop), settings.to_owned(), stopped.clone());
                tokio::spawn(drain)
            })
            .collect();
        Self { stop, tasks }
    }

    /// Stops them when they have ended what they are at.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            task.await.expect("a drain does not panic");
        }
    }
}

async fn go_on(shop: Arc<Shop>, settings: String, mut stopped: watch::Receiver<bool>) {
    let mut session = shop.session_with(&settings).await;
    while !*stopped.borrow() {
        match session
            .query_one("SELECT aurora_trigger.drain()", &[])
            .await
        {
            Ok(row) if row.get(0) => {
                continue;
            }
            Ok(_) => {
                if session.batch_execute(LATER).await.is_err() {
                    session = shop.session_with(&settings).await;
                }
            }
            // Somebody has ended it, or the server: the next run begins anew.
            Err(error) if error.is_closed() || error.code().is_none_or(is_shutdown) => {
                session = shop.session_with(&settings).await;
            }
            // Between two calls.
            Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {}
            Err(error) => panic!("{error:?}"),
        }
        tokio::time::timeout(EVERY, stopped.changed()).await.ok();
    }
}

fn is_shutdown(code: &SqlState) -> bool {
    code.code().starts_with("57P")
}

/// One drain: whether another would have something to do.
pub(crate) async fn drain(session: &Client) -> bool {
    session
        .query_one("SELECT aurora_trigger.drain()", &[])
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
        .get(0)
}

/// Drains and waits until all that was written is in the stream.
pub(crate) async fn settle(shop: &Shop) {
    let endpoint = shop.relay.endpoint();
    assert!(endpoint.wait_until_idle(LONG), "calls are still running");
    assert_eq!(endpoint.failed_events(), [], "as the queue promises");
    if !shop.mode.has_outbox() {
        return;
    }
    let session = shop.session().await;
    for _ in 0..1_000 {
        run(&session, LATER).await;
        run(&session, "CALL aurora_trigger.drain_all()").await;
        if number(
            &session,
            "SELECT coalesce(sum(events), 0)::bigint FROM aurora_trigger.waiting",
        )
        .await
            == 0
        {
            return;
        }
    }
    panic!("the outbox does not get empty");
}
