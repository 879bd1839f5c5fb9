//! The one who installs is a superuser, so nothing of the attacker's may run meanwhile, and nothing of the attacker's
//! may be taken for ours.

use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::{StreamTrigger, emit};
use pipeline_tests::{Only, error_of};
use relay_lambda::local::PostgresCluster;

use crate::security::casts::trapped_types;
use crate::security::{Ware, as_mallory, assert_unharmed, insert, prepare};

#[tokio::test]
async fn nothing_in_the_installer_s_search_path_runs() {
    let pipeline = prepare().await;
    pipeline.run("GRANT ALL ON SCHEMA public TO mallory").await;
    let mut traps = String::new();
    // Whatever two types the catalogue's columns and our literals have, and no operator of PostgreSQL's own fits better.
    let pairs = [
        ("oid", "regrole"),
        ("oid", "regnamespace"),
        ("oid", "regclass"),
        ("oid", "regtype"),
        ("oid", "regproc"),
        ("name", "text"),
        ("text", "name"),
        ("\"char\"", "text"),
        ("text", "\"char\""),
        ("regrole", "oid"),
        ("regnamespace", "oid"),
        ("text", "regprocedure"),
    ];
    for (number, (left, right)) in pairs.iter().enumerate() {
        for (other, operator) in ["=", "<>", "||", "<"].iter().enumerate() {
            let name = format!("public.trap_{number}_{other}");
            let (ty, value) = match *operator {
                "||" => ("text", "mallory.run()"),
                _ => ("boolean", "mallory.run() IS NULL"),
            };
            traps.push_str(&format!(
                "CREATE FUNCTION {name}({left}, {right}) RETURNS {ty} LANGUAGE sql AS $$ SELECT {value} $$;
                 CREATE OPERATOR public.{operator}
                     (LEFTARG = {left}, RIGHTARG = {right}, PROCEDURE = {name});\n"
            ));
        }
    }
    traps.push_str(
        "CREATE FUNCTION public.string_agg(text, text) RETURNS text LANGUAGE sql AS 'SELECT mallory.run()';
         CREATE FUNCTION public.set_config(text, text, boolean) RETURNS text LANGUAGE sql
             AS 'SELECT mallory.run()';
         CREATE FUNCTION public.to_regclass(text) RETURNS regclass LANGUAGE sql
             AS $$ SELECT 'pg_class'::regclass FROM mallory.run() $$;",
    );
    as_mallory(&pipeline, &traps).await;

    let install = emit::install(&[&Ware::TABLE], None);
    let remove = emit::remove(&[&Ware::TABLE]);
    for sql in [&install, &install, &remove, &remove] {
        pipeline.run(sql).await;
        let installed = pipeline
            .session()
            .await
            .query_one("SELECT to_regnamespace('aurora_trigger') IS NOT NULL", &[])
            .await
            .expect("it can be asked")
            .get::<_, bool>(0);
        // A wrong answer of a trap could also make it skip something.
        assert_eq!(installed, std::ptr::eq(sql, &raw const install));
        if installed {
            pipeline
                .run("SELECT aurora_trigger.configure('relay')")
                .await;
        }
        assert_unharmed(&pipeline, "the installer's search path").await;
    }
}

#[tokio::test]
async fn the_search_path_of_the_session_is_afterwards_what_it_was() {
    let pipeline = prepare().await;
    let session = pipeline.session().await;
    for sql in [
        emit::install(&[&Ware::TABLE], None),
        emit::remove(&[&Ware::TABLE]),
    ] {
        session
            .batch_execute("SET search_path = mallory, \"$user\", \"odd, name\"; BEGIN;")
            .await
            .expect("it is a path");
        session
            .batch_execute(&sql)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        for moment in ["SELECT 1", "COMMIT"] {
            session.batch_execute(moment).await.expect("it is fine");
            let path: String = session
                .query_one("SELECT current_setting('search_path')", &[])
                .await
                .expect("it can be asked")
                .get(0);
            assert_eq!(path, "mallory, \"$user\", \"odd, name\"");
        }
    }
}

#[tokio::test]
async fn nothing_of_the_table_and_its_types_runs() {
    let pipeline = prepare().await;
    as_mallory(
        &pipeline,
        &format!(
            "{}{}
             CREATE FUNCTION mallory.same(text, text) RETURNS text LANGUAGE plpgsql IMMUTABLE
                 AS $$ BEGIN PERFORM mallory.run(); RETURN $1; END $$;
             {};
             CREATE INDEX ON shop.wares (mallory.same(name, mallory.run_early()));
             CREATE STATISTICS shop.more (dependencies) ON name, email FROM shop.wares;
             ALTER TABLE shop.wares
                 ADD CHECK (mallory.same(name, mallory.run_early()) IS NOT NULL),
                 ALTER name TYPE mallory.checked_text,
                 ENABLE ROW LEVEL SECURITY;
             CREATE POLICY trap ON shop.wares USING (mallory.run_early() IS NOT NULL);",
            trapped_types(),
            crate::security::casts::casts_from(&[
                "shop.state",
                "shop.size",
                "shop.size[]",
                "shop.wares"
            ])
            .replace("mallory.cast_", "mallory.early_cast_"),
            insert(),
        ),
    )
    .await;
    for level in [Level::Statement, Level::Row, Level::Statement] {
        pipeline.install_at::<Only<Ware>>(level).await;
        assert_unharmed(&pipeline, "the table").await;
    }
    // And where the table does not fit, so that more of it is looked at.
    for column in ["name", "price", "tags", "state", "size", "sizes"] {
        as_mallory(
            &pipeline,
            &format!(
                "ALTER TABLE shop.wares DROP {column} CASCADE;
                 ALTER TABLE shop.wares ADD {column} mallory.nest;"
            ),
        )
        .await;
        let session = pipeline.session().await;
        let refused = error_of(&session, &emit::install(&[&Ware::TABLE], None)).await;
        assert!(
            refused.message().contains("differ from their structs"),
            "{refused:?}"
        );
        assert_unharmed(&pipeline, column).await;
    }
}

