//! Masks that keep something of a value: a hash under the database's key, and expressions of the author's.

use std::collections::BTreeSet;

use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::{ChangeEvent, ChangeStream, PgType, StreamTrigger, emit};
use pipeline_tests::{Only, Pipeline, at_both_levels, error_of, events_in};
use serde::Deserialize;

use crate::capture::{created, deleted, updated};

at_both_levels!(
    a_hash_is_hmac_sha_256_of_the_text_under_the_key,
    an_expression_masks_and_a_failing_one_hides,
);

/// A patient, whom consumers can tell from others and not name.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.patients", delivery = "async", on_failure = "abort")]
struct Patient {
    #[stream(key, mask = "sha256")]
    number: String,
    #[stream(mask = "sha256")]
    name: Option<String>,
    #[stream(mask = "sha256")]
    blood: Blood,
    #[stream(
        sql_type = "pg_catalog.inet",
        encoding = "text",
        mask = "sha256",
        column = "It's \"from\""
    )]
    address: String,
    ward: i32,
}

/// What is sent in a label's place is none of the labels.
#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
#[stream(type = "public.blood")]
enum Blood {
    A,
    #[serde(other)]
    Hashed,
}

const PATIENTS: &str = r#"
    CREATE EXTENSION pgcrypto;
    CREATE TYPE blood AS ENUM ('A', 'B');
    CREATE TABLE patients (
        number varchar(20) PRIMARY KEY, name text, blood blood NOT NULL, "It's ""from""" inet NOT NULL,
        ward integer NOT NULL
    );
"#;

const KEY: &str = "decode(repeat('0f5aa7', 11), 'hex')";

async fn install_with_key(pipeline: &Pipeline, level: Level) {
    pipeline.run(PATIENTS).await;
    pipeline.install_at::<Only<Patient>>(level).await;
    pipeline
        .run(&format!("SELECT aurora_trigger.set_mask_key({KEY})"))
        .await;
}

async fn hmac(pipeline: &Pipeline, key: &str, text: &str) -> String {
    pipeline
        .session()
        .await
        .query_one(
            &format!("SELECT encode(hmac(convert_to($1::text, 'UTF8'), {key}, 'sha256'), 'hex')"),
            &[&text],
        )
        .await
        .expect("pgcrypto is there")
        .get(0)
}

async fn a_hash_is_hmac_sha_256_of_the_text_under_the_key(level: Level) {
    let pipeline = Pipeline::start().await;
    install_with_key(&pipeline, level).await;
    pipeline
        .run(
            "INSERT INTO patients VALUES ('hidden-1', NULL, 'B', '10.0.0.7', 1);
             UPDATE patients SET name = 'hidden é🙂''\"', ward = 2;
             UPDATE patients SET number = 'hidden-2';
             DELETE FROM patients",
        )
        .await;
    let calls = pipeline.take_calls();
    for call in &calls {
        for secret in ["hidden", "10.0.0.7", "\"B\""] {
            assert!(!call.payload.contains(secret), "{}", call.payload);
        }
    }
    let hash = async |text: &str| hmac(&pipeline, KEY, text).await;
    let first = Patient {
        number: hash("hidden-1").await,
        name: None,
        blood: Blood::Hashed,
        address: hash("10.0.0.7").await,
        ward: 1,
    };
    let second = Patient {
        name: Some(hash("hidden é🙂'\"").await),
        ward: 2,
        ..first.clone()
    };
    let third = Patient {
        number: hash("hidden-2").await,
        ..second.clone()
    };
    assert_eq!(
        events_in::<Patient>(&calls),
        [
            created(first.clone()),
            updated(first, second.clone()),
            deleted(second),
            created(third.clone()),
            deleted(third),
        ]
    );
}

