//! The stand-in for the extension: the same functions, privileges and place outside of the
//! transaction as the real one.

mod support;

use std::sync::mpsc::{self, Receiver};

use aurora_trigger_gen::local_extension;
use relay_lambda::local::LambdaEndpoint;
use support::{Database, refusal, row};

/// An endpoint whose function answers with what it was given, and the payloads that it got.
fn echo() -> (LambdaEndpoint, Receiver<String>) {
    let (sender, payloads) = mpsc::channel();
    let endpoint = LambdaEndpoint::start(move |call| {
        sender.send(call.payload.clone())?;
        Ok(call.payload.clone())
    })
    .expect("a port is free");
    (endpoint, payloads)
}

#[tokio::test]
async fn the_four_overloads_have_the_documented_signatures() {
    let (endpoint, _payloads) = echo();
    let session = Database::with(&endpoint).await.session().await;

    let rows = session
        .query(
            "SELECT pg_get_function_arguments(oid) || ' definer ' || prosecdef AS signature
             FROM pg_proc WHERE pronamespace = 'aws_lambda'::regnamespace
             ORDER BY proargtypes[0]::regtype::text, proargtypes[1]::regtype::text",
            &[],
        )
        .await
        .expect("the catalogue can be read");

    let signature = |function: &str, json: &str, region: &str| {
        format!(
            "function_name {function}, payload {json}, {region}invocation_type text DEFAULT \
             'RequestResponse'::text, log_type text DEFAULT 'None'::text, context {json} DEFAULT \
             NULL::{json}, qualifier character varying DEFAULT NULL::character varying, OUT \
             status_code integer, OUT payload {json}, OUT executed_version text, OUT log_result \
             text definer true"
        )
    };
    let composite = "aws_commons._lambda_function_arn_1";
    let region = "region text DEFAULT NULL::text, ";
    let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        found,
        [
            signature(composite, "json", ""),
            signature(composite, "jsonb", ""),
            signature("text", "json", region),
            signature("text", "jsonb", region),
        ]
    );
}

