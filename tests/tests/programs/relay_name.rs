//! The name of the relay: `emit-sql --function-arn` and `aurora_trigger.configure` take the same names and refuse the same,
//! with the same words.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use aurora_trigger_gen::StreamTrigger;
use pipeline_tests::{Only, Pipeline, error_of, program};
use serde::Deserialize;
use tokio_postgres::Client;

static EMIT_SQL: LazyLock<PathBuf> = LazyLock::new(|| program("emit-sql"));

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.items", delivery = "sync")]
struct Item {
    #[stream(key)]
    id: i32,
}

/// A name, and what is wrong with it.
const NAMES: &[(&str, Option<&str>)] = &[
    ("relay", None),
    ("Relay_2-x", None),
    ("relay:live", None),
    ("relay:42", None),
    ("relay:$LATEST", None),
    ("123456789012:function:relay", None),
    ("123456789012:function:relay:live", None),
    (
        "arn:aws:lambda:eu-central-1:123456789012:function:relay",
        None,
    ),
    (
        "arn:aws:lambda:eu-central-1:123456789012:function:relay:live",
        None,
    ),
    (
        "arn:aws-cn:lambda:cn-north-1:123456789012:function:relay",
        None,
    ),
    (
        "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:relay",
        None,
    ),
    (
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        None,
    ),
    ("", Some("it is empty")),
    ("my relay", Some("it has a space in it")),
    (" ", Some("it has a space in it")),
    (
        "arn:aws:lambda:eu-central-1:123456789012:function:relay ",
        Some("it has a space in it"),
    ),
    (
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        Some(
            "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" is no name of a function, which \
             has 1 to 64 of a-z, A-Z, 0-9, - and _",
        ),
    ),
    (
        "it's",
        Some("\"it's\" is no name of a function, which has 1 to 64 of a-z, A-Z, 0-9, - and _"),
    ),
    (
        "übung",
        Some("\"übung\" is no name of a function, which has 1 to 64 of a-z, A-Z, 0-9, - and _"),
    ),
    (
        "relay\n",
        Some("\"relay\n\" is no name of a function, which has 1 to 64 of a-z, A-Z, 0-9, - and _"),
    ),
    (
        ":live",
        Some("\"\" is no name of a function, which has 1 to 64 of a-z, A-Z, 0-9, - and _"),
    ),
    ("relay:", Some("\"\" is no version and no alias")),
    (
        "relay:$latest",
        Some("\"$latest\" is no version and no alias"),
    ),
    (
        "1234:function:relay",
        Some("\"1234\" is no account, which has 12 digits"),
    ),
    (
        "123456789012:layer:relay",
        Some("\"layer\" is where \"function\" must be"),
    ),
    (
        "123456789012:function:relay:live:on",
        Some("it goes on behind the qualifier"),
    ),
    ("arn", Some("\"\" is no partition of AWS")),
    (
        "arn:amazon:lambda:eu-central-1:123456789012:function:relay",
        Some("\"amazon\" is no partition of AWS"),
    ),
    (
        "arn:aws:kinesis:eu-central-1:123456789012:stream/changes",
        Some("it is an ARN of \"kinesis\", not of lambda"),
    ),
    (
        "arn:aws:iam::123456789012:role/relay",
        Some("it is an ARN of \"iam\", not of lambda"),
    ),
    (
        "arn:aws:lambda:Frankfurt:123456789012:function:relay",
        Some("\"Frankfurt\" is no region"),
    ),
    (
        "arn:aws:lambda::123456789012:function:relay",
        Some("\"\" is no region"),
    ),
    (
        "arn:aws:lambda:eu-central-1:12345:function:relay",
        Some("\"12345\" is no account, which has 12 digits"),
    ),
    (
        "arn:aws:lambda:eu-central-1:1234567890123:function:relay",
        Some("\"1234567890123\" is no account, which has 12 digits"),
    ),
    (
        "arn:aws:lambda:eu-central-1",
        Some("\"\" is no account, which has 12 digits"),
    ),
    (
        "arn:aws:lambda:eu-central-1:123456789012:layer:relay:1",
        Some("\"layer\" is where \"function\" must be"),
    ),
    (
        "arn:aws:lambda:eu-central-1:123456789012:function",
        Some("\"\" is no name of a function, which has 1 to 64 of a-z, A-Z, 0-9, - and _"),
    ),
    (
        "arn:aws:lambda:eu-central-1:123456789012:function:relay:live:on",
        Some("it goes on behind the qualifier"),
    ),
];

