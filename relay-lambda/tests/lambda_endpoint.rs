//! What a call of the local stand-in gets: as documented for the real service.

mod support;

use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use relay_lambda::local::{
    Fault, FunctionError, Invocation, InvocationType, LambdaEndpoint, LogType,
};
use support::{Database, refusal, row};

/// An endpoint whose function answers `{"accepted":1}`, and what it has been called with.
fn recording() -> (LambdaEndpoint, Receiver<Invocation>) {
    let (sender, calls) = mpsc::channel();
    let endpoint = LambdaEndpoint::start(move |call| {
        sender.send(call.clone())?;
        Ok(r#"{"accepted":1}"#.to_owned())
    })
    .expect("a port is free");
    (endpoint, calls)
}

const INVOKE: &str = "SELECT status_code, payload::text, executed_version, log_result
                      FROM aws_lambda.invoke('relay', '{\"id\": 42}'::json";

#[tokio::test]
async fn a_request_gets_the_answer_of_the_function() {
    let (endpoint, calls) = recording();
    let session = Database::with(&endpoint).await.session().await;

    let answer = row(
        &session,
        &format!(
            "{INVOKE}, 'eu-central-1', context => '{{\"custom\": {{}}}}', qualifier => 'live')"
        ),
    )
    .await;

    assert_eq!(answer.get::<_, i32>(0), 200);
    assert_eq!(answer.get::<_, &str>(1), r#"{"accepted":1}"#);
    assert_eq!(answer.get::<_, &str>(2), "$LATEST");
    assert_eq!(answer.get::<_, Option<&str>>(3), None);
    let call = calls.try_recv().expect("the function ran");
    assert_eq!(call.function_name, "relay");
    assert_eq!(call.region.as_deref(), Some("eu-central-1"));
    assert_eq!(call.qualifier.as_deref(), Some("live"));
    assert_eq!(call.context.as_deref(), Some(r#"{"custom": {}}"#));
    assert_eq!(call.invocation_type, InvocationType::RequestResponse);
    assert_eq!(call.log_type, LogType::None);
    assert_eq!(call.payload, r#"{"id": 42}"#);
}

#[tokio::test]
async fn an_event_is_taken_whatever_becomes_of_it() {
    let (sender, calls) = mpsc::channel();
    let endpoint = LambdaEndpoint::start(move |call| {
        sender.send(call.clone())?;
        Err(FunctionError::new("Broken", "does not reach the caller"))
    })
    .expect("a port is free");
    let session = Database::with(&endpoint).await.session().await;

    let answer = row(
        &session,
        &format!("{INVOKE}, invocation_type => 'Event', context => '{{}}')"),
    )
    .await;

    assert_eq!(answer.get::<_, i32>(0), 202);
    assert_eq!(answer.get::<_, Option<&str>>(1), None);
    let call = calls
        .try_recv()
        .expect("it ran before the call was answered");
    assert_eq!(call.invocation_type, InvocationType::Event);
    assert_eq!(call.context, None);
}

#[tokio::test]
async fn a_dry_run_does_not_run_the_function() {
    let (endpoint, calls) = recording();
    let session = Database::with(&endpoint).await.session().await;

    let answer = row(&session, &format!("{INVOKE}, invocation_type => 'DryRun')")).await;

    assert_eq!(answer.get::<_, i32>(0), 204);
    assert_eq!(answer.get::<_, Option<&str>>(1), None);
    assert!(calls.try_recv().is_err());
}

#[tokio::test]
async fn the_log_comes_in_base64_to_who_asks_for_it() {
    let (endpoint, _calls) = recording();
    let session = Database::with(&endpoint).await.session().await;

    let log = row(
        &session,
        "SELECT convert_from(decode(log_result, 'base64'), 'UTF8')
         FROM aws_lambda.invoke('relay', '1'::json, log_type => 'Tail')",
    )
    .await;

    assert!(log.get::<_, &str>(0).starts_with("START relay"));
}

#[tokio::test]
async fn an_error_of_the_function_is_in_the_detail() {
    let endpoint = LambdaEndpoint::start(|call| {
        call.payload.parse::<i32>()?;
        panic!("not even an error");
    })
    .expect("a port is free");
    let session = Database::with(&endpoint).await.session().await;

    let error = refusal(&session, &format!("{INVOKE})")).await;

    assert_eq!(error.message(), "lambda invocation failed");
    assert_eq!(
        error.detail(),
        Some(
            "\"relay\" returned error \"Unhandled\", details: \"{\"errorMessage\":\"invalid digit \
             found in string\",\"errorType\":\"core::num::error::ParseIntError\"}\"."
        )
    );

    let error = refusal(&session, "SELECT aws_lambda.invoke('relay', '1'::json)").await;

    assert_eq!(error.message(), "lambda invocation failed");
    assert!(
        error
            .detail()
            .is_some_and(|detail| detail.contains("not even an error"))
    );
}

#[tokio::test]
async fn names_of_types_are_case_sensitive() {
    let (endpoint, calls) = recording();
    let session = Database::with(&endpoint).await.session().await;

    for wrong in ["invocation_type => 'event'", "log_type => 'tail'"] {
        let error = refusal(&session, &format!("{INVOKE}, {wrong})")).await;

        assert_eq!(error.message(), "invoke API failed", "{wrong}");
    }
    assert!(calls.try_recv().is_err());
}

#[tokio::test]
async fn a_payload_has_a_limit_that_depends_on_who_waits() {
    let (endpoint, calls) = recording();
    let session = Database::with(&endpoint).await.session().await;
    let invoke = |bytes: usize, invocation_type: &str| {
        format!(
            "SELECT status_code FROM aws_lambda.invoke(
               'relay', ('\"' || repeat('x', {bytes} - 2) || '\"')::json, NULL, '{invocation_type}')"
        )
    };

    for (invocation_type, limit) in [("RequestResponse", 6 << 20), ("Event", 1 << 20)] {
        row(&session, &invoke(limit, invocation_type)).await;
        let arrived = calls.try_recv().expect("it is just small enough");
        assert_eq!(arrived.payload.len(), limit);

        let error = refusal(&session, &invoke(limit + 1, invocation_type)).await;

        assert_eq!(error.message(), "invoke API failed");
        assert!(
            error
                .detail()
                .is_some_and(|detail| detail.contains("limit"))
        );
        assert!(calls.try_recv().is_err());
    }
}

#[tokio::test]
async fn faults_come_in_the_order_in_which_they_were_ordered() {
    let (endpoint, calls) = recording();
    let session = Database::with(&endpoint).await.session().await;
    let broken = Fault::FunctionError(FunctionError::new("Broken", "as ordered"));
    endpoint.faults().fail_all(Fault::Refuse);
    endpoint.faults().fail_next(2, Fault::Throttle);
    endpoint.faults().fail_next(1, broken);

    let mut details = Vec::new();
    for _ in 0..5 {
        let error = refusal(&session, &format!("{INVOKE})")).await;
        details.push((
            error.message().to_owned(),
            error.detail().unwrap_or_default().to_owned(),
        ));
    }

    let throttled = "AWS Lambda client returned 'Rate Exceeded.'.";
    let refused = "AWS Lambda client returned 'Unable to connect to endpoint'.";
    let failed = "\"relay\" returned error \"Unhandled\", details: \
                  \"{\"errorMessage\":\"as ordered\",\"errorType\":\"Broken\"}\".";
    let expected = [
        ("invoke API failed", throttled),
        ("invoke API failed", throttled),
        ("lambda invocation failed", failed),
        ("invoke API failed", refused),
        ("invoke API failed", refused),
    ];
    assert_eq!(
        details,
        expected.map(|(message, detail)| (message.to_owned(), detail.to_owned()))
    );
    assert!(calls.try_recv().is_err());

    endpoint.faults().clear();

    row(&session, &format!("{INVOKE})")).await;
    assert!(calls.try_recv().is_ok());
}

#[tokio::test]
async fn a_call_is_bounded_by_the_timeout_that_the_caller_set() {
    let (endpoint, calls) = recording();
    let session = Database::with(&endpoint).await.session().await;
    session
        .batch_execute("SET aws_lambda.request_timeout_ms = 120")
        .await
        .expect("any setting with a dot can be set");

    for (fault, runs) in [(Fault::TimeOut, false), (Fault::LoseAnswer, true)] {
        endpoint.faults().fail_next(1, fault);
        let started = Instant::now();
        let error = refusal(&session, &format!("{INVOKE})")).await;

        assert_eq!(error.message(), "invoke API failed");
        assert_eq!(
            error.detail(),
            Some("AWS Lambda client returned 'Timeout was reached'.")
        );
        let took = started.elapsed();
        assert!(
            took >= Duration::from_millis(120) && took < Duration::from_secs(3),
            "{took:?}"
        );
        assert_eq!(calls.try_recv().is_ok(), runs);
    }
}

#[tokio::test]
async fn a_function_that_is_not_there_or_dies_is_told_apart_by_the_error() {
    let (endpoint, calls) = recording();
    let session = Database::with(&endpoint).await.session().await;

    endpoint.faults().fail_next(1, Fault::NotFound);
    let error = refusal(&session, &format!("{INVOKE})")).await;
    assert_eq!(error.message(), "invoke API failed");
    assert!(calls.try_recv().is_err());

    endpoint.faults().fail_next(1, Fault::KillAfterRun);
    let error = refusal(&session, &format!("{INVOKE})")).await;
    assert_eq!(error.message(), "lambda invocation failed");
    let detail = error.detail().unwrap_or_default();
    assert!(detail.contains("Runtime.ExitError"), "{detail}");
    assert!(calls.try_recv().is_ok(), "what it did is done");
}

/// The same share of two endpoints, since the seed is the same; and none when it is taken back.
#[tokio::test]
async fn a_share_of_the_calls_fails_by_a_chance_that_can_be_repeated() {
    const CALLS: usize = 100;
    let mut failed = Vec::new();
    for _ in 0..2 {
        let (endpoint, _calls) = recording();
        let session = Database::with(&endpoint).await.session().await;
        endpoint.faults().fail_share(30, 42, Fault::Throttle);
        let mut of_this_one = Vec::new();
        for call in 0..CALLS {
            if session.batch_execute(&format!("{INVOKE})")).await.is_err() {
                of_this_one.push(call);
            }
        }
        failed.push(of_this_one);
        endpoint.faults().fail_share(0, 42, Fault::Throttle);
        row(&session, &format!("{INVOKE})")).await;
    }
    assert_eq!(failed[0], failed[1]);
    assert!((15..45).contains(&failed[0].len()), "{failed:?}");
}

#[tokio::test]
async fn a_function_that_hangs_holds_nobody_for_longer_than_the_timeout() {
    let (release, hanging) = mpsc::channel::<()>();
    let hanging = Mutex::new(hanging);
    let endpoint = LambdaEndpoint::start(move |_| {
        // Until the test is over.
        hanging.lock().expect("no other call runs").recv().ok();
        Ok("null".to_owned())
    })
    .expect("a port is free");
    let session = Database::with(&endpoint).await.session().await;
    session
        .batch_execute("SET aws_lambda.request_timeout_ms = 50")
        .await
        .expect("any setting with a dot can be set");

    let error = refusal(&session, &format!("{INVOKE})")).await;
    let event = row(&session, &format!("{INVOKE}, invocation_type => 'Event')")).await;

    assert_eq!(
        error.detail(),
        Some("AWS Lambda client returned 'Timeout was reached'.")
    );
    assert_eq!(event.get::<_, i32>(0), 202);
    // Nor the one who drops the endpoint.
    drop(endpoint);
    drop(release);
}

#[tokio::test]
async fn calls_of_several_sessions_run_at_the_same_time() {
    let both = Arc::new(Barrier::new(2));
    let endpoint = LambdaEndpoint::start(move |_| {
        both.wait();
        Ok("null".to_owned())
    })
    .expect("a port is free");
    let database = Database::with(&endpoint).await;
    let (one, other) = (database.session().await, database.session().await);

    let invoke = format!("{INVOKE})");
    let answers = tokio::join!(row(&one, &invoke), row(&other, &invoke));

    assert_eq!(
        (answers.0.get::<_, i32>(0), answers.1.get::<_, i32>(0)),
        (200, 200)
    );
}

#[tokio::test]
async fn a_statement_that_is_cancelled_in_a_call_leaves_the_session_usable() {
    let (endpoint, _calls) = recording();
    let session = Database::with(&endpoint).await.session().await;
    session
        .batch_execute("SET aws_lambda.request_timeout_ms = 200; SET statement_timeout = 50")
        .await
        .expect("any setting with a dot can be set");
    endpoint.faults().fail_next(1, Fault::TimeOut);

    refusal(&session, &format!("{INVOKE})")).await;
    // A busy machine can have cancelled it before the endpoint has read the call.
    endpoint.faults().clear();

    // A machine that is busy elsewhere takes its time for the next call, too.
    session
        .batch_execute("RESET aws_lambda.request_timeout_ms; RESET statement_timeout")
        .await
        .expect("the session is usable");
    let answer = row(&session, &format!("{INVOKE})")).await;
    assert_eq!(answer.get::<_, i32>(0), 200);
}
