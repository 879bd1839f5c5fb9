//! An application: writers that write at the same time, and what became of their writes.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use futures::future::join_all;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use crate::shop::{Shop, number};
use crate::statements::{Rows, TRUNCATE, statement};

#[derive(Debug, Clone)]
pub(crate) struct Workload {
    pub(crate) seed: u64,
    pub(crate) writers: usize,
    /// Of each writer.
    pub(crate) transactions: usize,
    pub(crate) rows: Rows,
    /// In so many of a hundred transactions something is rolled back to a savepoint.
    pub(crate) savepoints: u8,
    /// So many of a hundred are rolled back.
    pub(crate) rollbacks: u8,
    /// One in so many is a TRUNCATE.
    pub(crate) truncates: usize,
    pub(crate) levels: &'static [&'static str],
}

/// What became of the writes.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) committed: usize,
    pub(crate) rolled_back: usize,
    pub(crate) rolled_back_to_savepoint: usize,
    /// Two writers were in each other's way: the application tries again.
    pub(crate) conflicts: usize,
    /// The server went away, and nobody knows what it had committed.
    pub(crate) disconnected: usize,
    /// Nothing of the application's own was wrong, and yet the write failed.
    pub(crate) failed: usize,
}

impl Tally {
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            committed: self.committed + other.committed,
            rolled_back: self.rolled_back + other.rolled_back,
            rolled_back_to_savepoint: self.rolled_back_to_savepoint
                + other.rolled_back_to_savepoint,
            conflicts: self.conflicts + other.conflicts,
            disconnected: self.disconnected + other.disconnected,
            failed: self.failed + other.failed,
        }
    }
}

impl Workload {
    pub(crate) fn small(seed: u64) -> Self {
        Self {
            seed,
            writers: 4,
            transactions: 12,
            rows: Rows { hot: 3, all: 20 },
            savepoints: 0,
            rollbacks: 0,
            truncates: 30,
            levels: &["READ COMMITTED"],
        }
    }

    /// Of all writers.
    pub(crate) fn count(&self) -> usize {
        self.writers * self.transactions
    }

    /// Writes until all is done. `progress` gets how many transactions are.
    pub(crate) async fn run(&self, shop: &Arc<Shop>, progress: &watch::Sender<usize>) -> Tally {
        let session = shop.session().await;
        let version = number(
            &session,
            "SELECT current_setting('server_version_num')::bigint",
        )
        .await;
        let writers = (0..self.writers as u64).map(|number| {
            let mut writer = Writer {
                shop: Arc::clone(shop),
                workload: self.clone(),
                has_merge: version >= 150_000,
                random: Rng::with_seed(self.seed * 1_000 + number),
                tally: Tally::default(),
            };
            async move {
                writer.write(progress).await;
                writer.tally
            }
        });
        join_all(writers)
            .await
            .into_iter()
            .fold(Tally::default(), Tally::and)
    }
}

struct Writer {
    shop: Arc<Shop>,
    workload: Workload,
    has_merge: bool,
    random: Rng,
    tally: Tally,
}

/// How a transaction ends.
enum End {
    Committed,
    RolledBack,
}

impl Writer {
    async fn session(&self) -> Client {
        // Two who wait for each other are found soon.
        self.shop
            .session_with("SET deadlock_timeout = '20ms'")
            .await
    }

    async fn write(&mut self, progress: &watch::Sender<usize>) {
        let mut session = self.session().await;
        for _ in 0..self.workload.transactions {
            let statements = self.transaction();
            let mut conflicts = 0;
            loop {
                let end = transact(&session, &statements).await;
                let is_lost = match &end {
                    Ok(_) => false,
                    // The server can also go away before it is told.
                    Err(error) => is_disconnected(error) || !is_rolled_back(&session).await,
                };
                match end {
                    _ if is_lost => {
                        self.tally.disconnected += 1;
                        session = self.session().await;
                    }
                    Ok(End::Committed) => self.tally.committed += 1,
                    Ok(End::RolledBack) => self.tally.rolled_back += 1,
                    Err(error) if is_conflict(&error) => {
                        self.tally.conflicts += 1;
                        conflicts += 1;
                        give_way(conflicts).await;
                        continue;
                    }
                    Err(_) => self.tally.failed += 1,
                }
                break;
            }
            progress.send_modify(|transactions| *transactions += 1);
        }
    }

    fn transaction(&mut self) -> Vec<String> {
        let workload = self.workload.clone();
        if workload.truncates > 0 && self.random.usize(0..workload.truncates) == 0 {
            return vec!["BEGIN".to_owned(), TRUNCATE.to_owned(), "COMMIT".to_owned()];
        }
        let level = workload.levels[self.random.usize(0..workload.levels.len())];
        let mut statements = vec![format!("BEGIN ISOLATION LEVEL {level}")];
        for _ in 0..self.random.usize(1..=3) {
            statements.push(self.statement());
        }
        if self.percent(workload.savepoints) {
            self.tally.rolled_back_to_savepoint += 1;
            statements.push("SAVEPOINT before".to_owned());
            statements.push(self.statement());
            statements.push("ROLLBACK TO before".to_owned());
            statements.push(self.statement());
        }
        let end = if self.percent(workload.rollbacks) {
            "ROLLBACK"
        } else {
            "COMMIT"
        };
        statements.push(end.to_owned());
        statements
    }

    fn statement(&mut self) -> String {
        statement(self.workload.rows, self.has_merge, &mut self.random)
    }

    fn percent(&mut self, percent: u8) -> bool {
        self.random.u8(0..100) < percent
    }
}

/// As applications do. Who tries again at once can take, again and again, what all others wait for.
async fn give_way(conflicts: u64) {
    let pause = fastrand::u64(0..=5 * conflicts.min(100));
    sleep(Duration::from_millis(pause)).await;
}

async fn transact(session: &Client, statements: &[String]) -> Result<End, Error> {
    for statement in statements {
        session.batch_execute(statement).await?;
    }
    Ok(match &**statements.last().expect("it ends") {
        "ROLLBACK" => End::RolledBack,
        _ => End::Committed,
    })
}

/// Ends a transaction that has failed. `false`: the server has gone.
async fn is_rolled_back(session: &Client) -> bool {
    match session.batch_execute("ROLLBACK").await {
        Ok(()) => true,
        Err(error) if is_disconnected(&error) => false,
        Err(error) => panic!("{error:?}"),
    }
}

/// Another writer was in the way: the application's own affair, which happens without any trigger of ours.
fn is_conflict(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::UNIQUE_VIOLATION,
        ]
        .contains(code)
    })
}

fn is_disconnected(error: &Error) -> bool {
    error.is_closed()
        || error.code().is_none()
        || error
            .code()
            .is_some_and(|code| [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN].contains(code))
}
