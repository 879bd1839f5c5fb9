//! plpgsql_check finds wrong names, types and unused variables in functions that no test happens to run.

use aurora_trigger_gen::describe::{Delivery, Level, OnFailure, Operations, TableDesc};
use aurora_trigger_gen::{PgType, StreamTrigger};
use pipeline_tests::Pipeline;
use serde::Deserialize;
use storefront::Storefront;

/// Everything that a struct can say.
#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.wares",
    delivery = "sync",
    unchanged = "emit",
    oversize = "dead_letter",
    ops = "insert, update, delete, truncate",
    when = "state <> 'hidden' AND (size).width > 1 AND secret <> '\\'"
)]
#[expect(dead_code, reason = "only described")]
struct Ware {
    #[stream(key)]
    id: i32,
    #[stream(key)]
    part: String,
    #[stream(mask = "last4")]
    email: String,
    #[stream(mask = "redact")]
    phone: Option<String>,
    #[stream(mask = "sha256")]
    card: Option<String>,
    #[stream(mask_sql = "left(value, 2)")]
    iban: Option<String>,
    #[stream(skip)]
    #[serde(default)]
    secret: String,
    tags: Vec<String>,
    state: State,
    states: Vec<State>,
    size: Size,
    sizes: Option<Vec<Option<Size>>>,
    #[stream(sql_type = "int4range", encoding = "text")]
    span: String,
    #[stream(json)]
    details: Vec<i32>,
}

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "shop.state")]
#[serde(rename_all = "snake_case")]
enum State {
    Shown,
    Hidden,
}

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "shop.size")]
#[expect(dead_code, reason = "only described")]
struct Size {
    width: i32,
    states: Vec<State>,
}

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.lines",
    delivery = "async",
    key = "none",
    partition_by = "text"
)]
#[expect(dead_code, reason = "only described")]
struct Line {
    text: Option<String>,
}

const TABLES: &str = "
    CREATE SCHEMA shop;
    CREATE TYPE shop.state AS ENUM ('shown', 'hidden');
    CREATE TYPE shop.size AS (width integer, states shop.state[]);
    CREATE TABLE shop.wares (
        id integer, part text, email text NOT NULL, phone text, card text, iban text, secret text NOT NULL, tags text[] NOT NULL,
        state shop.state NOT NULL, states shop.state[] NOT NULL, size shop.size NOT NULL,
        sizes shop.size[], span int4range NOT NULL, details jsonb NOT NULL, PRIMARY KEY (id, part)
    );
    CREATE TABLE shop.lines (text text);
";

/// What it finds in all functions of the schema, with the triggers' tables and transition tables.
async fn findings(pipeline: &Pipeline) -> Option<Vec<String>> {
    let session = pipeline.session().await;
    if let Err(error) = session
        .batch_execute("CREATE EXTENSION plpgsql_check")
        .await
    {
        let is_ours =
            std::env::var_os("CI").is_some() && pipeline.server_version().await / 10_000 == 15;
        assert!(!is_ours, "{error:?}");
        println!("not tested: this PostgreSQL has no plpgsql_check");
        return None;
    }
    let count: i64 = session
        .query_one(
            "SELECT count(*) FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang
             WHERE p.pronamespace = 'aurora_trigger'::regnamespace AND l.lanname = 'plpgsql'",
            &[],
        )
        .await
        .expect("the catalogue can be read")
        .get(0);
    assert!(count > 8, "{count}");
    session
        .batch_execute(TYPED_ROWS)
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let found = session
        .query(
            "SELECT p.oid::regprocedure || ': ' || concat_ws(' ', c.level, c.sqlstate, c.message, c.detail, c.hint,
                 'line', c.lineno, c.query)
             FROM pg_proc AS p
             JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
             CROSS JOIN LATERAL (
                 SELECT coalesce(max(t.tgrelid::bigint), 0)::oid FROM pg_trigger AS t WHERE t.tgfoid = p.oid
             ) AS streamed (id)
             CROSS JOIN LATERAL plpgsql_check_function_tb(
                 p.oid, streamed.id,
                 oldtable => CASE WHEN streamed.id <> 0 THEN 'old_rows' END,
                 newtable => CASE WHEN streamed.id <> 0 THEN 'new_rows' END,
                 fatal_errors => false, extra_warnings => true, performance_warnings => true,
                 security_warnings => true
             ) AS c
             WHERE p.pronamespace = 'aurora_trigger'::regnamespace",
            &[],
        )
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    Some(
        found
            .iter()
            .map(|row| row.get::<_, String>(0))
            .filter(|finding| !EXCUSED.iter().any(|(text, _)| finding.contains(text)))
            .collect(),
    )
}

