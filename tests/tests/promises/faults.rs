//! What goes wrong while the application writes.

use std::sync::Arc;
use std::time::Duration;

use relay_lambda::local::{Fault as CallFault, Faults as CallFaults, FunctionError};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_postgres::error::SqlState;

use crate::checker::Counts;
use crate::drains::drain;
use crate::dump;
use crate::mode::Mode;
use crate::promise::Promise;
use crate::shop::{LONG, LOOK, Shop, number, run};
use crate::workload::{Tally, Workload};

const SEED: u64 = 7;

/// Of a hundred calls.
const SHARE: u8 = 30;

/// More than the two seconds that a call may take for which somebody waits.
const LATE: Duration = Duration::from_millis(2_500);

/// The limit of a drain's statement, where it has one.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);

/// How many drains are killed in their call, or not waited for by another one.
const HELD: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A third of the transactions is rolled back.
    Rollback,
    /// In half of them something is rolled back to a savepoint.
    Savepoint,
    /// Somebody has deleted the relay, and deploys it again later.
    FunctionDeleted,
    Throttled,
    /// A call gets no answer, since it did not arrive.
    CallTimesOut,
    /// A call gets no answer, though the relay has done all of it.
    AnswerIsLost,
    /// The stream answers the relay late until calls have failed for it.
    StreamIsLate,
    /// The relay dies with a call, before it has done anything of it.
    RelayKilledBefore,
    /// And when it has done all of it.
    RelayKilledAfter,
    /// One in five entries of Kinesis fails.
    StreamFails,
    /// `pg_ctl stop -m immediate`, and a recovery.
    DatabaseCrashes,
    /// A drain's backend is terminated when the relay has done its call, and before it has deleted anything.
    DrainKilled,
    /// One drain does all that it can while another one is in its call.
    TwoDrains,
    /// Nested triggers and foreign keys write one row several times.
    NestedWrites,
    /// The same, where a drain takes several calls for a transaction.
    SmallCalls,
    /// A transaction has written before all others, and commits after them.
    TransactionHeldOpen,
    /// Drains are cut off by their `statement_timeout` while the stream is slow.
    StatementTimeout,
    /// A publication has all tables, also those of the product.
    Published,
    /// `pg_dump` reads all tables, again and again.
    Dumped,
    /// The database moves into what a dump of it is restored to.
    Restored,
    /// A column has another type for a while, which the struct does not take.
    Altered,
    /// The tables are altered in ways in which they fit their structs all the while.
    AlteredInPlace,
}

impl Fault {
    pub(crate) fn workload(self) -> Workload {
        Workload {
            rollbacks: if self == Self::Rollback { 33 } else { 5 },
            savepoints: if self == Self::Savepoint { 50 } else { 5 },
            // One would wait for the open transaction, and all others for the TRUNCATE.
            truncates: if self == Self::TransactionHeldOpen {
                0
            } else {
                30
            },
            ..Workload::small(SEED)
        }
    }

    /// What the mode promises all the same.
    pub(crate) fn allows(self, mode: Mode) -> Promise {
        let promise = mode.promise();
        match self {
            // It has left with the call, and the commit does not come.
            Self::DatabaseCrashes | Self::Restored if mode == Mode::Commit => Promise {
                nothing_is_untrue: false,
                ..promise
            },
            // A change that was kept meanwhile is sent with its old number, behind those written since.
            Self::Altered => Promise {
                keys_are_in_order: false,
                chains_are_whole: false,
                ..promise
            },
            Self::NestedWrites | Self::SmallCalls => Promise {
                keys_are_in_order: mode == Mode::Outbox,
                chains_are_whole: mode == Mode::Outbox,
                copies_are_equal: mode == Mode::Outbox,
                ..promise
            },
            _ => promise,
        }
    }

    pub(crate) async fn start(self, mode: Mode) -> Arc<Shop> {
        if matches!(self, Self::DatabaseCrashes | Self::Restored) {
            return Shop::start_on_own_server(mode).await;
        }
        let shop = Shop::start(mode).await;
        let session = shop.session().await;
        if matches!(self, Self::NestedWrites | Self::SmallCalls) {
            run(&session, include_str!("nested.sql")).await;
        }
        if self == Self::SmallCalls {
            run(&session, include_str!("small_calls.sql")).await;
        }
        if self == Self::Published {
            run(&session, "CREATE PUBLICATION everything FOR ALL TABLES").await;
        }
        shop
    }

