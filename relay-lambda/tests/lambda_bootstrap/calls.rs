//! Calls out of a database, and what they end with.

use relay_lambda::local::LambdaEndpoint;
use serde_json::Value;
use tokio_postgres::Client;
use tokio_postgres::error::DbError;

use crate::support::{Database, refusal, row};

/// A session in which a call may take long.
pub(crate) async fn session(endpoint: &LambdaEndpoint) -> Client {
    let session = Database::with(endpoint).await.session().await;
    session
        .batch_execute("SET aws_lambda.request_timeout_ms = 60000")
        .await
        .expect("any setting with a dot can be set");
    session
}

pub(crate) fn sql(payload: &Value, more: &str) -> String {
    format!(
        "SELECT status_code, payload::text FROM aws_lambda.invoke('relay', '{payload}'::json{more})"
    )
}

/// The answer to a `RequestResponse` call.
pub(crate) async fn answer(session: &Client, payload: Value) -> Value {
    let answer = row(session, &sql(&payload, "")).await;
    assert_eq!(answer.get::<_, i32>(0), 200);
    serde_json::from_str(answer.get(1)).expect("the answer is JSON")
}

/// The error of a `RequestResponse` call: its type and message.
pub(crate) async fn function_error(session: &Client, payload: Value) -> (String, String) {
    function_error_in(&refusal(session, &sql(&payload, "")).await)
}

pub(crate) fn function_error_in(error: &DbError) -> (String, String) {
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

pub(crate) async fn send_event(session: &Client, payload: Value) {
    let answer = row(session, &sql(&payload, ", invocation_type => 'Event'")).await;
    assert_eq!(answer.get::<_, i32>(0), 202);
    assert_eq!(answer.get::<_, Option<&str>>(1), None);
}
