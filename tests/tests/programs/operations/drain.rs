use std::time::Instant;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::operations::installed::Installed;
use crate::operations::program::{PATIENCE, Running, object, printed, program, refused, unwell};

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
    assert_eq!(
        object(once.args(["--format", "json"])),
        json!({"calls": 1, "pending": 0, "tables": [], "failing_lanes": []})
    );
}

/// Two events of a table that is not paused, and what became of the last call of a lane.
const FAILING: &str = "
    INSERT INTO stub.tables (schema_name, table_name, delivery, pending) VALUES
        ('sales', 'orders', 'outbox', 2);
    INSERT INTO stub.lanes VALUES
        (0, NULL, 0, NULL), (3, now() + interval '90 minutes', 4, E'the relay:\\ntimed out')";

#[tokio::test]
async fn once_says_what_waits_and_why() {
    let installed = Installed::new().await;
    let url = installed.url();
    installed.run(FAILING).await;
    let once = ["drain", "--once", "--database-url", &url];
    let (printed, said) = unwell(&mut program(&once));
    assert_eq!(
        printed,
        "drained in 1 call\n\
         2 events of sales.orders waiting: calls fail\n\
         lane 3 fails, next try in 1 h: the relay: timed out\n"
    );
    assert!(
        said.starts_with("error: 2 events are waiting, since calls fail"),
        "{said}"
    );
    let (printed, said) = unwell(program(&once).args(["--format", "json"]));
    assert!(said.contains("2 events are waiting"), "{said}");
    let mut printed: Value = serde_json::from_str(&printed).expect("it is an object");
    let lane = &mut printed["failing_lanes"][0];
    for time in ["retry_at", "retry_in_seconds"] {
        assert!(!lane[time].take().is_null(), "{time}");
    }
    assert_eq!(
        printed,
        json!({
            "calls": 1,
            "pending": 2,
            "tables": [
                {"schema_name": "sales", "table_name": "orders", "pending": 2, "paused": false}
            ],
            "failing_lanes": [{
                "lane": 3, "retry_at": null, "retry_in_seconds": null, "failures": 4,
                "last_error": "the relay:\ntimed out",
            }],
        })
    );
}

#[tokio::test]
async fn what_is_paused_or_came_meanwhile_is_told_and_no_failure() {
    let installed = Installed::new().await;
    installed.run(FAILING).await;
    let url = installed.url();
    let once = ["drain", "--once", "--database-url", &url];
    // Nothing waits for the lane: its error is an old one.
    installed.run("UPDATE stub.tables SET paused = true").await;
    assert_eq!(
        printed(&mut program(&once)),
        "drained in 1 call\n2 events of sales.orders waiting: the table is paused\n"
    );
    installed
        .run("UPDATE stub.tables SET paused = false, pending = 1; TRUNCATE stub.lanes")
        .await;
    assert_eq!(
        printed(&mut program(&once)),
        "drained in 1 call\n\
         1 event of sales.orders waiting: written meanwhile, or another drain has their lane\n"
    );
}

#[tokio::test]
async fn a_lane_that_begins_to_fail_is_told_once_and_so_is_its_end() {
    let installed = Installed::new().await;
    let url = installed.url();
    for format in ["text", "json"] {
        installed.run("TRUNCATE stub.drained, stub.lanes").await;
        let drain = Running::start(&mut program(&[
            "drain",
            "--format",
            format,
            "--database-url",
            &url,
        ]));
        for lanes in [
            "INSERT INTO stub.lanes VALUES (3, now(), 1, E'the relay:\\ntimed out'), (4, NULL, 0, NULL)",
            "UPDATE stub.lanes SET failures = 2, last_error = 'throttled' WHERE lane = 3",
            "UPDATE stub.lanes SET failures = 0, last_error = NULL WHERE lane = 3",
        ] {
            installed
                .run(&format!("TRUNCATE stub.drained; {lanes}"))
                .await;
            // The first one may have begun before.
            installed
                .until("SELECT count(*) > 2 FROM stub.drained")
                .await;
        }
        drain.signal(Signal::TERM);
        let (code, _, said) = drain.ended();
        assert_eq!(code, Some(0), "{said}");
        let lines: Vec<&str> = said.lines().collect();
        if format == "text" {
            assert_eq!(lines.len(), 3, "{said}");
            assert_eq!(lines[0], "the calls of lane 3 fail: the relay: timed out");
            assert_eq!(
                lines[1],
                "its events wait, and are tried again until it works"
            );
            assert!(
                lines[2].starts_with("the calls of lane 3 succeed again, after "),
                "{said}"
            );
        } else {
            let objects: Vec<Value> = lines
                .iter()
                .map(|line| serde_json::from_str(line).expect("each line is an object"))
                .collect();
            assert_eq!(objects.len(), 2, "{said}");
            assert_eq!(
                objects[0],
                json!({"event": "lane_fails", "lane": 3, "last_error": "the relay:\ntimed out"})
            );
            assert_eq!(objects[1]["event"], "lane_works");
            assert_eq!(objects[1]["lane"], 3);
        }
    }
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

/// A call takes as long as the relay does, and what a database or a role has for applications would cut it off.
#[tokio::test]
async fn it_has_no_timeout() {
    let installed = Installed::new().await;
    let (name, url) = (&installed.name, installed.url());
    installed
        .run(&format!(
            "ALTER DATABASE {name} SET statement_timeout = '20s';
             DO $$ BEGIN
                 IF current_setting('transaction_timeout', true) IS NOT NULL THEN
                     ALTER DATABASE {name} SET transaction_timeout = '20s';
                 END IF;
             END $$;
             UPDATE stub.outbox SET calls = 3"
        ))
        .await;
    printed(&mut program(&["drain", "--once", "--database-url", &url]));
    let endless = "SELECT count(*) FROM stub.drained WHERE timeouts IN ('0,', '0,0')";
    assert_eq!(installed.number(endless).await, 3);
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