/// Puts functions that take a row of the table in place of those that take any record: of a record's fields it knows nothing.
const TYPED_ROWS: &str = "
    DO $$
    DECLARE
        typed record;
    BEGIN
        FOR typed IN
            SELECT
                p.oid::regprocedure AS function_name,
                replace(
                    pg_get_functiondef(p.oid),
                    '(source_row record)', format('(source_row %I.%I)', s.schema_name, s.table_name)
                ) AS definition
            FROM aurora_trigger.stream_table AS s
            JOIN pg_proc AS p ON p.proname = ANY (s.functions)
            WHERE p.pronamespace = 'aurora_trigger'::regnamespace AND p.proargtypes[0] = 'record'::regtype
        LOOP
            EXECUTE typed.definition;
            EXECUTE format('DROP FUNCTION %s', typed.function_name);
        END LOOP;
        ASSERT FOUND;
    END $$";

/// What it finds, and why that is as it should be.
const EXCUSED: [(&str, &str); 12] = [
    (
        "shop_wares_mask(text,text): performance 00000 routine is marked as STABLE, should be IMMUTABLE",
        "what an author's expression calls may depend on settings",
    ),
    (
        "schema \"cron\" does not exist",
        "it is asked for before, and here it is not there",
    ),
    (
        "relation \"cron.job\" does not exist",
        "it is asked for before, and here it is not there",
    ),
    (
        "drop_functions(text,text,text[]): performance 00000 routine is marked as VOLATILE",
        "it drops functions by a dynamic statement",
    ),
    (
        "unschedule(): performance 00000 routine is marked as VOLATILE",
        "what pg_cron does is an effect",
    ),
    (
        "never read variable \"sent\"",
        "an assignment is cheaper than PERFORM",
    ),
    (
        "never read variable \"kept\"",
        "an assignment is cheaper than PERFORM",
    ),
    (
        "table_differences(text,text,json,text[],text[]): security",
        "the struct's author writes the predicate",
    ),
    (" || wanted", "format() has made it"),
    ("aurora_trigger.misfit_query(", "format() has made it"),
    (
        "image_of_texts(json,oid,json,text): security",
        "format() has made it",
    ),
    (
        "warn(text,text,text,text): performance 00000 routine is marked as VOLATILE, should be IMMUTABLE",
        "a warning is an effect",
    ),
];

#[tokio::test]
async fn it_finds_nothing_in_the_functions_of_the_reference_app() {
    let pipeline = Pipeline::start().await;
    pipeline
        .run(include_str!("../../storefront/schema.sql"))
        .await;
    pipeline.install::<Storefront>().await;
    if let Some(found) = findings(&pipeline).await {
        assert_eq!(found, [""; 0]);
    }
}

#[tokio::test]
async fn it_finds_nothing_in_functions_with_everything_that_a_struct_can_say() {
    for level in [Level::Statement, Level::Row] {
        let pipeline = Pipeline::start().await;
        pipeline.run(TABLES).await;
        let tables = [Ware::TABLE, Line::TABLE].map(|table| table.with_level(level));
        pipeline
            .install_tables(&tables.iter().collect::<Vec<_>>())
            .await;
        if let Some(found) = findings(&pipeline).await {
            assert_eq!(found, [""; 0], "{level:?}");
        }
    }
}

#[tokio::test]
async fn it_finds_nothing_however_events_are_delivered() {
    let on_failure = |table: TableDesc| {
        table
            .with_delivery(Delivery::Async)
            .with_on_failure(OnFailure::Outbox)
    };
    for level in [Level::Statement, Level::Row] {
        for deliver in [
            |table: TableDesc| table.with_delivery(Delivery::Outbox),
            |table: TableDesc| table.with_delivery(Delivery::Commit),
            on_failure,
        ] {
            let pipeline = Pipeline::start().await;
            pipeline.run(TABLES).await;
            let tables = [Ware::TABLE, Line::TABLE].map(|table| deliver(table.with_level(level)));
            pipeline
                .install_tables(&tables.iter().collect::<Vec<_>>())
                .await;
            if let Some(found) = findings(&pipeline).await {
                assert_eq!(found, [""; 0], "{level:?} {:?}", tables[0].delivery());
            }
        }
    }
}

#[tokio::test]
async fn it_finds_nothing_whatever_operations_are_captured() {
    let pipeline = Pipeline::start().await;
    pipeline.run(TABLES).await;
    // TRUNCATE alone, which is 8, does without some of the variables.
    for number in (1..16_u32).filter(|number| *number != 8) {
        for level in [Level::Statement, Level::Row] {
            let captured = |bit: u32| number & (1 << bit) != 0;
            let table: TableDesc = Ware::TABLE.with_level(level).with_operations(Operations {
                insert: captured(0),
                update: captured(1),
                delete: captured(2),
                truncate: captured(3),
            });
            pipeline.install_tables(&[&table]).await;
            pipeline.run("DROP EXTENSION IF EXISTS plpgsql_check").await;
            if let Some(found) = findings(&pipeline).await {
                assert_eq!(found, [""; 0], "{number} {level:?}");
            }
        }
    }
}
