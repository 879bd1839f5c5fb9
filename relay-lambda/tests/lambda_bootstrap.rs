//! A Lambda executable behind the endpoint: as it would run on Lambda.
//!
//! The executable is this test binary, told to run [`function`] and no test.
#![cfg(unix)]

#[path = "lambda_bootstrap/function.rs"]
mod function;
mod support;

use std::collections::BTreeSet;
use std::env;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use function::Meeting;
use relay_lambda::local::{
    Bootstrap, EventQueue, Fault, FunctionError, LambdaEndpoint, LambdaEndpointBuilder,
};
use rustix::process::{Pid, test_kill_process};
use serde_json::{Value, json};
use support::{Database, refusal, row};
use tokio_postgres::Client;
use tokio_postgres::error::DbError;

/// More than any of this takes.
const LONG: Duration = Duration::from_secs(30);

/// The test binary as the function.
fn bootstrap() -> Bootstrap {
    let binary = env::current_exe().expect("this is a program");
    Bootstrap::new(binary)
        .arg("--ignored")
        .arg("--exact")
        .arg("--nocapture")
        .arg("function")
        .timeout(LONG)
}

/// Not a test: what a process of the function runs.
#[test]
#[ignore = "the function that the tests call"]
fn function() {
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        function::run();
    }
}

/// An endpoint, and what its processes write.
fn logging(
    builder: LambdaEndpointBuilder,
    bootstrap: Bootstrap,
) -> (LambdaEndpoint, Receiver<String>) {
    let (sender, lines) = mpsc::channel();
    let bootstrap = bootstrap.log_to(move |line| {
        sender.send(line.to_owned()).ok();
    });
    let endpoint = builder
        .start_bootstrap(bootstrap)
        .expect("a port is free, and the executable is there");
    (endpoint, lines)
}

fn start(bootstrap: Bootstrap) -> LambdaEndpoint {
    LambdaEndpoint::builder()
        .start_bootstrap(bootstrap)
        .expect("a port is free, and the executable is there")
}

/// A session in which a call may take long.
async fn session(endpoint: &LambdaEndpoint) -> Client {
    let session = Database::with(endpoint).await.session().await;
    session
        .batch_execute("SET aws_lambda.request_timeout_ms = 60000")
        .await
        .expect("any setting with a dot can be set");
    session
}

fn sql(payload: &Value, more: &str) -> String {
    format!(
        "SELECT status_code, payload::text FROM aws_lambda.invoke('relay', '{payload}'::json{more})"
    )
}

/// The answer to a `RequestResponse` call.
async fn answer(session: &Client, payload: Value) -> Value {
    let answer = row(session, &sql(&payload, "")).await;
    assert_eq!(answer.get::<_, i32>(0), 200);
    serde_json::from_str(answer.get(1)).expect("the answer is JSON")
}

/// The error of a `RequestResponse` call: its type and message.
async fn function_error(session: &Client, payload: Value) -> (String, String) {
    function_error_in(&refusal(session, &sql(&payload, "")).await)
}

fn function_error_in(error: &DbError) -> (String, String) {
    assert_eq!(error.message(), "lambda invocation failed");
    let detail = error.detail().expect("the error is in the detail");
    let details = detail
        .strip_prefix("\"relay\" returned error \"Unhandled\", details: \"")
        .and_then(|detail| detail.strip_suffix("\"."))
        .unwrap_or_else(|| panic!("{detail}"));
    let details: Value = serde_json::from_str(details).expect("the details are JSON");
    let text = |name: &str| details[name].as_str().expect("it is a text").to_owned();
    (text("errorType"), text("errorMessage"))
}

async fn send_event(session: &Client, payload: Value) {
    let answer = row(session, &sql(&payload, ", invocation_type => 'Event'")).await;
    assert_eq!(answer.get::<_, i32>(0), 202);
    assert_eq!(answer.get::<_, Option<&str>>(1), None);
}

fn ran(lines: &Receiver<String>) -> Vec<String> {
    lines
        .try_iter()
        .filter_map(|line| Some(line.strip_prefix("ran ")?.to_owned()))
        .collect()
}

#[tokio::test]
async fn one_process_serves_call_after_call() {
    let endpoint = start(bootstrap());
    let session = session(&endpoint).await;

    let first = answer(&session, json!({"do": "answer", "id": 42})).await;
    let second = answer(&session, json!({"do": "answer", "id": 43})).await;

    assert_eq!(first["got"], json!({"do": "answer", "id": 42}));
    assert_eq!(second["got"], json!({"do": "answer", "id": 43}));
    assert_eq!(first["pid"], second["pid"]);
    assert_ne!(first["request_id"], second["request_id"]);
    assert_eq!(endpoint.kill_environments(), 1);
}

