//! Types of the attacker's own, whose casts are code of the attacker's own.

use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::{ChangeEvent, StreamTrigger};
use pipeline_tests::{Only, Pipeline, at_both_levels, error_of};
use serde::Deserialize;

use crate::security::{
    GOOD_ROW, Ware, as_mallory, assert_unharmed, insert, insert_with, prepare, start,
};

at_both_levels!(
    no_cast_from_a_type_that_a_column_got_later_runs,
    no_cast_from_the_type_of_a_composite_type_s_attribute_runs,
    no_cast_from_a_type_that_the_struct_names_runs,
    no_cast_made_after_the_query_was_planned_runs,
    no_cast_runs_in_a_snapshot_that_does_not_show_it,
    no_cast_runs_from_a_type_that_was_added_to_an_extension,
);

/// Types whose casts to all that our queries could want leave the mark, and so do the checks of the domains.
const TYPES: &str = "
    CREATE TYPE mallory.label AS ENUM ('1');
    CREATE TYPE mallory.pair AS (member text);
    CREATE TYPE mallory.stretch AS RANGE (subtype = text);
    CREATE FUNCTION mallory.check_text(text) RETURNS boolean LANGUAGE sql IMMUTABLE
        AS $$ SELECT mallory.run_early() IS NOT NULL $$;
    CREATE FUNCTION mallory.check_pair(mallory.pair) RETURNS boolean LANGUAGE sql IMMUTABLE
        AS $$ SELECT mallory.run_early() IS NOT NULL $$;
    CREATE DOMAIN mallory.checked_text AS text CHECK (mallory.check_text(VALUE));
    CREATE DOMAIN mallory.checked_pair AS mallory.pair CHECK (mallory.check_pair(VALUE));
    CREATE TYPE mallory.nest AS (member mallory.label, more mallory.checked_pair);
";

/// Each type, and a value of it.
const VALUES: [(&str, &str); 9] = [
    ("mallory.label", "1"),
    ("mallory.label[]", "{1}"),
    ("mallory.pair", "(1)"),
    ("mallory.pair[]", "{(1)}"),
    ("mallory.stretch", "[1,2]"),
    ("mallory.checked_text[]", "{1}"),
    ("mallory.checked_pair", "(1)"),
    ("mallory.checked_pair[]", "{(1)}"),
    ("mallory.nest", "(1,\"(1)\")"),
];

/// Casts that apply by themselves, with a body that the planner puts in their place.
pub(crate) fn casts_from(types: &[&str]) -> String {
    let targets = [
        "text", "text[]", "json", "jsonb", "numeric", "boolean", "integer", "record",
    ];
    let mut sql = String::new();
    for (number, from) in types.iter().enumerate() {
        for (other, to) in targets.iter().enumerate() {
            let value = match *to {
                "text[]" => "ARRAY[mallory.run_early()]".to_owned(),
                "record" => continue,
                _ => format!("mallory.run_early()::{to}"),
            };
            let name = format!("mallory.cast_{number}_{other}");
            sql.push_str(&format!(
                "CREATE FUNCTION {name}({from}) RETURNS {to} LANGUAGE sql IMMUTABLE AS $$ SELECT {value} $$;
                 CREATE CAST ({from} AS {to}) WITH FUNCTION {name}({from}) AS IMPLICIT;\n"
            ));
        }
    }
    sql
}

/// All of these, without domains: their casts are ignored.
pub(crate) fn trapped_types() -> String {
    let trapped: Vec<&str> = VALUES
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !name.contains("checked"))
        .collect();
    format!("{TYPES}{}", casts_from(&trapped))
}

