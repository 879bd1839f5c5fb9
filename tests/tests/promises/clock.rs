//! The database's clock is set back: simulated by times that lie in the future, as the clock that was ahead wrote them.

use relay_lambda::local::Fault;
use tokio::sync::watch;

use crate::cell::compared;
use crate::drains::drain;
use crate::mode::Mode;
use crate::shop::{Shop, number, run};
use crate::workload::Workload;

/// As if all that is there had been written before the clock was set back by a day.
const SET_BACK: &str = "
    UPDATE aurora_trigger.lane
    SET retry_at = retry_at + interval '1 day', tried_at = tried_at + interval '1 day';
    UPDATE aurora_trigger.kept SET ts_us = ts_us + 86400000000;
    UPDATE aurora_trigger.failed_call SET failed_at = failed_at + interval '1 day'";

/// No lane waits until the old time has come again, and what was captured later is still later.
async fn assert_promise(mode: Mode) {
    let shop = Shop::start(mode).await;
    let session = shop.session().await;
    let (progress, _) = watch::channel(0);
    let before = Workload::small(1);

    shop.relay.endpoint().faults().fail_all(Fault::Throttle);
    let tally = before.run(&shop, &progress).await;
    // Once to see what is on disk, and once to fail with it.
    drain(&session).await;
    drain(&session).await;
    let paused = "SELECT count(*) FROM aurora_trigger.lane WHERE retry_at > clock_timestamp()";
    assert!(number(&session, paused).await > 0);
    shop.relay.endpoint().faults().clear();
    run(&session, SET_BACK).await;
    let after = Workload { seed: 2, ..before };
    let tally = tally.and(after.run(&shop, &progress).await);

    while drain(&session).await {}
    assert!(shop.relay.endpoint().wait_until_idle(crate::shop::LONG));
    let counts = compared(&shop).await;
    mode.promise().assert_kept(&counts, &tally);
}

#[tokio::test]
async fn outbox_goes_on_and_in_order() {
    assert_promise(Mode::Outbox).await;
}

#[tokio::test]
async fn commit_goes_on() {
    assert_promise(Mode::Commit).await;
}

#[tokio::test]
async fn async_goes_on() {
    assert_promise(Mode::Async).await;
}