    /// The settings of a drain's session, as SQL.
    pub(crate) fn drain_settings(self) -> String {
        if self == Self::StatementTimeout {
            format!("SET statement_timeout = {}", DRAIN_TIMEOUT.as_millis())
        } else {
            String::new()
        }
    }

    /// Lets it happen from now on.
    pub(crate) fn begin(self, shop: &Shop) {
        let calls = shop.relay.endpoint().faults();
        let stream = shop.relay.kinesis().faults();
        match self {
            Self::FunctionDeleted => calls.fail_all(CallFault::NotFound),
            Self::Throttled => fail_first_and_share(calls, CallFault::Throttle),
            Self::CallTimesOut => calls.fail_next(1, CallFault::TimeOut),
            Self::AnswerIsLost => calls.fail_next(1, CallFault::LoseAnswer),
            // How often the relay asks again in a call for which somebody waits is left to chance.
            Self::StreamIsLate if somebody_waits(shop.mode) => stream.delay_all(LATE),
            Self::StreamIsLate => stream.delay_next(1, LATE),
            Self::RelayKilledBefore => {
                let killed = FunctionError::new("Runtime.ExitError", "signal: killed");
                fail_first_and_share(calls, CallFault::FunctionError(killed));
            }
            Self::RelayKilledAfter => fail_first_and_share(calls, CallFault::KillAfterRun),
            Self::StreamFails => stream.fail_share(20, SEED),
            // Without a failure nothing is left to the drain.
            Self::SmallCalls if shop.mode != Mode::Outbox => {
                fail_first_and_share(calls, CallFault::Throttle);
            }
            Self::DrainKilled | Self::TwoDrains => {
                if shop.mode != Mode::Outbox {
                    // So that there is something to drain.
                    fail_first_and_share(calls, CallFault::Throttle);
                }
                shop.hold_calls(HELD);
            }
            Self::StatementTimeout => {
                if shop.mode != Mode::Outbox {
                    fail_first_and_share(calls, CallFault::Throttle);
                }
                stream.delay_all(3 * DRAIN_TIMEOUT);
            }
            Self::Rollback
            | Self::Savepoint
            | Self::DatabaseCrashes
            | Self::NestedWrites
            | Self::SmallCalls
            | Self::TransactionHeldOpen
            | Self::Published
            | Self::Dumped
            | Self::Restored
            | Self::Altered
            | Self::AlteredInPlace => {}
        }
    }

    /// Waits until half of the transactions are done.
    async fn half(self, progress: &mut watch::Receiver<usize>) {
        let half = |transactions: &usize| *transactions >= self.workload().count() / 2;
        progress.wait_for(half).await.expect("the writers go on");
    }