#[tokio::test]
async fn an_event_runs_later_and_a_dry_run_never() {
    let (endpoint, lines) = logging(LambdaEndpoint::builder(), bootstrap());
    let session = session(&endpoint).await;
    let meeting = Meeting::open().await;

    let dry = row(
        &session,
        &sql(&meeting.payload(), ", invocation_type => 'DryRun'"),
    )
    .await;
    // It is answered while the function still runs.
    send_event(&session, meeting.payload()).await;
    let visitor = meeting.visitor().await;
    assert!(!endpoint.wait_until_idle(Duration::ZERO));
    let request_id = visitor.request_id.clone();
    visitor.tell("answer").await;

    assert_eq!(dry.get::<_, i32>(0), 204);
    assert!(endpoint.wait_until_idle(LONG));
    drop(endpoint);
    assert_eq!(ran(&lines), [request_id]);
}

#[tokio::test]
async fn a_process_knows_what_lambda_tells_it() {
    let endpoint = start(
        bootstrap()
            .env("STREAM_NAME", "changes")
            .memory_mb(256)
            .timeout(Duration::from_secs(20)),
    );
    let session = session(&endpoint).await;

    let payload = sql(
        &json!({"do": "answer"}),
        ", region => 'eu-central-1', qualifier => 'live', context =>
           '{\"custom\": {\"who\":\n\"Jürgen 🦀\"}}'",
    );
    let told = row(&session, &payload).await;

    let told: Value = serde_json::from_str(told.get(1)).expect("the answer is JSON");
    assert_eq!(
        told["arn"],
        "arn:aws:lambda:eu-central-1:123456789012:function:relay:live"
    );
    assert_eq!(told["custom"], json!({"who": "Jürgen 🦀"}));
    let left = told["left_ms"].as_i64().expect("it is a number");
    assert!((1..=20_000).contains(&left), "{left}");
    let names: BTreeSet<&str> = told["environment"]
        .as_object()
        .expect("it is a map")
        .keys()
        .map(String::as_str)
        .collect();
    let expected = [
        "AWS_DEFAULT_REGION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_FORMAT",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "LAMBDA_TASK_ROOT",
        "PATH",
        "STREAM_NAME",
        "TZ",
        "_HANDLER",
        // The Rust runtime sets this one itself.
        "_X_AMZN_TRACE_ID",
    ];
    assert_eq!(names, BTreeSet::from(expected));
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", "relay"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/relay"),
        ("AWS_REGION", "eu-central-1"),
        ("STREAM_NAME", "changes"),
    ] {
        assert_eq!(told["environment"][name], value, "{name}");
    }
}

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

/// The process has ended.
fn assert_gone(pid: &Value) {
    let raw = pid.as_i64().and_then(|pid| i32::try_from(pid).ok());
    let pid = raw.and_then(Pid::from_raw).expect("it is a process id");
    assert!(test_kill_process(pid).is_err(), "{pid:?} is still there");
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

#[tokio::test]
async fn calls_at_the_same_time_have_a_process_each_and_no_more_than_allowed() {
    let endpoint = LambdaEndpoint::builder()
        .concurrency(2)
        .start_bootstrap(bootstrap())
        .expect("a port is free, and the executable is there");
    let database = Database::with(&endpoint).await;
    let meeting = Meeting::open().await;
    let mut running = Vec::new();
    let mut visitors = Vec::new();
    for _ in 0..2 {
        let session = database.session().await;
        let call = sql(&meeting.payload(), "");
        running.push(tokio::spawn(async move { row(&session, &call).await }));
        visitors.push(meeting.visitor().await);
    }
    assert_ne!(visitors[0].pid, visitors[1].pid);
    let pids = BTreeSet::from_iter(visitors.iter().map(|visitor| visitor.pid));
    let session = database.session().await;

    let throttled = refusal(&session, &sql(&json!({"do": "answer"}), "")).await;
    // It waits until there is room, and has not been tried.
    send_event(&session, meeting.payload()).await;

    assert_eq!(throttled.message(), "invoke API failed");
    assert_eq!(
        throttled.detail(),
        Some("AWS Lambda client returned 'Rate Exceeded.'.")
    );
    visitors.pop().expect("there are two").tell("answer").await;
    let waited = meeting.visitor().await;
    assert!(pids.contains(&waited.pid));
    waited.tell("answer").await;
    visitors.pop().expect("there is one").tell("answer").await;
    for call in running {
        assert_eq!(call.await.expect("it is answered").get::<_, i32>(0), 200);
    }
    assert!(endpoint.wait_until_idle(LONG));
    assert_eq!(endpoint.failed_events(), []);
    assert_eq!(endpoint.kill_environments(), 2);
}

#[tokio::test]
async fn an_event_that_fails_is_tried_three_times_and_then_kept() {
    let endpoint = start(bootstrap());
    let session = session(&endpoint).await;
    let meeting = Meeting::open().await;

    send_event(&session, meeting.payload()).await;
    let mut tries = Vec::new();
    for action in ["fail", "exit", "fail"] {
        let visitor = meeting.visitor().await;
        tries.push(visitor.request_id.clone());
        visitor.tell(action).await;
    }

    assert!(endpoint.wait_until_idle(LONG));
    let failed = endpoint.failed_events();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].attempts, 3);
    assert_eq!(
        failed[0].error,
        FunctionError::new("Broken", "as it was told")
    );
    assert_eq!(failed[0].invocation.payload, meeting.payload().to_string());
    let request_id = &failed[0].invocation.request_id;
    assert_eq!(tries, vec![request_id.clone(); 3]);

    // One that succeeds in the end is not kept.
    send_event(&session, meeting.payload()).await;
    meeting.visitor().await.tell("fail").await;
    meeting.visitor().await.tell("answer").await;

    assert!(endpoint.wait_until_idle(LONG));
    assert_eq!(endpoint.failed_events().len(), 1);
}