const REGIONS: &[(&str, bool)] = &[
    ("eu-central-1", true),
    ("us-gov-west-1", true),
    ("ap-southeast-10", true),
    ("", false),
    ("eu", false),
    ("central-1", false),
    ("eu-central", false),
    ("EU-central-1", false),
    ("eu central 1", false),
    ("eu-central-1a", false),
];

/// The exit code of `emit-sql`, and what it said.
fn emit_sql(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(&*EMIT_SQL)
        .args(arguments)
        .output()
        .expect("the program was built");
    let said = String::from_utf8(output.stderr).expect("messages are UTF-8");
    (output.status.code(), said)
}

async fn quoted(session: &Client, text: &str) -> String {
    session
        .query_one("SELECT quote_literal($1::text)", &[&text])
        .await
        .expect("it is a text")
        .get(0)
}

#[tokio::test]
async fn a_name_is_taken_by_both_or_refused_by_both_with_the_same_words() {
    let pipeline = Pipeline::start().await;
    pipeline
        .run("CREATE SCHEMA shop; CREATE TABLE shop.items (id integer PRIMARY KEY)")
        .await;
    pipeline.install::<Only<Item>>().await;
    let session = pipeline.session().await;
    for &(name, problem) in NAMES {
        let literal = quoted(&session, name).await;
        let configure = format!("SELECT aurora_trigger.configure({literal})");
        let (code, said) = emit_sql(&["--function-arn", name]);
        let Some(problem) = problem else {
            assert_eq!((code, &*said), (Some(0), ""), "{name}");
            session
                .batch_execute(&configure)
                .await
                .unwrap_or_else(|error| panic!("{name}: {error:?}"));
            continue;
        };
        assert_eq!(code, Some(2), "{name}");
        assert!(
            said.contains(&format!(": {problem}; give an ARN, ")),
            "{said}"
        );
        let error = error_of(&session, &configure).await;
        assert_eq!(
            error.message(),
            format!("aurora_trigger: {literal} names no Lambda function: {problem}")
        );
        for text in [&*said, error.hint().unwrap_or_default()] {
            assert!(
                text.contains("arn:aws:lambda:eu-central-1:123456789012:function:relay"),
                "{text}"
            );
        }
    }
    let error = error_of(&session, "SELECT aurora_trigger.configure(NULL)").await;
    assert_eq!(
        error.message(),
        "aurora_trigger: NULL names no Lambda function: it is empty"
    );
}

#[tokio::test]
async fn so_is_a_region() {
    let pipeline = Pipeline::start().await;
    pipeline
        .run("CREATE SCHEMA shop; CREATE TABLE shop.items (id integer PRIMARY KEY)")
        .await;
    pipeline.install::<Only<Item>>().await;
    let session = pipeline.session().await;
    for &(region, is_region) in REGIONS {
        let configure = format!("SELECT aurora_trigger.configure('relay', '{region}')");
        let (code, said) = emit_sql(&["--function-arn", "relay", "--region", region]);
        if is_region {
            assert_eq!((code, &*said), (Some(0), ""), "{region}");
            session
                .batch_execute(&configure)
                .await
                .unwrap_or_else(|error| panic!("{region}: {error:?}"));
        } else {
            assert_eq!(code, Some(2), "{region}");
            assert!(
                said.contains("a region is written as eu-central-1"),
                "{said}"
            );
            let error = error_of(&session, &configure).await;
            assert_eq!(
                error.message(),
                format!("aurora_trigger: '{region}' is no region")
            );
        }
    }
}