    /// What somebody does while the application writes.
    pub(crate) async fn meanwhile(self, shop: &Shop, mut progress: watch::Receiver<usize>) {
        match self {
            Self::DatabaseCrashes => {
                self.half(&mut progress).await;
                shop.crash();
            }
            Self::StreamIsLate if somebody_waits(shop.mode) => {
                if shop.mode == Mode::Outbox {
                    a_call_has_failed(shop).await;
                } else {
                    // None of them ends before its calls have failed.
                    let some = |transactions: &usize| *transactions >= self.workload().count() / 6;
                    progress.wait_for(some).await.expect("the writers go on");
                }
                shop.relay.kinesis().faults().clear();
            }
            Self::DrainKilled => {
                let session = shop.session().await;
                for _ in 0..HELD {
                    let held = shop.held().await;
                    run(&session, KILL_DRAINS).await;
                    drop(held);
                }
            }
            Self::TwoDrains => {
                let session = shop.session().await;
                for _ in 0..HELD {
                    let held = shop.held().await;
                    while drain(&session).await {}
                    drop(held);
                }
            }
            Self::TransactionHeldOpen => {
                let session = shop.session().await;
                run(&session, "BEGIN").await;
                let write = "INSERT INTO shop.items VALUES (nextval('shop.new_id'), 0, 1)";
                run(&session, write).await;
                let all = |transactions: &usize| *transactions >= self.workload().count();
                progress.wait_for(all).await.expect("the writers go on");
                // It holds up no event of others.
                let are_drained = async {
                    while count(shop, "SELECT count(*) FROM aurora_trigger.waiting").await > 0 {
                        sleep(LOOK).await;
                    }
                };
                timeout(LONG, are_drained)
                    .await
                    .expect("the others are drained");
                run(&session, "COMMIT").await;
            }
            Self::StatementTimeout => {
                let is_met = async {
                    while cut_off_calls(shop).await == 0 {
                        sleep(LOOK).await;
                    }
                };
                timeout(LONG, is_met).await.expect("a drain is cut off");
                shop.relay.kinesis().faults().clear();
            }
            Self::Dumped => dump::dump(shop).await,
            Self::Restored => {
                self.half(&mut progress).await;
                dump::move_into_copy(shop).await;
            }
            Self::AlteredInPlace => {
                self.half(&mut progress).await;
                for alteration in IN_PLACE {
                    alter(shop, alteration).await;
                }
            }
            Self::Altered => {
                alter(shop, "ALTER TABLE shop.items ALTER amount TYPE bigint").await;
                let are_kept = async {
                    while count(shop, KEPT).await == 0 {
                        progress.changed().await.expect("the writers go on");
                    }
                };
                timeout(LONG, are_kept).await.expect("changes are kept");
                alter(shop, "ALTER TABLE shop.items ALTER amount TYPE integer").await;
            }
            // The writers can be done before a drain has called at all.
            Self::FunctionDeleted
            | Self::Throttled
            | Self::CallTimesOut
            | Self::AnswerIsLost
            | Self::RelayKilledBefore
            | Self::RelayKilledAfter
                if shop.mode == Mode::Outbox =>
            {
                a_call_has_failed(shop).await;
            }
            _ => {}
        }
    }

    /// Ends it, and says how often it was met.
    pub(crate) async fn end(self, shop: &Shop, tally: &Tally) -> usize {
        if matches!(self, Self::StreamFails) {
            // Asynchronous calls can still wait for their turn, and have not met it then.
            let endpoint = shop.relay.endpoint();
            assert!(endpoint.wait_until_idle(LONG), "calls are still running");
        }
        shop.relay.endpoint().faults().clear();
        let stream = shop.relay.kinesis();
        stream.faults().clear();
        match self {
            Self::Rollback => tally.rolled_back,
            Self::Savepoint => tally.rolled_back_to_savepoint,
            // Where nothing was restored, the test has said so.
            Self::Restored if !dump::is_readable(shop).await => 1,
            Self::DatabaseCrashes | Self::Restored => tally.disconnected,
            Self::DrainKilled | Self::TwoDrains => HELD,
            Self::StatementTimeout => cut_off_calls(shop).await,
            Self::Altered => count(shop, "SELECT aurora_trigger.redrive()").await,
            Self::NestedWrites
            | Self::SmallCalls
            | Self::TransactionHeldOpen
            | Self::Published
            | Self::Dumped
            | Self::AlteredInPlace => 1,
            Self::StreamFails => {
                stream.requests().entries - stream.records(shop.relay.stream()).len()
            }
            // Nobody hears of what becomes of an asynchronous call.
            Self::StreamIsLate | Self::RelayKilledBefore | Self::RelayKilledAfter
                if matches!(shop.mode, Mode::Commit | Mode::Async) =>
            {
                1
            }
            _ if shop.mode == Mode::Sync => tally.failed,
            _ => failed_calls(shop).await,
        }
    }

    /// Whether the relay did what nobody knows of, and so what is tried again is there twice.
    pub(crate) fn makes_duplicates(self, mode: Mode) -> bool {
        let after_the_work = [
            Self::AnswerIsLost,
            Self::DrainKilled,
            Self::RelayKilledAfter,
        ];
        // With sync nothing is tried again.
        mode != Mode::Sync && after_the_work.contains(&self)
    }

    pub(crate) fn assert_duplicates(self, mode: Mode, counts: &Counts) {
        assert!(
            counts.duplicates > 0 || !self.makes_duplicates(mode),
            "{counts:?}"
        );
    }
}

