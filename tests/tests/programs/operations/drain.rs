use std::time::Instant;

use rustix::process::Signal;
use serde_json::json;

use crate::operations::installed::Installed;
use crate::operations::program::{PATIENCE, Running, object, printed, program, refused};

/// Holds the call that is made next, until it is let go.
const HOLD: &str = "SELECT pg_advisory_lock(1)";
const LET_GO: &str = "SELECT pg_advisory_unlock(1)";

/// Whether a drain() waits for being let go.
const IN_HAND: &str = "SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'aurora-trigger' AND wait_event = 'advisory'
)";

const TERMINATE: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'aurora-trigger'";

#[tokio::test]
async fn once_ends_when_nothing_is_left() {
    let installed = Installed::new().await;
    let url = installed.url();
    installed.run("UPDATE stub.outbox SET calls = 3").await;
    let mut once = program(&["drain", "--once", "--database-url", &url]);
    assert_eq!(printed(&mut once), "drained in 3 calls\n");
    assert_eq!(printed(&mut once), "drained in 1 call\n");
    assert_eq!(object(once.args(["--format", "json"])), json!({"calls": 1}));
}

#[tokio::test]
async fn each_call_is_a_transaction_that_sees_what_was_committed_before() {
    let installed = Installed::new().await;
    let (name, url) = (&installed.name, installed.url());
    installed
        .run(&format!(
            "ALTER DATABASE {name} SET default_transaction_isolation = 'serializable';
             UPDATE stub.outbox SET calls = 3"
        ))
        .await;
    printed(&mut program(&["drain", "--once", "--database-url", &url]));
    let transactions =
        "SELECT count(DISTINCT transaction) FROM stub.drained WHERE isolation = 'read committed'";
    assert_eq!(installed.number(transactions).await, 3);
    assert_eq!(
        installed
            .number("SELECT count(DISTINCT pid) FROM stub.drained")
            .await,
        1
    );
}

