//! A long outage of the relay: the outbox fills, and is drained when the relay is back. 10,000 events, or as many as
//! `AURORA_TRIGGER_BACKLOG_EVENTS` says.

use std::time::Instant;

use crate::cell::compared;
use crate::drains::settle;
use crate::mode::Mode;
use crate::scale::scale;
use crate::shop::{Shop, number, run};
use crate::workload::Tally;

/// So many events a transaction has.
const TRANSACTION: usize = 5_000;

#[tokio::test]
async fn an_outbox_full_of_events_is_drained_whole_and_in_order() {
    let events = scale("AURORA_TRIGGER_BACKLOG_EVENTS", 10_000);
    let shop = Shop::start(Mode::Outbox).await;
    let session = shop.session().await;
    run(
        &session,
        &format!(
            "INSERT INTO shop.items SELECT n, 0, 1 FROM generate_series(1, {TRANSACTION}) AS n"
        ),
    )
    .await;
    for transaction in 1..events.div_ceil(TRANSACTION) {
        run(
            &session,
            &format!("UPDATE shop.items SET amount = {transaction} + 1"),
        )
        .await;
    }
    let pending = number(
        &session,
        "SELECT coalesce(sum(events), 0)::bigint FROM aurora_trigger.waiting",
    )
    .await;
    assert!(usize::try_from(pending).expect("it is a count") >= events);

    let start = Instant::now();
    settle(&shop).await;
    let took = start.elapsed();
    let counts = compared(&shop).await;
    eprintln!("{pending} events left the outbox in {took:?}: {counts:?}");
    Mode::Outbox
        .promise()
        .assert_kept(&counts, &Tally::default());
}
