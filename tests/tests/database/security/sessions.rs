//! What a session can put in the way of the trigger functions: names, a search path, settings.

use std::time::{Duration, Instant};

use aurora_trigger_gen::ChangeEvent;
use aurora_trigger_gen::describe::Level;
use pipeline_tests::{Pipeline, at_both_levels, error_of};
use relay_lambda::local::Fault;

use crate::security::{Ware, as_mallory, assert_unharmed, insert, start};

at_both_levels!(
    no_temporary_table_or_type_stands_in_for_ours,
    no_function_or_operator_in_the_search_path_stands_in_for_ours,
    no_setting_of_the_session_sends_the_rows_elsewhere_or_changes_them,
    code_of_the_table_s_owner_runs_as_who_writes,
);

const WRITES: &str = "UPDATE shop.wares SET name = 'jug'; DELETE FROM shop.wares;";

/// Writes in the session, and what of it arrives.
async fn events_of(
    pipeline: &Pipeline,
    session: &tokio_postgres::Client,
) -> Vec<ChangeEvent<Ware>> {
    session
        .batch_execute(&format!("{}; {WRITES}", insert()))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    pipeline.take_events::<Ware>()
}

/// What arrives from a session in which nobody does anything odd.
async fn expected(pipeline: &Pipeline) -> Vec<ChangeEvent<Ware>> {
    let session = pipeline.session_of("mallory").await;
    let events = events_of(pipeline, &session).await;
    assert_eq!(events.len(), 3, "{events:?}");
    events
}