#[tokio::test]
async fn as_long_as_there_is_more_it_does_not_pause() {
    let installed = Installed::new().await;
    installed.run("UPDATE stub.outbox SET calls = 300").await;
    let began = Instant::now();
    let mut once = program(&["drain", "--once", "--database-url", &installed.url()]);
    assert_eq!(printed(&mut once), "drained in 300 calls\n");
    // With pauses that grow to a second it would be five minutes.
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_signal_ends_it_after_the_call_in_hand() {
    let installed = Installed::new().await;
    let url = installed.url();
    for signal in [Signal::TERM, Signal::INT] {
        installed.run("TRUNCATE stub.drained").await;
        installed.run("UPDATE stub.outbox SET calls = 100").await;
        installed.run(HOLD).await;
        let drain = Running::start(&mut program(&[
            "drain",
            "--format",
            "json",
            "--database-url",
            &url,
        ]));
        installed.until(IN_HAND).await;
        drain.signal(signal);
        installed.run(LET_GO).await;
        let ended = drain.ended();
        assert_eq!(
            ended,
            (Some(0), "{\"calls\":1}\n".to_owned(), String::new()),
            "{signal:?}"
        );
        assert_eq!(
            installed.number("SELECT count(*) FROM stub.drained").await,
            1
        );
    }
}

#[tokio::test]
async fn it_goes_on_when_there_is_nothing_and_takes_what_comes() {
    let installed = Installed::new().await;
    let drain = Running::start(&mut program(&["drain", "--database-url", &installed.url()]));
    installed
        .until("SELECT count(*) > 3 FROM stub.drained")
        .await;
    installed.run("UPDATE stub.outbox SET calls = 5").await;
    installed.until("SELECT calls = 0 FROM stub.outbox").await;
    drain.signal(Signal::TERM);
    let (code, printed, said) = drain.ended();
    assert_eq!((code, &*said), (Some(0), ""));
    assert!(printed.starts_with("drained in "), "{printed}");
}

#[tokio::test]
async fn a_connection_that_is_lost_in_a_call_is_told_once_and_made_again() {
    let installed = Installed::new().await;
    installed.run(HOLD).await;
    let drain = Running::start(&mut program(&["drain", "--database-url", &installed.url()]));
    installed.until(IN_HAND).await;
    assert_eq!(installed.number(TERMINATE).await, 1);
    installed.run(LET_GO).await;
    installed
        .until("SELECT count(*) > 1 FROM stub.drained")
        .await;
    drain.signal(Signal::TERM);
    let (code, _, said) = drain.ended();
    assert_eq!(code, Some(0), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(
        lines[0].starts_with("nothing is drained from 127.0.0.1:")
            && lines[0].ends_with(": terminating connection due to administrator command"),
        "{said}"
    );
    assert_eq!(lines[1], "trying again until it works");
    assert!(lines[2].starts_with("it works again, after "), "{said}");
}

#[tokio::test]
async fn so_is_one_that_is_lost_between_calls() {
    let installed = Installed::new().await;
    let drain = Running::start(&mut program(&["drain", "--database-url", &installed.url()]));
    // From here on it has time to hear of it between the calls.
    installed
        .until("SELECT count(*) > 6 FROM stub.drained")
        .await;
    assert_eq!(installed.number(TERMINATE).await, 1);
    installed
        .until("SELECT count(DISTINCT pid) = 2 FROM stub.drained")
        .await;
    drain.signal(Signal::TERM);
    let (code, _, said) = drain.ended();
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains(": terminating connection due to administrator command\n"),
        "{said}"
    );
    assert_eq!(
        said.matches("nothing is drained from ").count(),
        1,
        "{said}"
    );
    assert_eq!(said.matches("it works again").count(), 1, "{said}");
}

#[tokio::test]
async fn an_outage_of_many_tries_is_told_once() {
    let installed = Installed::new().await;
    let drain = Running::start(&mut program(&["drain", "--database-url", &installed.url()]));
    installed
        .until("SELECT count(*) > 0 FROM stub.drained")
        .await;
    // As after a failover, when the name still leads to the server that only reads now.
    installed
        .run("UPDATE stub.outbox SET error_code = '25006'")
        .await;
    let tries = installed.number("SELECT last_value FROM stub.tries").await;
    installed
        .until(&format!(
            "SELECT last_value > {} FROM stub.tries",
            tries + 5
        ))
        .await;
    installed
        .run("TRUNCATE stub.drained; UPDATE stub.outbox SET error_code = NULL")
        .await;
    installed
        .until("SELECT count(*) > 0 FROM stub.drained")
        .await;
    drain.signal(Signal::TERM);
    let (code, _, said) = drain.ended();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("the stub fails").count(), 1, "{said}");
    assert_eq!(said.matches("it works again").count(), 1, "{said}");
}

#[tokio::test]
async fn a_signal_ends_an_outage_too() {
    let installed = Installed::new().await;
    let drain = Running::start(&mut program(&["drain", "--database-url", &installed.url()]));
    installed
        .until("SELECT count(*) > 0 FROM stub.drained")
        .await;
    installed
        .run("UPDATE stub.outbox SET error_code = '57P03'")
        .await;
    let tries = installed.number("SELECT last_value FROM stub.tries").await;
    installed
        .until(&format!(
            "SELECT last_value > {} FROM stub.tries",
            tries + 2
        ))
        .await;
    drain.signal(Signal::INT);
    let (code, _, said) = drain.ended();
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn an_error_that_does_not_pass_ends_it() {
    let installed = Installed::new().await;
    let url = installed.url();
    installed
        .run("UPDATE stub.outbox SET error_code = 'P0001'")
        .await;
    for arguments in [&["drain"][..], &["drain", "--once"]] {
        let said = refused(program(arguments).args(["--database-url", &url]));
        assert_eq!(said, "error: the stub fails\n");
    }
}

#[tokio::test]
async fn once_does_not_wait_for_what_passes() {
    let installed = Installed::new().await;
    installed
        .run("UPDATE stub.outbox SET error_code = '25006'")
        .await;
    let said = refused(&mut program(&[
        "drain",
        "--once",
        "--database-url",
        &installed.url(),
    ]));
    assert_eq!(said, "error: the stub fails\n");
}