/// All drains that are at work.
const KILL_DRAINS: &str = "
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND query = 'SELECT aurora_trigger.drain()'";

/// The changes that were kept while the table did not fit.
const KEPT: &str = "SELECT count(*) FROM aurora_trigger.dead_letter WHERE is_raw";

/// Alterations after which the tables have the columns that they had before.
const IN_PLACE: &[&str] = &[
    "BEGIN; ALTER TABLE shop.items ADD note text DEFAULT 'none'; ALTER TABLE shop.items DROP note; COMMIT",
    "BEGIN; ALTER TABLE shop.items RENAME amount TO count; ALTER TABLE shop.items RENAME count TO amount; COMMIT",
    "BEGIN; ALTER TABLE shop.items RENAME TO goods; ALTER TABLE shop.goods RENAME TO items; COMMIT",
    "BEGIN; ALTER TABLE shop.items SET SCHEMA public; ALTER TABLE public.items SET SCHEMA shop; COMMIT",
    "BEGIN; ALTER TABLE shop.items ALTER amount TYPE text; \
     ALTER TABLE shop.items ALTER amount TYPE integer USING amount::integer; COMMIT",
    "ALTER TABLE shop.items ALTER amount TYPE integer USING (amount + 0)",
    "ALTER TABLE shop.items ALTER amount SET DEFAULT 7, ALTER amount SET STATISTICS 50",
    "ALTER TABLE shop.items ALTER amount DROP NOT NULL",
    "ALTER TABLE shop.items ADD CONSTRAINT is_there CHECK (amount IS NOT NULL) NOT VALID",
    "ALTER TABLE shop.items VALIDATE CONSTRAINT is_there",
    "ALTER TABLE shop.items RENAME CONSTRAINT is_there TO has_amount",
    "ALTER TABLE shop.items DROP CONSTRAINT has_amount",
    "ALTER TABLE shop.items SET (fillfactor = 60)",
    "ALTER TABLE shop.items CLUSTER ON items_pkey",
    "CLUSTER shop.items",
    "VACUUM FULL shop.items",
    "ALTER TABLE shop.items REPLICA IDENTITY FULL",
    "ALTER TABLE shop.items ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE shop.items DISABLE TRIGGER USER; ALTER TABLE shop.items ENABLE TRIGGER USER",
    "REINDEX TABLE shop.items",
];

/// Alters a table. The writers and it can wait for each other.
async fn alter(shop: &Shop, alteration: &str) {
    let session = shop.session().await;
    while let Err(error) = session.batch_execute(alteration).await {
        assert_eq!(
            error.code(),
            Some(&SqlState::T_R_DEADLOCK_DETECTED),
            "{alteration}: {error:?}"
        );
        run(&session, "ROLLBACK").await;
    }
}

/// Whether somebody waits for what the relay answers.
fn somebody_waits(mode: Mode) -> bool {
    matches!(mode, Mode::Outbox | Mode::Sync)
}

/// The first call of all fails, so that the fault is met however few there are, and a share of the others.
fn fail_first_and_share(calls: &CallFaults, fault: CallFault) {
    calls.fail_next(1, fault.clone());
    calls.fail_share(SHARE, SEED, fault);
}

/// Waits for the first call that a drain has noted as failed.
async fn a_call_has_failed(shop: &Shop) {
    let failed = async {
        while failed_calls(shop).await == 0 {
            sleep(LOOK).await;
        }
    };
    timeout(LONG, failed).await.expect("a call fails");
}

async fn failed_calls(shop: &Shop) -> usize {
    count(shop, "SELECT count(*) FROM aurora_trigger.failed_call").await
}

/// The calls of drains that a `statement_timeout` ended.
async fn cut_off_calls(shop: &Shop) -> usize {
    let cut_off = "SELECT count(*) FROM aurora_trigger.failed_call WHERE caller = 'drain' AND sqlstate = '57014'";
    count(shop, cut_off).await
}

async fn count(shop: &Shop, sql: &str) -> usize {
    let session = shop.session().await;
    usize::try_from(number(&session, sql).await).expect("it is a count")
}