async fn no_cast_from_a_type_that_a_column_got_later_runs(level: Level) {
    let pipeline = start(level).await;
    as_mallory(&pipeline, &trapped_types()).await;
    // A session that has the old plans, too.
    let mallory = pipeline.session_of("mallory").await;
    mallory
        .batch_execute(&format!(
            "{}; UPDATE shop.wares SET name = 'jug'; DELETE FROM shop.wares",
            insert()
        ))
        .await
        .expect("nothing is wrong yet");
    for (column, _) in &GOOD_ROW[1..] {
        for (ty, value) in VALUES {
            mallory
                .batch_execute(&format!(
                    "BEGIN;
                     {};
                     ALTER TABLE shop.wares ALTER {column} TYPE {ty} USING '{value}'::{ty};
                     SAVEPOINT altered",
                    insert()
                ))
                .await
                .expect("she owns the table");
            let writes = [
                insert_with(column, value).replace("('1'", "('2'"),
                "UPDATE shop.wares SET id = 3".to_owned(),
                "DELETE FROM shop.wares".to_owned(),
            ];
            for write in writes {
                let attempt = format!("{column} {ty}: {write}");
                let refused = mallory.batch_execute(&write).await;
                // Where the query wants the type's own text, that is never anybody's code; nor is an
                // array of a domain.
                let is_fine =
                    ["state", "size", "sizes"].contains(column) || ty == "mallory.checked_text[]";
                match refused {
                    Err(error) if !is_fine => {
                        let message = error.as_db_error().map_or("", |error| error.message());
                        assert!(
                            [
                                "whose owner could run code in the trigger",
                                "cannot cast type",
                                "does not match that when preparing the plan",
                            ]
                            .iter()
                            .any(|reason| message.contains(reason)),
                            "{attempt}: {error:?}"
                        );
                    }
                    Ok(()) => assert!(is_fine, "{attempt} was not refused"),
                    Err(_) => {}
                }
                mallory
                    .batch_execute("ROLLBACK TO altered")
                    .await
                    .expect("it can always");
            }
            mallory
                .batch_execute("ROLLBACK")
                .await
                .expect("it can always");
            assert_unharmed(&pipeline, &format!("{column} {ty}")).await;
        }
    }
}

#[tokio::test]
async fn a_domain_over_a_built_in_type_is_what_it_is_over_and_its_check_is_the_writer_s() {
    let pipeline = start(Level::Statement).await;
    as_mallory(
        &pipeline,
        &format!(
            "{TYPES} ALTER TABLE shop.wares ALTER name TYPE mallory.checked_text; {}",
            insert()
        ),
    )
    .await;
    assert_eq!(pipeline.take_events::<Ware>().len(), 1);
    assert_unharmed(&pipeline, "a domain").await;
}

async fn no_cast_from_the_type_of_a_composite_type_s_attribute_runs(level: Level) {
    let pipeline = start(level).await;
    as_mallory(&pipeline, &trapped_types()).await;
    for attribute in ["width", "price"] {
        let mallory = pipeline.session_of("mallory").await;
        let result = mallory
            .batch_execute(&format!(
                "BEGIN;
                 ALTER TYPE shop.size DROP ATTRIBUTE {attribute};
                 ALTER TYPE shop.size ADD ATTRIBUTE {attribute} mallory.label;
                 INSERT INTO shop.wares VALUES
                     (1, 'cup', 'ada', 1.10, '{{}}', '{{}}', 'shown', '(1,1)', '{{\"(1,1)\"}}');"
            ))
            .await
            .expect_err("the type is not trusted");
        let message = result.as_db_error().map_or("", |error| error.message());
        assert!(message.contains("whose owner could run code"), "{result:?}");
        assert_unharmed(&pipeline, attribute).await;
    }
}

async fn no_cast_from_a_type_that_the_struct_names_runs(level: Level) {
    let pipeline = prepare().await;
    // The attacker owns them, and has the casts before the installation.
    as_mallory(
        &pipeline,
        &casts_from(&[
            "shop.state",
            "shop.size",
            "shop.size[]",
            "shop.state[]",
            "shop.wares",
        ]),
    )
    .await;
    pipeline.install_at::<Only<Ware>>(level).await;
    as_mallory(
        &pipeline,
        &format!(
            "{}; UPDATE shop.wares SET name = 'jug'; DELETE FROM shop.wares",
            insert()
        ),
    )
    .await;
    let events = pipeline.take_events::<Ware>();
    assert_eq!(events.len(), 3, "{events:?}");
    assert_unharmed(&pipeline, "casts from the struct's own types").await;
}