#[tokio::test]
async fn a_schema_that_somebody_else_made_is_refused() {
    let pipeline = prepare().await;
    as_mallory(
        &pipeline,
        "CREATE SCHEMA aurora_trigger;
         CREATE TABLE aurora_trigger.settings (function_name text, region text, epoch bigint);",
    )
    .await;
    let session = pipeline.session().await;
    let refused = error_of(&session, &emit::install(&[&Ware::TABLE], None)).await;
    assert_eq!(
        refused.message(),
        "aurora_trigger: the schema aurora_trigger, or something in it, belongs to another role"
    );
    assert_unharmed(&pipeline, "a schema").await;
}

#[tokio::test]
async fn something_that_somebody_else_made_in_the_schema_is_refused() {
    for planted in [
        // It would fit a text column better than ours.
        "CREATE FUNCTION aurora_trigger.is_trusted(text) RETURNS boolean LANGUAGE sql
             AS $$ SELECT mallory.run() IS NOT NULL $$",
        "CREATE TABLE aurora_trigger.settings (function_name text, region text, epoch bigint)",
        "CREATE SEQUENCE aurora_trigger.event_seq",
        "CREATE VIEW aurora_trigger.dead_letter AS SELECT mallory.run()",
        "CREATE DOMAIN aurora_trigger.lambda_answer AS text CHECK (mallory.run() IS NULL)",
    ] {
        let pipeline = prepare().await;
        pipeline
            .run(
                "CREATE SCHEMA aurora_trigger AUTHORIZATION aurora_trigger;
                 GRANT ALL ON SCHEMA aurora_trigger TO mallory;",
            )
            .await;
        as_mallory(&pipeline, planted).await;
        let session = pipeline.session().await;
        let refused = error_of(&session, &emit::install(&[&Ware::TABLE], None)).await;
        assert_eq!(
            refused.message(),
            "aurora_trigger: the schema aurora_trigger, or something in it, belongs to another role",
            "{planted}"
        );
        assert_unharmed(&pipeline, planted).await;
    }
}

#[tokio::test]
async fn a_function_that_somebody_else_made_in_the_place_of_aws_lambda_is_refused() {
    for planted in [
        "DROP SCHEMA aws_lambda, aws_commons CASCADE;
         SET ROLE mallory;
         CREATE SCHEMA aws_lambda;
         CREATE SCHEMA aws_commons;
         CREATE FUNCTION aws_lambda.invoke(text, json) RETURNS text LANGUAGE sql AS 'SELECT mallory.run()'",
        // It would fit the call better than the extension's.
        "GRANT ALL ON SCHEMA aws_lambda TO mallory;
         SET ROLE mallory;
         CREATE FUNCTION aws_lambda.invoke(text, json, text, text) RETURNS text LANGUAGE sql
             AS 'SELECT mallory.run()'",
    ] {
        let pipeline = prepare().await;
        pipeline.run(planted).await;
        let session = pipeline.session().await;
        let refused = error_of(&session, &emit::install(&[&Ware::TABLE], None)).await;
        assert_eq!(
            refused.message(),
            "aurora_trigger: the schema aws_lambda, or a function in it, is not the extension's"
        );
        assert_unharmed(&pipeline, planted).await;
    }
}

#[tokio::test]
async fn a_role_of_our_name_with_more_rights_is_refused() {
    // The role is the whole cluster's, so this takes one of its own.
    let cluster = PostgresCluster::start().expect("PostgreSQL is installed");
    let (session, connection) = tokio_postgres::connect(
        &cluster.connection_string("postgres"),
        tokio_postgres::NoTls,
    )
    .await
    .expect("it takes connections");
    tokio::spawn(connection);
    session
        .batch_execute("CREATE ROLE mallory CREATEROLE LOGIN")
        .await
        .expect("the cluster is new");
    let install = emit::install(&[&Ware::TABLE], None);
    for (made, unmade) in [
        ("CREATE ROLE aurora_trigger LOGIN", ""),
        ("CREATE ROLE aurora_trigger SUPERUSER", ""),
        ("CREATE ROLE aurora_trigger CREATEROLE", ""),
        ("CREATE ROLE aurora_trigger BYPASSRLS", ""),
        (
            "CREATE ROLE aurora_trigger; GRANT pg_read_all_settings TO aurora_trigger",
            "REVOKE pg_read_all_settings FROM aurora_trigger;",
        ),
    ] {
        session.batch_execute(made).await.expect("a superuser may");
        let refused = error_of(&session, &install).await;
        assert_eq!(
            refused.message(),
            "aurora_trigger: the role aurora_trigger has more rights than it may have",
            "{made}"
        );
        session
            .batch_execute(&format!("{unmade} DROP ROLE aurora_trigger"))
            .await
            .expect("nothing was installed");
    }
}