#[tokio::test]
async fn a_retry_comes_after_its_delay() {
    let delays = [Duration::from_millis(80), Duration::from_millis(160)];
    let (sender, tries) = mpsc::channel();
    let endpoint = LambdaEndpoint::builder()
        .queue(EventQueue::default().retry_delays(delays))
        .start(move |_| {
            sender.send(Instant::now())?;
            Err(FunctionError::new("Broken", "as always"))
        })
        .expect("a port is free");
    let session = session(&endpoint).await;

    send_event(&session, json!(1)).await;

    assert!(endpoint.wait_until_idle(LONG));
    let tries: Vec<Instant> = tries.try_iter().collect();
    assert_eq!(tries.len(), 3);
    assert!(tries[1] - tries[0] >= delays[0], "{tries:?}");
    assert!(tries[2] - tries[1] >= delays[1], "{tries:?}");
}

#[tokio::test]
async fn faults_meet_the_call_and_the_first_try() {
    let (endpoint, lines) = logging(
        LambdaEndpoint::builder().queue(EventQueue::default().retry_delays([])),
        bootstrap(),
    );
    let session = session(&endpoint).await;
    let event = sql(&json!({"do": "answer"}), ", invocation_type => 'Event'");
    session
        .batch_execute("SET aws_lambda.request_timeout_ms = 100")
        .await
        .expect("any setting with a dot can be set");

    endpoint.faults().fail_next(1, Fault::Throttle);
    refusal(&session, &event).await;
    endpoint.faults().fail_next(1, Fault::TimeOut);
    refusal(&session, &event).await;
    assert!(endpoint.wait_until_idle(Duration::ZERO));
    endpoint.faults().fail_next(1, Fault::LoseAnswer);
    refusal(&session, &event).await;
    assert!(endpoint.wait_until_idle(LONG));
    let broken = Fault::FunctionError(FunctionError::new("Broken", "as ordered"));
    endpoint.faults().fail_next(1, broken);
    send_event(&session, json!({"do": "answer"})).await;

    assert!(endpoint.wait_until_idle(LONG));
    let failed = endpoint.failed_events();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].attempts, 1);
    assert_eq!(failed[0].error, FunctionError::new("Broken", "as ordered"));
    drop(endpoint);
    // The one whose answer was lost.
    assert_eq!(ran(&lines).len(), 1);
}

#[tokio::test]
async fn an_event_may_come_twice() {
    let (endpoint, lines) = logging(LambdaEndpoint::builder(), bootstrap());
    let session = session(&endpoint).await;

    endpoint.deliver_next_twice(1);
    answer(&session, json!({"do": "answer"})).await;
    send_event(&session, json!({"do": "answer"})).await;
    send_event(&session, json!({"do": "answer"})).await;

    assert!(endpoint.wait_until_idle(LONG));
    drop(endpoint);
    let ran = ran(&lines);
    assert_eq!(ran.len(), 4);
    assert_eq!(BTreeSet::from_iter(ran).len(), 3);
}

