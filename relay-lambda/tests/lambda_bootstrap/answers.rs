//! Which answers Lambda takes, and which not.

use relay_lambda::local::LambdaEndpoint;
use serde_json::json;

use crate::calls::{answer, function_error, session};
use crate::endpoints::{bootstrap, logging, start};
use crate::support::row;

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
