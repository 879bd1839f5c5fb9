//! One cell of the matrix.

use tokio::sync::watch;

use crate::checker::{Counts, check};
use crate::drains::{Drains, settle};
use crate::faults::Fault;
use crate::mode::Mode;
use crate::observed::{Books, Seen};
use crate::shop::Shop;
use crate::workload::Workload;

/// Lets an application write while the fault is there, and go on when it is over, and compares.
pub(crate) async fn assert_promise(mode: Mode, fault: Fault) {
    let shop = fault.start(mode).await;
    fault.begin(&shop);
    let drains = usize::from(mode.has_outbox());
    let cut_off = Drains::start(&shop, drains, &fault.drain_settings());
    let (progress, watched) = watch::channel(0);
    let workload = fault.workload();
    let (during, ()) = tokio::join!(
        workload.run(&shop, &progress),
        fault.meanwhile(&shop, watched)
    );
    cut_off.stop().await;
    let met = fault.end(&shop, &during).await;
    assert!(met > 0, "{fault:?} was not met: {during:?}");

    let drains = Drains::start(&shop, drains, "");
    let after = Workload {
        transactions: workload.transactions / 2,
        seed: workload.seed + 1,
        ..workload
    };
    let tally = during.and(after.run(&shop, &progress).await);
    drains.stop().await;
    settle(&shop).await;
    let counts = compared(&shop).await;
    eprintln!("{mode:?} {fault:?}: met {met} times, {counts:?}, {tally:?}");
    fault.allows(mode).assert_kept(&counts, &tally);
    fault.assert_duplicates(mode, &counts);
}

/// The stream, beside what the application has noted.
pub(crate) async fn compared(shop: &Shop) -> Counts {
    let records = shop.relay.kinesis().records(shop.relay.stream());
    let books = Books::read(&shop.session().await).await;
    check(records.iter().map(Seen::read), &books)
}