async fn no_temporary_table_or_type_stands_in_for_ours(level: Level) {
    let pipeline = start(level).await;
    let expected = expected(&pipeline).await;
    let mallory = pipeline.session_of("mallory").await;
    mallory
        .batch_execute(
            "CREATE TEMPORARY TABLE settings (function_name text, region text, epoch bigint);
             CREATE TEMPORARY TABLE pg_type (oid oid, typtype \"char\", typcategory \"char\", typelem oid, typowner oid);
             CREATE TEMPORARY VIEW new_rows AS SELECT 13 AS id, mallory.run() AS name;
             CREATE TEMPORARY VIEW old_rows AS SELECT 13 AS id, mallory.run() AS name;
             CREATE TEMPORARY VIEW image AS SELECT mallory.run();
             CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (mallory.run() IS NOT NULL);
             CREATE DOMAIN pg_temp.json AS pg_catalog.json CHECK (mallory.run() IS NOT NULL);
             CREATE FUNCTION pg_temp.row_to_json(record) RETURNS json LANGUAGE plpgsql
                 AS 'BEGIN RETURN to_json(mallory.run()); END';
             SET search_path = pg_temp, pg_catalog;",
        )
        .await
        .expect("these are allowed");
    assert_eq!(events_of(&pipeline, &mallory).await, expected);
    assert_unharmed(&pipeline, "temporary objects").await;
}

async fn no_function_or_operator_in_the_search_path_stands_in_for_ours(level: Level) {
    let pipeline = start(level).await;
    let expected = expected(&pipeline).await;
    as_mallory(
        &pipeline,
        "CREATE FUNCTION mallory.row_to_json(record) RETURNS json LANGUAGE plpgsql
             AS 'BEGIN RETURN to_json(mallory.run()); END';
         CREATE FUNCTION mallory.format(text, shop.state) RETURNS text LANGUAGE sql
             AS 'SELECT mallory.run()';
         CREATE FUNCTION mallory.nextval(text) RETURNS bigint LANGUAGE sql
             AS 'SELECT mallory.run()::bigint';
         CREATE FUNCTION mallory.length(text) RETURNS integer LANGUAGE sql
             AS 'SELECT mallory.run()::integer';
         CREATE FUNCTION mallory.differs(shop.state, text) RETURNS boolean LANGUAGE sql
             AS 'SELECT mallory.run() IS NULL';
         CREATE FUNCTION mallory.differs(text, text) RETURNS boolean LANGUAGE sql
             AS 'SELECT mallory.run() IS NULL';
         CREATE OPERATOR mallory.<> (LEFTARG = shop.state, RIGHTARG = text, PROCEDURE = mallory.differs);
         CREATE OPERATOR mallory.<> (LEFTARG = text, RIGHTARG = text, PROCEDURE = mallory.differs);
         CREATE OPERATOR mallory.= (LEFTARG = text, RIGHTARG = text, PROCEDURE = mallory.differs);",
    )
    .await;
    let mallory = pipeline.session_of("mallory").await;
    mallory
        .batch_execute("SET search_path = mallory, pg_catalog")
        .await
        .expect("it is a path");
    assert_eq!(events_of(&pipeline, &mallory).await, expected);
    assert_unharmed(&pipeline, "a search path").await;
}

async fn no_setting_of_the_session_sends_the_rows_elsewhere_or_changes_them(level: Level) {
    let pipeline = start(level).await;
    let expected = expected(&pipeline).await;
    let mallory = pipeline.session_of("mallory").await;
    mallory
        .batch_execute(
            "SELECT set_config('aws_lambda.request_timeout_ms', '1', false),
                 set_config('aws_lambda.connect_timeout_ms', '1', false),
                 set_config('aurora_trigger.function_name', 'mallory', false),
                 set_config('aurora_trigger.region', 'mallory', false);
             SET standard_conforming_strings = off;
             SET backslash_quote = on;
             SET DateStyle = 'German';
             SET IntervalStyle = 'sql_standard';
             SET bytea_output = 'escape';
             SET extra_float_digits = -15;
             SET plpgsql.extra_errors = 'all';
             SET plpgsql.extra_warnings = 'all';
             SET quote_all_identifiers = on;
             SET default_transaction_isolation = 'serializable';
             SET row_security = off;",
        )
        .await
        .expect("any role may set these");
    assert_eq!(events_of(&pipeline, &mallory).await, expected);
    assert_unharmed(&pipeline, "settings").await;
}

async fn code_of_the_table_s_owner_runs_as_who_writes(level: Level) {
    let pipeline = start(level).await;
    if pipeline.server_version().await < 120_000 {
        println!("not tested: PostgreSQL 11 has no generated columns");
        return;
    }
    as_mallory(
        &pipeline,
        "CREATE FUNCTION mallory.same(text, text) RETURNS text LANGUAGE plpgsql IMMUTABLE
             AS $$ BEGIN PERFORM mallory.run(); RETURN $1; END $$;
         CREATE INDEX ON shop.wares (mallory.same(name, mallory.run_early()));
         ALTER TABLE shop.wares
             ADD CHECK (mallory.same(name, mallory.run_early()) IS NOT NULL),
             ADD made text GENERATED ALWAYS AS (mallory.same(name, mallory.run_early())) STORED,
             ADD given text DEFAULT mallory.run(),
             ALTER name TYPE text COLLATE \"POSIX\";
         CREATE FUNCTION mallory.on_write() RETURNS trigger LANGUAGE plpgsql
             AS $$ BEGIN PERFORM mallory.run(); RETURN coalesce(NEW, OLD); END $$;
         CREATE TRIGGER a BEFORE INSERT OR UPDATE OR DELETE ON shop.wares
             FOR EACH ROW EXECUTE FUNCTION mallory.on_write();
         CREATE TRIGGER z AFTER INSERT OR UPDATE OR DELETE ON shop.wares
             FOR EACH ROW EXECUTE FUNCTION mallory.on_write();",
    )
    .await;
    assert_eq!(expected(&pipeline).await.len(), 3);
    assert_unharmed(&pipeline, "code of the table").await;
}

#[tokio::test]
async fn a_call_waits_as_long_as_it_should_whatever_the_session_waits_for_and_leaves_that_as_it_was()
 {
    let pipeline = start(Level::Statement).await;
    let mallory = pipeline.session_of("mallory").await;
    mallory
        .batch_execute(
            "SET aws_lambda.connect_timeout_ms = 7; SET aws_lambda.request_timeout_ms = 8; BEGIN;",
        )
        .await
        .expect("any role may set these");
    mallory
        .batch_execute(&insert())
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let timeouts: String = mallory
        .query_one(
            "SELECT concat_ws(' ', current_setting('aws_lambda.connect_timeout_ms'),
                 current_setting('aws_lambda.request_timeout_ms'))",
            &[],
        )
        .await
        .expect("they are set")
        .get(0);
    assert_eq!(timeouts, "7 8");

    pipeline.endpoint().faults().fail_next(1, Fault::TimeOut);
    let started = Instant::now();
    error_of(&mallory, "DELETE FROM shop.wares").await;
    assert!(
        started.elapsed() >= Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
}
