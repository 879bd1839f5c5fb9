//! Columns that are altered while the triggers are there, and the struct is not.

use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::{PgType, StreamTrigger};
use pipeline_tests::{Only, Pipeline, at_both_levels, error_of};
use serde::Deserialize;
use tokio_postgres::error::{DbError, SqlState};

use crate::columns::{Ware, created, updated, ware};

at_both_levels!(
    a_column_that_is_renamed_fails_the_writes_of_a_table_that_aborts,
    a_column_that_is_renamed_is_told_at_each_write_of_a_table_that_warns,
    a_type_that_the_field_takes_too_changes_nothing,
    whatever_is_altered_a_sync_table_says_what_no_longer_fits,
    a_value_that_the_field_does_not_take_is_refused_with_its_place,
);

const WARES: &str = "
    CREATE SCHEMA shop;
    CREATE TABLE shop.wares (id smallint PRIMARY KEY, name varchar(10) NOT NULL, stock smallint);
";

/// With the row's columns as the table has them after the migration.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.wares", delivery = "async", on_failure = "abort")]
struct RenamedWare {
    #[stream(key)]
    id: i32,
    #[stream(column = "title")]
    name: String,
}

async fn a_column_that_is_renamed_fails_the_writes_of_a_table_that_aborts(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Ware>>(level, WARES).await;
    let session = pipeline.session().await;
    session
        .batch_execute(
            "INSERT INTO shop.wares VALUES (1, 'cup', 5);
             ALTER TABLE shop.wares RENAME name TO title",
        )
        .await
        .expect("nothing is wrong yet");
    assert_eq!(pipeline.take_events(), [created(ware(1, "cup", 5))]);
    for session in [session, pipeline.session().await] {
        for write in [
            "INSERT INTO shop.wares VALUES (2, 'jug', 6)",
            "UPDATE shop.wares SET stock = 7",
            "DELETE FROM shop.wares",
        ] {
            let error = error_of(&session, write).await;
            assert_eq!(
                error.message(),
                format!(
                    "aurora_trigger: the write fails, since changes of shop.wares can't be captured: the table has \
                     no column name, which the struct {} takes",
                    Ware::TABLE.rust_path()
                ),
                "{write}"
            );
            assert_eq!(error.code(), &SqlState::UNDEFINED_COLUMN);
            let hint = error.hint().unwrap_or_default();
            assert!(
                hint.contains("renamed") && hint.contains("emit-sql down"),
                "{hint}"
            );
            // Nobody reads the trigger's queries, and nothing of the row is in it.
            let text = format!("{error:?}");
            assert!(
                !text.contains("row_to_json") && !text.contains("jug"),
                "{text}"
            );
        }
    }
    assert_eq!(pipeline.take_calls().len(), 0);

    // The struct follows.
    pipeline.install_at::<Only<RenamedWare>>(level).await;
    pipeline.run("UPDATE shop.wares SET title = 'pan'").await;
    let row = |name: &str| RenamedWare {
        id: 1,
        name: name.to_owned(),
    };
    assert_eq!(pipeline.take_events(), [updated(row("cup"), row("pan"))]);
}

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "shop.size")]
#[expect(dead_code, reason = "only its description is used")]
struct Size {
    height: i32,
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.wares", delivery = "sync")]
#[expect(dead_code, reason = "only its description is used")]
struct SizedWare {
    #[stream(key)]
    id: i32,
    name: String,
    stock: Option<i32>,
    #[stream(column = "Old tags")]
    tags: Option<Vec<String>>,
    size: Option<Size>,
}

/// Each names the table, the struct, what is wrong, and the way out.
async fn whatever_is_altered_a_sync_table_says_what_no_longer_fits(level: Level) {
    let tables = format!(
        "{WARES} CREATE TYPE shop.size AS (height integer);
         ALTER TABLE shop.wares ADD \"Old tags\" text[], ADD size shop.size"
    );
    for (alteration, expected) in [
        (
            "ALTER TABLE shop.wares DROP name; ALTER TABLE shop.wares RENAME \"Old tags\" TO tags",
            "the table has no column name, \"Old tags\", which the struct ",
        ),
        (
            "ALTER TABLE shop.wares DROP size",
            "the table has no column size, which the struct ",
        ),
        (
            "ALTER TYPE shop.size RENAME ATTRIBUTE height TO length",
            "SizedWare does not fit the table: column \"height\" not found in data type shop.size",
        ),
    ] {
        let pipeline = Pipeline::with_tables::<Only<SizedWare>>(level, &tables).await;
        let session = pipeline.session().await;
        let write = "INSERT INTO shop.wares (id) VALUES (1)";
        session
            .batch_execute("ALTER TABLE shop.wares ALTER name DROP NOT NULL")
            .await
            .expect("it is there");
        session
            .batch_execute(&format!("{write}; DELETE FROM shop.wares; {alteration}"))
            .await
            .unwrap_or_else(|error| panic!("{alteration}: {error:?}"));
        // A session that has a plan for the composite type goes on with it.
        let error = error_of(&pipeline.session().await, write).await;
        let message = error.message();
        assert!(
            message.starts_with(
                "aurora_trigger: the write fails, since changes of shop.wares can't be captured: "
            ) && message.contains(expected)
                && message.contains("SizedWare"),
            "{alteration}: {error:?}"
        );
        assert!(
            error.hint().is_some_and(|hint| hint.contains("emit-sql")),
            "{alteration}: {error:?}"
        );
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.wares", delivery = "async")]
struct WarnedWare {
    #[stream(key)]
    id: i32,
    name: String,
}

async fn a_column_that_is_renamed_is_told_at_each_write_of_a_table_that_warns(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<WarnedWare>>(level, WARES).await;
    let (session, notices) = pipeline.listening_session().await;
    session
        .batch_execute(
            "INSERT INTO shop.wares VALUES (1, 'cup', 5);
             ALTER TABLE shop.wares RENAME name TO title",
        )
        .await
        .expect("nothing is wrong yet");
    let row = |name: &str| WarnedWare {
        id: 1,
        name: name.to_owned(),
    };
    assert_eq!(pipeline.take_events(), [created(row("cup"))]);
    session
        .batch_execute(
            "INSERT INTO shop.wares VALUES (2, 'jug', 6);
             DELETE FROM shop.wares WHERE id = 2;
             UPDATE shop.wares SET title = 'pan'",
        )
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let warnings = notices.take_warnings();
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    for warning in warnings.iter().map(DbError::message) {
        assert!(
            warning.starts_with(
                "aurora_trigger: changes of shop.wares are not captured: the table has no column name, which the \
                 struct "
            ) && warning.contains("WarnedWare"),
            "{warning}"
        );
    }
    assert_eq!(pipeline.take_calls().len(), 0);

    // As soon as it has its name again.
    session
        .batch_execute(
            "ALTER TABLE shop.wares RENAME title TO name;
             UPDATE shop.wares SET name = 'pot'",
        )
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(pipeline.take_events(), [updated(row("pan"), row("pot"))]);
}

/// What the field takes too.
const WIDENED: &str =
    "ALTER TABLE shop.wares ALTER id TYPE integer, ALTER name TYPE text, ALTER stock TYPE integer";

async fn a_type_that_the_field_takes_too_changes_nothing(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Ware>>(level, WARES).await;
    let mut session = pipeline.session().await;
    session
        .batch_execute(&format!(
            "INSERT INTO shop.wares VALUES (1, 'cup', 4); UPDATE shop.wares SET stock = 5; {WIDENED}"
        ))
        .await
        .expect("nothing is wrong yet");
    if level == Level::Row {
        session = pipeline.session().await;
    }
    session
        .batch_execute("UPDATE shop.wares SET name = 'a jug of clay', stock = 100000")
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(
        pipeline.take_events(),
        [
            created(ware(1, "cup", 4)),
            updated(ware(1, "cup", 4), ware(1, "cup", 5)),
            updated(ware(1, "cup", 5), ware(1, "a jug of clay", 100_000)),
        ]
    );
}

/// A session of PL/pgSQL keeps the types of NEW and OLD.
#[tokio::test]
async fn at_row_level_a_session_knows_the_new_type_when_the_installation_has_run_again() {
    let pipeline = Pipeline::with_tables::<Only<Ware>>(Level::Row, WARES).await;
    let session = pipeline.session().await;
    session
        .batch_execute(&format!(
            "INSERT INTO shop.wares VALUES (1, 'cup', 4); UPDATE shop.wares SET stock = 5; {WIDENED}"
        ))
        .await
        .expect("nothing is wrong yet");
    drop(pipeline.take_calls());
    let write = "UPDATE shop.wares SET stock = 6";
    let error = error_of(&session, write).await;
    assert!(
        error
            .message()
            .contains("Ware does not fit the table: type of parameter"),
        "{error:?}"
    );
    assert!(
        error.hint().is_some_and(|hint| hint.contains("emit-sql")),
        "{error:?}"
    );

    pipeline.install_at::<Only<Ware>>(Level::Row).await;
    session
        .batch_execute(write)
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(
        pipeline.take_events(),
        [updated(ware(1, "cup", 5), ware(1, "cup", 6))]
    );
}

/// It is captured as it is. What else is in the table goes on.
async fn a_value_that_the_field_does_not_take_is_refused_with_its_place(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Ware>>(level, WARES).await;
    for (ty, fits, does_not_fit) in [
        ("bigint", "7", "5000000000"),
        ("numeric", "7", "7.5"),
        ("text", "NULL", "'many'"),
        ("integer[]", "NULL", "'{1}'"),
        ("boolean", "NULL", "true"),
    ] {
        pipeline
            .run(&format!(
                "TRUNCATE shop.wares;
                 ALTER TABLE shop.wares DROP stock, ADD stock {ty};
                 INSERT INTO shop.wares VALUES (1, 'cup', {fits}), (2, 'jug', {does_not_fit});
                 DELETE FROM shop.wares WHERE id = 1"
            ))
            .await;
        let mut accepted = 0;
        let mut refused = Vec::new();
        for call in pipeline.take_calls() {
            let relayed = relay_lambda::relay::<Only<Ware>>(call.payload.as_bytes(), 0)
                .expect("the database sends payloads");
            accepted += relayed.records.len();
            refused.extend(relayed.refused);
        }
        assert_eq!(accepted, 2, "{ty}: {refused:?}");
        assert_eq!(refused.len(), 1, "{ty}: {refused:?}");
        let reason = &refused[0].reason;
        assert!(
            reason.starts_with("the after image: at `stock"),
            "{ty}: {reason}"
        );
    }
}
