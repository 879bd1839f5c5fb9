//! A call whose process fails it, and the call after it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use relay_lambda::local::{Bootstrap, LambdaEndpoint};
use serde_json::json;

use crate::LONG;
use crate::calls::{answer, function_error, function_error_in, session, sql};
use crate::endpoints::{bootstrap, start};
use crate::function::Meeting;
use crate::processes::assert_gone;
use crate::support::refusal;

#[tokio::test]
async fn an_error_and_a_panic_leave_the_process_there() {
    let endpoint = start(bootstrap());
    let session = session(&endpoint).await;

    let before = answer(&session, json!({"do": "answer"})).await;
    let failed = function_error(&session, json!({"do": "fail"})).await;
    let (_, panicked) = function_error(&session, json!({"do": "panic"})).await;
    let after = answer(&session, json!({"do": "answer"})).await;

    assert_eq!(failed, ("Broken".to_owned(), "as it was told".to_owned()));
    assert!(panicked.contains("not even an error"), "{panicked}");
    assert_eq!(before["pid"], after["pid"]);
}

#[tokio::test]
async fn a_process_that_exits_fails_its_call_and_the_next_one_gets_a_new_process() {
    let endpoint = start(bootstrap());
    let session = session(&endpoint).await;

    let before = answer(&session, json!({"do": "answer"})).await;
    let (error_type, message) = function_error(&session, json!({"do": "exit"})).await;
    let after = answer(&session, json!({"do": "answer"})).await;

    assert_eq!(error_type, "Runtime.ExitError");
    let (head, last_words) = message.split_once('\n').expect("it had last words");
    assert!(head.starts_with("RequestId: "), "{head}");
    assert!(
        head.ends_with(" Error: Runtime exited with error: exit status 3"),
        "{head}"
    );
    assert!(last_words.ends_with("goodbye"), "{last_words}");
    assert_ne!(before["pid"], after["pid"]);
}

#[tokio::test]
async fn a_process_that_takes_too_long_is_killed() {
    let endpoint = start(bootstrap().timeout(Duration::from_millis(600)));
    let session = session(&endpoint).await;

    let before = answer(&session, json!({"do": "answer"})).await;
    let started = Instant::now();
    let (error_type, message) = function_error(&session, json!({"do": "hang"})).await;
    let took = started.elapsed();

    assert_eq!(error_type, "Sandbox.Timedout");
    let message = message.lines().next().unwrap_or_default();
    assert!(
        message.ends_with(" Error: Task timed out after 0.60 seconds"),
        "{message}"
    );
    assert!(took >= Duration::from_millis(600), "{took:?}");
    assert_gone(&before["pid"]);
    let after = answer(&session, json!({"do": "answer"})).await;
    assert_ne!(before["pid"], after["pid"]);
}

#[tokio::test]
async fn a_process_that_is_killed_in_a_call_is_replaced() {
    let endpoint = start(bootstrap());
    let session = Arc::new(session(&endpoint).await);
    let meeting = Meeting::open().await;

    let call = sql(&meeting.payload(), "");
    let calling = Arc::clone(&session);
    let running = tokio::spawn(async move { refusal(&calling, &call).await });
    let visitor = meeting.visitor().await;
    assert_eq!(endpoint.kill_environments(), 1);
    assert_gone(&json!(visitor.pid));

    let (error_type, message) = function_error_in(&running.await.expect("it is answered"));
    assert_eq!(error_type, "Runtime.ExitError");
    let message = message.lines().next().unwrap_or_default();
    assert!(
        message.ends_with(" Error: Runtime exited with error: signal: killed"),
        "{message}"
    );
    let after = answer(&session, json!({"do": "answer"})).await;
    assert_ne!(after["pid"], visitor.pid);
    assert_eq!(endpoint.kill_environments(), 1);
    // One that was killed between two calls is missed by nobody.
    let later = answer(&session, json!({"do": "answer"})).await;
    assert_ne!(after["pid"], later["pid"]);
}

#[tokio::test]
async fn what_goes_wrong_at_the_start_is_an_error_of_the_call() {
    for (how, error_type, message) in [
        (
            "exit",
            "Runtime.ExitError",
            "Runtime exited with error: exit status 7",
        ),
        ("report", "Config.Missing", "no STREAM_NAME"),
        (
            "hang",
            "Sandbox.Timedout",
            "Task timed out after 0.40 seconds",
        ),
    ] {
        let endpoint = start(bootstrap().env("AT_START", how).init_timeout(match how {
            "hang" => Duration::from_millis(400),
            _ => LONG,
        }));
        let session = session(&endpoint).await;

        // The second call starts a second process.
        for _ in 0..2 {
            let error = function_error(&session, json!({"do": "answer"})).await;

            assert_eq!(error.0, error_type);
            assert!(error.1.contains(message), "{}", error.1);
        }
        assert_eq!(endpoint.kill_environments(), 0);
    }
}

#[tokio::test]
async fn an_executable_that_is_not_there_or_is_none() {
    let missing = LambdaEndpoint::builder().start_bootstrap(Bootstrap::new("/nowhere/bootstrap"));
    let missing = missing.expect_err("it is not there").to_string();
    assert!(missing.contains("/nowhere/bootstrap"), "{missing}");

    let endpoint = start(Bootstrap::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/Cargo.toml"
    )));
    let session = session(&endpoint).await;

    let (error_type, _) = function_error(&session, json!(1)).await;

    assert_eq!(error_type, "Runtime.InvalidEntrypoint");
}