#[tokio::test]
async fn each_database_has_a_key_of_its_own_which_no_later_installation_changes() {
    let mut hashes = BTreeSet::new();
    for _ in 0..2 {
        let pipeline = Pipeline::start().await;
        pipeline.run(PATIENTS).await;
        if pipeline.server_version().await < 130_000 {
            refuses_to_make_a_key(&pipeline).await;
            return;
        }
        pipeline.install::<Only<Patient>>().await;
        pipeline.install::<Only<Patient>>().await;
        pipeline
            .run("INSERT INTO patients VALUES ('1', NULL, 'B', '10.0.0.7', 1)")
            .await;
        pipeline.install::<Only<Patient>>().await;
        pipeline.run("DELETE FROM patients").await;
        let events = pipeline.take_events::<Patient>();
        let hash = |event: &ChangeEvent<Patient>| match event {
            ChangeEvent::Created(row) | ChangeEvent::Deleted(row) => row.number.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(events.len(), 2);
        assert_eq!(hash(&events[0]), hash(&events[1]));
        hashes.insert(hash(&events[0]));
    }
    assert_eq!(hashes.len(), 2);
}

/// Nothing is captured without a key, and what the hint says mends it.
async fn refuses_to_make_a_key(pipeline: &Pipeline) {
    let session = pipeline.session().await;
    let installation = emit::install(Only::<Patient>::TABLES, None);
    let error = error_of(&session, &installation).await;
    assert_eq!(
        error.message(),
        "aurora_trigger: mask = \"sha256\" needs a key, which PostgreSQL makes from version 13 on"
    );
    pipeline.install::<Only<Patient>>().await;
    pipeline
        .run("INSERT INTO patients VALUES ('1', NULL, 'B', '10.0.0.7', 1)")
        .await;
    assert_eq!(pipeline.take_events::<Patient>().len(), 1);
}

#[tokio::test]
async fn a_key_has_32_to_64_bytes_and_any_of_these_is_as_hmac_takes_it() {
    let pipeline = Pipeline::start().await;
    install_with_key(&pipeline, Level::Statement).await;
    let session = pipeline.session().await;
    for (key, bytes) in [
        ("NULL", 0),
        ("''", 0),
        ("decode(repeat('ff', 31), 'hex')", 31),
        ("decode(repeat('ff', 65), 'hex')", 65),
    ] {
        let error = error_of(
            &session,
            &format!("SELECT aurora_trigger.set_mask_key({key})"),
        )
        .await;
        assert_eq!(
            error.message(),
            format!("aurora_trigger: the key of the masks has {bytes} bytes, and needs 32 to 64")
        );
    }
    for bytes in [32, 63, 64] {
        let key = format!("decode(repeat('f1', {bytes}), 'hex')");
        pipeline
            .run(&format!(
                "SELECT aurora_trigger.set_mask_key({key});
                 INSERT INTO patients VALUES ('{bytes}', NULL, 'A', '10.0.0.7', 1)"
            ))
            .await;
        let events = pipeline.take_events::<Patient>();
        let ChangeEvent::Created(row) = &events[0] else {
            panic!("{events:?}");
        };
        assert_eq!(row.number, hmac(&pipeline, &key, &bytes.to_string()).await);
    }
}

/// Somebody who lost the settings sends no value in the clear, nor a hash that anybody could guess back.
#[tokio::test]
async fn without_a_key_nothing_is_sent() {
    let pipeline = Pipeline::start().await;
    install_with_key(&pipeline, Level::Statement).await;
    pipeline
        .run("UPDATE aurora_trigger.settings SET mask_key_inner = NULL")
        .await;
    let error = error_of(
        &pipeline.session().await,
        "INSERT INTO patients VALUES ('hidden', NULL, 'A', '10.0.0.7', 1)",
    )
    .await;
    assert_eq!(
        error.message(),
        "aurora_trigger: there is no key for mask = \"sha256\""
    );
    assert!(!format!("{error:?}").contains("hidden"), "{error:?}");
    assert_eq!(pipeline.take_calls().len(), 0);
}

/// A payment, of which consumers see a part.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.payments", delivery = "async", on_failure = "abort")]
struct Payment {
    #[stream(key)]
    id: i32,
    #[stream(mask_sql = "left(value, 2) || '\\' || right(value, 1) -- and so on")]
    iban: Option<String>,
    #[stream(mask_sql = "value::integer / 100 * 100")]
    amount: String,
    #[stream(mask_sql = "nullif(value, 'nobody')", column = "To 'whom'")]
    to: String,
}

const PAYMENTS: &str = r#"
    CREATE TABLE payments (id integer PRIMARY KEY, iban text, amount text NOT NULL, "To 'whom'" text NOT NULL);
"#;

async fn an_expression_masks_and_a_failing_one_hides(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Payment>>(level, PAYMENTS).await;
    let (session, notices) = pipeline.listening_session().await;
    session
        .batch_execute(
            "SET standard_conforming_strings = off; SET escape_string_warning = off;
             INSERT INTO payments VALUES (1, 'DE00hidden4', '1234', 'nobody');
             UPDATE payments SET iban = NULL, amount = 'hidden';
             DELETE FROM payments",
        )
        .await
        .expect("a mask fails no write");
    let calls = pipeline.take_calls();
    for call in &calls {
        for secret in ["hidden", "1234", "nobody"] {
            assert!(!call.payload.contains(secret), "{}", call.payload);
        }
    }
    let first = Payment {
        id: 1,
        iban: Some("DE\\4".to_owned()),
        amount: "1200".to_owned(),
        to: "***".to_owned(),
    };
    let second = Payment {
        iban: None,
        amount: "***".to_owned(),
        ..first.clone()
    };
    assert_eq!(
        events_in::<Payment>(&calls),
        [
            created(first.clone()),
            updated(first, second.clone()),
            deleted(second),
        ]
    );
    let warnings = notices.take_warnings();
    assert!(!warnings.is_empty());
    for warning in warnings {
        assert_eq!(
            warning.message(),
            "aurora_trigger: column amount of public.payments is sent as ***, since its mask_sql fails"
        );
        assert!(!format!("{warning:?}").contains("hidden"), "{warning:?}");
    }
}

#[tokio::test]
async fn an_expression_that_can_not_be_read_is_refused_at_the_installation() {
    #[derive(Debug, Deserialize, StreamTrigger)]
    #[stream(table = "public.payments", delivery = "async")]
    #[expect(dead_code, reason = "only described")]
    struct Wrong {
        #[stream(key)]
        id: i32,
        #[stream(mask_sql = "left(iban, 2)")]
        iban: Option<String>,
        #[stream(mask_sql = "value AND")]
        amount: String,
    }
    let pipeline = Pipeline::start().await;
    pipeline.run(PAYMENTS).await;
    let installation = emit::install(Only::<Wrong>::TABLES, None);
    let error = error_of(&pipeline.session().await, &installation).await;
    assert_eq!(
        error.message(),
        "aurora_trigger: the tables differ from their structs\n\
         public.payments: the mask_sql of column \"iban\" can't be read: column \"iban\" does not exist\n\
         public.payments: the mask_sql of column \"amount\" can't be read: syntax error at or near \")\""
    );
}