#[tokio::test]
async fn a_closure_without_a_queue_gets_it_twice_before_the_answer() {
    let (sender, calls) = mpsc::channel();
    let endpoint = LambdaEndpoint::start(move |call| {
        sender.send(call.request_id.clone())?;
        Err(FunctionError::new("Broken", "as always"))
    })
    .expect("a port is free");
    let session = session(&endpoint).await;

    endpoint.deliver_next_twice(1);
    send_event(&session, json!(1)).await;

    let calls: Vec<String> = calls.try_iter().collect();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0], calls[1]);
    let failed = endpoint.failed_events();
    assert_eq!(failed.len(), 2);
    assert_eq!(failed[0].attempts, 1);
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
async fn the_end_is_polite_first() {
    let (endpoint, lines) = logging(LambdaEndpoint::builder(), bootstrap());
    let session = session(&endpoint).await;
    let pid = answer(&session, json!({"do": "answer"})).await["pid"].clone();

    drop(endpoint);

    assert_gone(&pid);
    let lines: Vec<String> = lines.try_iter().collect();
    assert_eq!(lines.last().map(String::as_str), Some("ended by SIGTERM"));
}

#[tokio::test]
async fn a_process_that_ignores_the_end_is_killed() {
    let grace = Duration::from_millis(100);
    let (endpoint, lines) = logging(LambdaEndpoint::builder(), bootstrap().shutdown_grace(grace));
    let session = session(&endpoint).await;
    let meeting = Meeting::open().await;
    send_event(&session, meeting.payload()).await;
    let visitor = meeting.visitor().await;
    let pid = visitor.pid;

    let started = Instant::now();
    drop(endpoint);

    let took = started.elapsed();
    assert!(took >= grace && took < LONG, "{took:?}");
    assert_gone(&json!(pid));
    assert!(!lines.try_iter().any(|line| line == "ended by SIGTERM"));
    drop(visitor);
}

#[tokio::test]
async fn answers_that_the_service_does_not_take() {
    let (endpoint, lines) = logging(LambdaEndpoint::builder(), bootstrap());
    let session = session(&endpoint).await;

    // The process hears it, and the caller gets an error.
    for (answer, error_type) in [
        ("not JSON", "Runtime.InvalidResponse"),
        ("not UTF-8", "Runtime.InvalidResponse"),
        ("too large", "Function.ResponseSizeTooLarge"),
    ] {
        let error = function_error(&session, json!({"do": answer})).await;
        assert_eq!(error.0, error_type, "{answer}");
    }
    // A second answer has no effect, nor has one to a call that there is not.
    let twice = answer(&session, json!({"do": "answer twice"})).await;
    assert_eq!(twice, json!("first"));
    let other = answer(&session, json!({"do": "answer another"})).await;

    assert_eq!(other["status"], 400);
    drop(endpoint);
    let statuses: Vec<String> = lines
        .try_iter()
        .filter_map(|line| Some(line.strip_prefix("status ")?.to_owned()))
        .collect();
    assert_eq!(statuses, ["400", "400", "413", "202", "400"]);
}

#[tokio::test]
async fn an_answer_of_6_mb_is_given_back() {
    let endpoint = start(bootstrap());
    let session = session(&endpoint).await;
    let payload = json!({"do": "large", "bytes": 6 << 20});

    let large = row(
        &session,
        &format!("SELECT length(payload::text) FROM aws_lambda.invoke('relay', '{payload}'::json)"),
    )
    .await;

    assert_eq!(large.get::<_, i32>(0), 6 << 20);

    let closure = LambdaEndpoint::start(|_| Ok(format!("\"{}\"", "x".repeat(6 << 20))))
        .expect("a port is free");
    let session = self::session(&closure).await;
    let (error_type, _) = function_error(&session, json!(1)).await;
    assert_eq!(error_type, "Function.ResponseSizeTooLarge");
}

#[tokio::test]
async fn a_thousand_calls() {
    let (endpoint, lines) = logging(LambdaEndpoint::builder(), bootstrap());
    let session = session(&endpoint).await;

    let counted = row(
        &session,
        "SELECT count(*), count(DISTINCT called.payload ->> 'request_id'),
                count(DISTINCT called.payload ->> 'pid')
         FROM generate_series(1, 1000) AS number,
              aws_lambda.invoke('relay', json_build_object('do', 'answer', 'id', number)) AS called",
    )
    .await;
    let answered: [i64; 3] = [counted.get(0), counted.get(1), counted.get(2)];
    assert_eq!(answered, [1000, 1000, 1]);

    session
        .batch_execute(
            "SELECT aws_lambda.invoke('relay', '{\"do\": \"answer\"}'::json,
                                      invocation_type => 'Event')
             FROM generate_series(1, 1000)",
        )
        .await
        .expect("all of them are taken");

    assert!(endpoint.wait_until_idle(LONG));
    assert!((1..=10).contains(&endpoint.kill_environments()));
    drop(endpoint);
    assert_eq!(ran(&lines).len(), 2000);
}