#[tokio::test]
async fn every_overload_reaches_the_function() {
    let (sender, calls) = mpsc::channel();
    let endpoint = LambdaEndpoint::start(move |call| {
        sender.send(call.clone())?;
        Ok(call.payload.clone())
    })
    .expect("a port is free");
    let session = Database::with(&endpoint).await.session().await;

    let arn = "aws_commons.create_lambda_function_arn('relay', 'eu-west-1')";
    for (name, json) in [
        ("'relay'", "json"),
        ("'relay'", "jsonb"),
        (arn, "json"),
        (arn, "jsonb"),
    ] {
        let answer = row(
            &session,
            &format!(
                "SELECT payload::text, pg_typeof(payload)::text FROM aws_lambda.invoke(
                   function_name => {name}, payload => '{{\"b\":1,  \"a\":2}}'::{json},
                   context => '{{\"c\":  3}}', qualifier => '7')"
            ),
        )
        .await;

        let (payload, context) = match json {
            "json" => (r#"{"b":1,  "a":2}"#, r#"{"c":  3}"#),
            _ => (r#"{"a": 2, "b": 1}"#, r#"{"c": 3}"#),
        };
        assert_eq!(answer.get::<_, &str>(0), payload);
        assert_eq!(answer.get::<_, &str>(1), json);
        let call = calls.try_recv().expect("the function ran");
        assert_eq!(call.function_name, "relay");
        assert_eq!(call.region.as_deref(), (name == arn).then_some("eu-west-1"));
        assert_eq!(call.context.as_deref(), Some(context));
        assert_eq!(call.qualifier.as_deref(), Some("7"));
        assert_eq!(call.payload, payload);
    }
}

#[tokio::test]
async fn a_payload_arrives_byte_by_byte_and_comes_back_so() {
    let (endpoint, payloads) = echo();
    let session = Database::with(&endpoint).await.session().await;
    let payloads_sent = [
        r#"{"quotes": "it's \"so\" $$ $body$ ''", "back": "\\ \n \u00e9", "tab":	1}"#.to_owned(),
        "\n\n[1,\r\n  2]\n; DROP TABLE x; --\n".replace("; DROP TABLE x; --", ""),
        r#""🦀 Ünïcode 漢字 and 'quotes' \u0000""#.to_owned(),
        format!("[{}1]", "\"\\\\'\u{1f980}\", ".repeat(100_000)),
    ];

    for setting in ["on", "off"] {
        session
            .batch_execute(&format!("SET standard_conforming_strings = {setting}"))
            .await
            .expect("the versions that we test know it");
        for sent in &payloads_sent {
            let answer = session
                .query_one(
                    "SELECT payload::text FROM aws_lambda.invoke('relay', $1::text::json)",
                    &[sent],
                )
                .await
                .unwrap_or_else(|error| panic!("{error:?}"));

            assert!(payloads.try_recv().as_ref() == Ok(sent), "{sent:.60}");
            assert!(answer.get::<_, &str>(0) == sent, "{sent:.60}");
        }
    }
}

#[tokio::test]
async fn a_rollback_does_not_undo_a_call() {
    let (endpoint, payloads) = echo();
    let session = Database::with(&endpoint).await.session().await;

    session
        .batch_execute("BEGIN; SELECT aws_lambda.invoke('relay', '1'::json); ROLLBACK")
        .await
        .expect("a transaction can be rolled back");

    assert_eq!(payloads.try_recv().as_deref(), Ok("1"));
}

#[tokio::test]
async fn a_session_outlives_its_endpoint() {
    let (endpoint, _payloads) = echo();
    let port = endpoint.port();
    let session = Database::with(&endpoint).await.session().await;
    let invoke = "SELECT status_code FROM aws_lambda.invoke('relay', '1'::json)";
    row(&session, invoke).await;

    drop(endpoint);

    for _ in 0..2 {
        let error = refusal(&session, invoke).await;
        assert_eq!(error.message(), "invoke API failed");
        assert_eq!(
            error.detail(),
            Some("AWS Lambda client returned 'Unable to connect to endpoint'.")
        );
    }

    let endpoint = LambdaEndpoint::start_on_port(port, |_| Ok("2".to_owned()));

    assert!(endpoint.is_ok(), "{endpoint:?}");
    assert_eq!(row(&session, invoke).await.get::<_, i32>(0), 200);
}

#[tokio::test]
async fn a_session_does_not_notice_a_quick_restart() {
    let (endpoint, _payloads) = echo();
    let port = endpoint.port();
    let session = Database::with(&endpoint).await.session().await;
    let invoke = "SELECT payload::text FROM aws_lambda.invoke('relay', '1'::json)";
    row(&session, invoke).await;

    drop(endpoint);
    let endpoint = LambdaEndpoint::start_on_port(port, |_| Ok("2".to_owned()));

    assert!(endpoint.is_ok(), "{endpoint:?}");
    assert_eq!(row(&session, invoke).await.get::<_, &str>(0), "2");
}

#[tokio::test]
async fn an_open_session_follows_to_another_endpoint() {
    let (one, ones) = echo();
    let (other, others) = echo();
    let database = Database::with(&one).await;
    let session = database.session().await;
    let invoke = "SELECT status_code FROM aws_lambda.invoke('relay', '1'::json)";
    row(&session, invoke).await;

    database.install(&other).await;
    row(&session, invoke).await;

    assert_eq!((ones.try_iter().count(), others.try_iter().count()), (1, 1));
}

#[tokio::test]
async fn only_roles_with_the_documented_grants_can_call() {
    let (endpoint, _payloads) = echo();
    let database = Database::with(&endpoint).await;
    let owner = database.session().await;
    owner
        .batch_execute("CREATE ROLE app LOGIN")
        .await
        .expect("no other test makes this role");
    let app = database.session_of("app").await;
    let invoke = "SELECT status_code FROM aws_lambda.invoke('relay', '1'::json)";

    assert_eq!(
        refusal(&app, invoke).await.message(),
        "permission denied for schema aws_lambda"
    );
    owner
        .batch_execute("GRANT USAGE ON SCHEMA aws_lambda TO app")
        .await
        .expect("the owner grants");
    assert_eq!(
        refusal(&app, invoke).await.message(),
        "permission denied for function invoke"
    );
    owner
        .batch_execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_lambda TO app")
        .await
        .expect("the owner grants");
    assert_eq!(row(&app, invoke).await.get::<_, i32>(0), 200);

    // Installing it again takes nothing away.
    database.install(&endpoint).await;
    assert_eq!(row(&app, invoke).await.get::<_, i32>(0), 200);

    for hidden in [
        "SELECT * FROM aws_lambda_local.endpoint",
        "SELECT aws_lambda_local.send('f', '1'::json, NULL, 'Event', 'None', NULL, NULL)",
        "SELECT aws_lambda_local.dblink('select 1')",
    ] {
        assert_eq!(
            refusal(&app, hidden).await.message(),
            "permission denied for schema aws_lambda_local"
        );
    }
}

#[tokio::test]
async fn it_installs_twice_in_one_transaction() {
    let (endpoint, payloads) = echo();
    let database = Database::create("").await;
    let mut session = database.session().await;
    let sql = endpoint.extension_sql();
    let transaction = session.transaction().await.expect("a transaction starts");
    for _ in 0..2 {
        transaction.batch_execute(&sql).await.expect("it installs");
    }
    transaction.commit().await.expect("it commits");

    row(
        &session,
        "SELECT status_code FROM aws_lambda.invoke('relay', '1'::json)",
    )
    .await;

    assert_eq!(payloads.try_iter().count(), 1);
}

#[tokio::test]
async fn it_uses_dblink_where_somebody_else_has_put_it() {
    let (endpoint, payloads) = echo();
    let database = Database::create("").await;
    let session = database.session().await;
    session
        .batch_execute("CREATE SCHEMA \"My Tools\"; CREATE EXTENSION dblink SCHEMA \"My Tools\"")
        .await
        .expect("contrib is installed");

    database.install(&endpoint).await;
    row(
        &session,
        "SELECT status_code FROM aws_lambda.invoke('relay', '1'::json)",
    )
    .await;

    assert_eq!(payloads.try_iter().count(), 1);
}

#[tokio::test]
async fn it_refuses_to_stand_beside_the_real_extension() {
    let session = Database::create("").await.session().await;
    session
        .batch_execute("UPDATE pg_extension SET extname = 'aws_lambda' WHERE extname = 'plpgsql'")
        .await
        .expect("a superuser may write the catalogue");

    let error = session
        .batch_execute(&local_extension::sql("host=127.0.0.1"))
        .await
        .expect_err("the real one is there");

    let message = error
        .as_db_error()
        .expect("it comes from the server")
        .message();
    assert!(
        message.contains("the real extension aws_lambda"),
        "{message}"
    );
    let schemas = row(&session, "SELECT to_regnamespace('aws_lambda')::text").await;
    assert_eq!(schemas.get::<_, Option<&str>>(0), None);
}

#[tokio::test]
async fn it_refuses_a_database_whose_texts_the_endpoint_would_misread() {
    let session =
        Database::create("ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
            .await
            .session()
            .await;

    let error = session
        .batch_execute(&local_extension::sql("host=127.0.0.1"))
        .await
        .expect_err("the encoding is another");

    let message = error
        .as_db_error()
        .expect("it comes from the server")
        .message();
    assert!(
        message.ends_with("which encoding SQL_ASCII does not give them"),
        "{message}"
    );
}

#[tokio::test]
async fn it_refuses_an_installer_whom_dblink_would_ask_for_a_password() {
    let database = Database::create("").await;
    let owner = database.session().await;
    owner
        .batch_execute(&format!(
            "CREATE ROLE installer LOGIN; GRANT CREATE ON DATABASE {} TO installer;
             CREATE EXTENSION dblink",
            database.name
        ))
        .await
        .expect("no other test makes this role");
    let session = database.session_of("installer").await;

    let error = session
        .batch_execute(&local_extension::sql("host=127.0.0.1"))
        .await
        .expect_err("it is no superuser");

    let message = error
        .as_db_error()
        .expect("it comes from the server")
        .message();
    assert!(message.starts_with("only a superuser"), "{message}");
}

#[tokio::test]
async fn any_endpoint_is_stored_as_it_is_written() {
    let session = Database::create("").await.session().await;
    let endpoint = r"host=x password='it\'s \\ $install$ {endpoint}'";

    for setting in ["on", "off"] {
        session
            .batch_execute(&format!("SET standard_conforming_strings = {setting}"))
            .await
            .expect("the versions that we test know it");
        session
            .batch_execute(&local_extension::sql(endpoint))
            .await
            .expect("the stand-in installs");

        let stored = row(
            &session,
            "SELECT connection_string FROM aws_lambda_local.endpoint",
        )
        .await;
        assert_eq!(stored.get::<_, &str>(0), endpoint);
    }
}