async fn no_cast_made_after_the_query_was_planned_runs(level: Level) {
    let pipeline = start(level).await;
    let mallory = pipeline.session_of("mallory").await;
    let writes = format!(
        "{}; UPDATE shop.wares SET name = 'jug'; DELETE FROM shop.wares",
        insert()
    );
    mallory
        .batch_execute(&writes)
        .await
        .expect("nothing is wrong yet");
    as_mallory(
        &pipeline,
        &casts_from(&["shop.state", "shop.size", "shop.size[]"]),
    )
    .await;
    mallory
        .batch_execute(&writes)
        .await
        .expect("the casts are of no use");
    let events = pipeline.take_events::<Ware>();
    assert_eq!(events.len(), 6, "{events:?}");
    assert_unharmed(&pipeline, "casts after the plan").await;
}

async fn no_cast_runs_in_a_snapshot_that_does_not_show_it(level: Level) {
    let pipeline = start(level).await;
    let mallory = pipeline.session_of("mallory").await;
    mallory
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        .await
        .expect("it begins");
    as_mallory(
        &pipeline,
        &format!(
            "{}{} ALTER TABLE shop.wares ALTER name TYPE mallory.label USING '1';",
            trapped_types(),
            casts_from(&["shop.state"]).replace("mallory.cast_", "mallory.late_cast_")
        ),
    )
    .await;
    let refused = error_of(&mallory, &insert_with("name", "1")).await;
    assert!(
        refused.message().contains("whose owner could run code"),
        "{refused:?}"
    );
    assert_unharmed(&pipeline, "an old snapshot").await;
}

async fn no_cast_runs_from_a_type_that_was_added_to_an_extension(level: Level) {
    let pipeline = start(level).await;
    if pipeline.server_version().await < 130_000 {
        println!("not tested: before PostgreSQL 13 only superusers own extensions");
        return;
    }
    as_mallory(
        &pipeline,
        &format!(
            "CREATE EXTENSION citext SCHEMA mallory;
             {}
             ALTER EXTENSION citext ADD TYPE mallory.label;
             ALTER TABLE shop.wares ALTER name TYPE mallory.label USING '1';",
            trapped_types()
        ),
    )
    .await;
    let mallory = pipeline.session_of("mallory").await;
    let refused = error_of(&mallory, &insert_with("name", "1")).await;
    assert!(
        refused.message().contains("whose owner could run code"),
        "{refused:?}"
    );
    assert_unharmed(&pipeline, "a type in an extension").await;
}

/// A row of a partitioned table.
#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.parts",
    delivery = "async",
    on_failure = "abort",
    level = "row"
)]
struct Part {
    #[stream(key)]
    id: i32,
}

#[tokio::test]
async fn no_cast_from_a_partition_s_row_type_runs() {
    let pipeline: Pipeline = prepare().await;
    as_mallory(
        &pipeline,
        "CREATE TABLE shop.parts (id integer PRIMARY KEY) PARTITION BY LIST (id);
         CREATE TABLE shop.part PARTITION OF shop.parts DEFAULT;
         CREATE FUNCTION mallory.up(shop.part) RETURNS shop.parts LANGUAGE plpgsql
             AS $$ BEGIN PERFORM mallory.run(); RETURN ROW(13); END $$;
         CREATE CAST (shop.part AS shop.parts) WITH FUNCTION mallory.up(shop.part) AS IMPLICIT;",
    )
    .await;
    pipeline.install::<Only<Part>>().await;
    as_mallory(
        &pipeline,
        "INSERT INTO shop.part VALUES (1); UPDATE shop.part SET id = 2; DELETE FROM shop.part;",
    )
    .await;
    let events = pipeline.take_events::<Part>();
    let rows: Vec<(Option<i32>, Option<i32>)> = events
        .into_iter()
        .map(|event| match event {
            ChangeEvent::Created(after) => (None, Some(after.id)),
            ChangeEvent::Deleted(before) => (Some(before.id), None),
            other => panic!("{other:?}"),
        })
        .collect();
    // Not what the cast would have made of them.
    assert_eq!(
        rows,
        [
            (None, Some(1)),
            (Some(1), None),
            (None, Some(2)),
            (Some(2), None)
        ]
    );
    assert_unharmed(&pipeline, "a partition's cast").await;
}
