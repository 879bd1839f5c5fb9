//! Who may do what with what is installed.

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::describe::{Delivery, Oversize, TableDesc};
use pipeline_tests::{Pipeline, error_of, texts};
use tokio_postgres::Client;

use crate::security::{
    Ware, as_mallory, assert_unharmed, insert, insert_with, make_role, prepare, start,
};

/// Of what is done in a transaction nothing is left.
async fn assert_may_not(session: &Client, attempt: &str) {
    let refused = error_of(session, attempt).await;
    assert_eq!(refused.code().code(), "42501", "{attempt}: {refused:?}");
    session
        .batch_execute("ROLLBACK")
        .await
        .expect("it can always");
}

/// With all that can be installed.
async fn start_with_everything() -> Pipeline {
    let pipeline = prepare().await;
    let dead_letter = Ware::TABLE.with_oversize(Oversize::DeadLetter);
    let tables: [&TableDesc; 1] = [&dead_letter];
    pipeline.install_tables(&tables).await;
    pipeline
}

/// With an outbox.
async fn start_with_an_outbox(delivery: Delivery) -> Pipeline {
    let pipeline = prepare().await;
    pipeline
        .install_tables(&[&Ware::TABLE.with_delivery(delivery)])
        .await;
    pipeline
}

/// All that reads, changes or sends what is in the outbox, or changes how it is sent.
const OUTBOX_ATTEMPTS: [&str; 38] = [
    "SELECT * FROM aurora_trigger.outbox",
    "INSERT INTO aurora_trigger.outbox SELECT",
    "UPDATE aurora_trigger.outbox SET position = 0",
    "DELETE FROM aurora_trigger.outbox",
    "TRUNCATE aurora_trigger.outbox",
    "LOCK aurora_trigger.outbox",
    "SELECT * FROM aurora_trigger.outbox_0",
    "TRUNCATE aurora_trigger.outbox_1",
    "SELECT * FROM aurora_trigger.queue",
    "INSERT INTO aurora_trigger.queue SELECT",
    "UPDATE aurora_trigger.queue SET position = 0",
    "TRUNCATE aurora_trigger.queue",
    "UPDATE aurora_trigger.stream_queue SET parts = '{}'",
    "SELECT * FROM aurora_trigger.part",
    "SELECT * FROM aurora_trigger.kept",
    "SELECT * FROM aurora_trigger.batch",
    "UPDATE aurora_trigger.collector SET done = '1:1:'",
    "SELECT * FROM aurora_trigger.waiting",
    "SELECT * FROM aurora_trigger.lane FOR UPDATE",
    "UPDATE aurora_trigger.lane SET retry_at = 'infinity'",
    "SELECT * FROM aurora_trigger.failed_call",
    "SELECT * FROM aurora_trigger.sent",
    "UPDATE aurora_trigger.stream_table SET paused = true",
    "INSERT INTO aurora_trigger.at_commit VALUES (1)",
    "SELECT * FROM aurora_trigger.status",
    "SELECT * FROM aurora_trigger.lane_status",
    "SELECT aurora_trigger.drain()",
    "CALL aurora_trigger.drain_all()",
    "SELECT aurora_trigger.drain_lanes('{0}')",
    "SELECT aurora_trigger.collect()",
    "SELECT aurora_trigger.payload('{}', 'Event')",
    "SELECT aurora_trigger.invoke('f', NULL, '{}', 'Event')",
    "SELECT aurora_trigger.pause()",
    "SELECT aurora_trigger.resume()",
    "SELECT aurora_trigger.redrive()",
    "SELECT aurora_trigger.purge(everything => true)",
    "SELECT aurora_trigger.set_lanes(1)",
    "SELECT aurora_trigger.new_epoch()",
];

#[tokio::test]
async fn a_role_without_rights_can_not_use_the_outbox() {
    let pipeline = start_with_an_outbox(Delivery::Commit).await;
    for may_look in [false, true] {
        if may_look {
            pipeline
                .run("GRANT USAGE ON SCHEMA aurora_trigger TO mallory")
                .await;
        }
        let mallory = pipeline.session_of("mallory").await;
        for attempt in OUTBOX_ATTEMPTS {
            assert_may_not(&mallory, &format!("BEGIN; {attempt}")).await;
        }
    }
    assert_unharmed(&pipeline, "all attempts").await;
}

/// A dashboard sees what waits and what failed, and nothing of a row.
#[tokio::test]
async fn a_role_that_monitors_sees_the_status_and_no_event() {
    let pipeline = start_with_an_outbox(Delivery::Commit).await;
    make_role("watcher", "LOGIN").await;
    pipeline.run("GRANT pg_monitor TO watcher").await;
    let session = pipeline.session_of("watcher").await;
    for view in ["status", "lane_status"] {
        session
            .query(&format!("SELECT * FROM aurora_trigger.{view}"), &[])
            .await
            .unwrap_or_else(|error| panic!("{view}: {error:?}"));
    }
    let readable = texts(
        &session,
        "SELECT c.relname FROM pg_class AS c
         WHERE c.relnamespace = 'aurora_trigger'::regnamespace AND has_any_column_privilege(c.oid, 'SELECT')
         ORDER BY c.relname",
    )
    .await;
    assert_eq!(
        readable,
        ["capture_status", "lane_status", "own_trigger", "status"]
    );
    for attempt in OUTBOX_ATTEMPTS
        .iter()
        .filter(|attempt| !attempt.contains("status"))
    {
        assert_may_not(&session, &format!("BEGIN; {attempt}")).await;
    }
}

/// What a role writes into the setting that notes a transaction's events keeps no event from the stream, sends none twice
/// and none of others.
#[tokio::test]
async fn a_role_that_lies_about_its_transactions_events_leaves_them_to_the_drain() {
    let pipeline = start_with_an_outbox(Delivery::Commit).await;
    let mallory = pipeline.session_of("mallory").await;
    pipeline.run("SELECT aurora_trigger.pause()").await;
    pipeline.run(&insert()).await;
    pipeline.run("SELECT aurora_trigger.resume()").await;
    // The first one is of somebody else, who waits for the drain.
    for (number, lie) in [
        "(0,1)",
        "",
        "nonsense",
        "(0,1) (0,1) (4000000000,1)",
        "(0,0)",
    ]
    .iter()
    .enumerate()
    {
        let id = (2 + number).to_string();
        mallory
            .batch_execute(&format!(
                "BEGIN; {}; SET LOCAL aurora_trigger.kept = '{lie}'; COMMIT",
                insert_with("id", &id)
            ))
            .await
            .unwrap_or_else(|error| panic!("{lie}: {error:?}"));
        assert!(pipeline.take_calls().is_empty(), "{lie}");
    }
    pipeline.drain().await;
    let events: usize = pipeline
        .take_calls()
        .iter()
        .map(|call| {
            call.payload()
                .batches
                .iter()
                .map(|batch| batch.events.len())
                .sum::<usize>()
        })
        .sum();
    assert_eq!(events, 6);
}

#[tokio::test]
async fn a_role_without_rights_can_not_read_or_change_the_settings_or_call_a_function() {
    let pipeline = start_with_everything().await;
    let mallory = pipeline.session_of("mallory").await;
    for attempt in [
        "SELECT * FROM aurora_trigger.settings",
        "UPDATE aurora_trigger.settings SET function_name = 'mallory'",
        "INSERT INTO aurora_trigger.settings (only_row, function_name) VALUES (NULL, 'mallory')",
        "DELETE FROM aurora_trigger.settings",
        "TRUNCATE aurora_trigger.settings",
        "BEGIN; LOCK aurora_trigger.settings",
        "CREATE TRIGGER t AFTER INSERT ON aurora_trigger.settings EXECUTE FUNCTION mallory.on_write()",
        "SELECT aurora_trigger.configure('mallory')",
        "SELECT aurora_trigger.is_trusted(1)",
        "SELECT nextval('aurora_trigger.event_seq')",
        "SELECT setval('aurora_trigger.event_seq', 1)",
        "SELECT * FROM aurora_trigger.dead_letter",
        "SELECT aws_lambda.invoke(function_name => 'relay', payload => '{}'::json)",
        "CREATE FUNCTION aurora_trigger.is_trusted(text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE OR REPLACE FUNCTION aurora_trigger.shop_wares_insert() RETURNS trigger
             LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "ALTER FUNCTION aurora_trigger.shop_wares_insert() RESET search_path",
        "DROP FUNCTION aurora_trigger.shop_wares_insert()",
        "CREATE TABLE aurora_trigger.new_rows (id integer)",
        "CREATE TABLE mallory.mine (id integer);
         CREATE TRIGGER t AFTER INSERT ON mallory.mine
             FOR EACH STATEMENT EXECUTE FUNCTION aurora_trigger.shop_wares_insert()",
        "SET ROLE aurora_trigger",
        "GRANT aurora_trigger TO mallory",
    ] {
        assert_may_not(&mallory, attempt).await;
    }
    assert_unharmed(&pipeline, "all attempts").await;
}

#[tokio::test]
async fn a_role_that_may_look_into_the_schema_still_can_not_use_what_it_holds() {
    let pipeline = start_with_everything().await;
    pipeline
        .run("GRANT USAGE ON SCHEMA aurora_trigger TO mallory")
        .await;
    let mallory = pipeline.session_of("mallory").await;
    for attempt in [
        "SELECT * FROM aurora_trigger.settings",
        "UPDATE aurora_trigger.settings SET function_name = 'mallory'",
        "SELECT aurora_trigger.configure('mallory')",
        "SELECT nextval('aurora_trigger.event_seq')",
        "SELECT * FROM aurora_trigger.dead_letter",
        "CREATE TABLE mallory.mine (id integer);
         CREATE TRIGGER t AFTER INSERT ON mallory.mine
             FOR EACH STATEMENT EXECUTE FUNCTION aurora_trigger.shop_wares_insert()",
        "CREATE TRIGGER t AFTER INSERT ON shop.wares
             FOR EACH STATEMENT EXECUTE FUNCTION aurora_trigger.shop_wares_insert()",
    ] {
        assert_may_not(&mallory, attempt).await;
    }
    assert_unharmed(&pipeline, "all attempts").await;
}

#[tokio::test]
async fn nobody_but_the_owner_has_a_right_on_what_is_installed() {
    let pipeline = start_with_everything().await;
    let session = pipeline.session().await;
    let granted = session
        .query(
            "WITH held (name, owner, rights) AS (
                 SELECT n.nspname::text, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
                 FROM pg_namespace AS n WHERE n.nspname = 'aurora_trigger'
                 UNION ALL
                 SELECT c.relname::text, c.relowner,
                     coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r' END, c.relowner))
                 FROM pg_class AS c
                 WHERE c.relnamespace = 'aurora_trigger'::regnamespace AND c.relkind IN ('r', 'S')
                 UNION ALL
                 SELECT p.oid::regprocedure::text, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
                 FROM pg_proc AS p WHERE p.pronamespace = 'aurora_trigger'::regnamespace
             )
             SELECT held.name, held.owner::regrole::text, coalesce(right_.who, '')
             FROM held
             LEFT JOIN LATERAL (
                 SELECT a.grantee::regrole::text AS who FROM aclexplode(held.rights) AS a
                 WHERE a.grantee <> held.owner LIMIT 1
             ) AS right_ ON true",
            &[],
        )
        .await
        .expect("the catalogue can be read");
    let names: Vec<&str> = granted.iter().map(|row| row.get(0)).collect();
    for expected in ["aurora_trigger", "settings", "event_seq", "dead_letter"] {
        assert!(names.contains(&expected), "{names:?}");
    }
    assert!(names.len() > 12, "{names:?}");
    for row in &granted {
        let (name, owner, other): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
        // It looks at the views of what is captured.
        let expected = if name == "aurora_trigger" {
            "pg_monitor"
        } else {
            ""
        };
        assert_eq!((owner, other), ("aurora_trigger", expected), "{name}");
    }
}

#[tokio::test]
async fn every_function_that_runs_as_its_owner_has_a_search_path_of_its_own() {
    let pipeline = start_with_everything().await;
    let session = pipeline.session().await;
    let functions = session
        .query(
            "SELECT p.oid::regprocedure::text, p.proconfig
             FROM pg_proc AS p
             WHERE p.pronamespace = 'aurora_trigger'::regnamespace AND p.prosecdef",
            &[],
        )
        .await
        .expect("the catalogue can be read");
    assert!(!functions.is_empty());
    for function in functions {
        let (name, settings): (&str, Vec<String>) = (function.get(0), function.get(1));
        assert!(
            settings
                .iter()
                .any(|setting| setting == "search_path=pg_catalog, pg_temp"),
            "{name}: {settings:?}"
        );
    }
}

#[tokio::test]
async fn the_role_of_the_functions_has_rights_on_its_schema_and_on_aws_lambda_only() {
    let pipeline = start_with_everything().await;
    let session = pipeline.session().await;
    session
        .batch_execute("SET ROLE aurora_trigger")
        .await
        .expect("a superuser may");
    for attempt in [
        "SELECT * FROM shop.wares",
        "CREATE SCHEMA more",
        "CREATE ROLE more",
        "CREATE DATABASE more",
    ] {
        assert_may_not(&session, attempt).await;
    }
}

#[tokio::test]
async fn a_role_needs_no_right_but_that_to_write_for_its_writes_to_be_captured() {
    let pipeline = start(Level::Statement).await;
    make_role("clerk", "LOGIN").await;
    as_mallory(
        &pipeline,
        "GRANT USAGE ON SCHEMA shop TO clerk; GRANT INSERT ON shop.wares TO clerk",
    )
    .await;
    let clerk = pipeline.session_of("clerk").await;
    clerk
        .batch_execute(&insert())
        .await
        .expect("clerk may insert");
    assert_eq!(pipeline.take_events::<Ware>().len(), 1);
}

/// A role that monitors may look into the schema.
#[tokio::test]
async fn rights_that_the_installer_gives_away_by_default_reach_nothing_of_ours() {
    let pipeline = prepare().await;
    make_role("heir", "LOGIN").await;
    pipeline
        .run(
            "GRANT pg_monitor TO heir;
             GRANT USAGE ON SCHEMA shop TO heir;
             GRANT TRIGGER ON shop.wares TO heir;
             ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO heir, PUBLIC;
             ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO heir, PUBLIC;
             ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO heir, PUBLIC;
             ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO heir, PUBLIC;",
        )
        .await;
    pipeline
        .install_tables(&[&Ware::TABLE.with_delivery(Delivery::Commit)])
        .await;
    let heir = pipeline.session_of("heir").await;
    for attempt in [
        "SELECT * FROM aurora_trigger.settings",
        "UPDATE aurora_trigger.settings SET function_name = 'mallory'",
        "SELECT nextval('aurora_trigger.event_seq')",
        "SELECT aurora_trigger.configure('mallory')",
        "CREATE TRIGGER t AFTER INSERT ON shop.wares
             FOR EACH STATEMENT EXECUTE FUNCTION aurora_trigger.shop_wares_insert()",
    ]
    .iter()
    .chain(
        OUTBOX_ATTEMPTS
            .iter()
            // Views that show no event.
            .filter(|attempt| {
                !["status", "waiting", "part"]
                    .iter()
                    .any(|view| attempt.ends_with(view))
            }),
    )
    .chain(&[
        "DELETE FROM aurora_trigger.lane_status",
        "UPDATE aurora_trigger.lane_status SET retry_at = 'infinity'",
        "INSERT INTO aurora_trigger.lane_status VALUES (99)",
    ]) {
        assert_may_not(&heir, &format!("BEGIN; {attempt}")).await;
    }
    assert_unharmed(&pipeline, "default privileges").await;
}

#[tokio::test]
async fn rights_on_a_column_are_taken_back_and_a_look_at_a_view_is_not() {
    let pipeline = start_with_an_outbox(Delivery::Outbox).await;
    make_role("columnist", "LOGIN").await;
    pipeline
        .run(
            "GRANT USAGE ON SCHEMA aurora_trigger TO columnist;
             GRANT SELECT (after), UPDATE (position) ON aurora_trigger.outbox TO columnist;
             GRANT UPDATE (retry_at) ON aurora_trigger.lane_status TO columnist;
             GRANT SELECT ON aurora_trigger.status TO columnist;
             GRANT SELECT (lane) ON aurora_trigger.lane_status TO columnist;",
        )
        .await;
    let columnist = pipeline.session_of("columnist").await;
    columnist
        .batch_execute("SELECT after FROM aurora_trigger.outbox")
        .await
        .expect("the right is there before the installation");
    pipeline
        .install_tables(&[&Ware::TABLE.with_delivery(Delivery::Outbox)])
        .await;
    for attempt in [
        "SELECT after FROM aurora_trigger.outbox",
        "UPDATE aurora_trigger.outbox SET position = 0",
        "UPDATE aurora_trigger.lane_status SET retry_at = 'infinity'",
    ] {
        assert_may_not(&columnist, &format!("BEGIN; {attempt}")).await;
    }
    for allowed in [
        "SELECT * FROM aurora_trigger.status",
        "SELECT lane FROM aurora_trigger.lane_status",
    ] {
        columnist
            .batch_execute(allowed)
            .await
            .unwrap_or_else(|error| panic!("{allowed}: {error:?}"));
    }
}

#[tokio::test]
async fn rights_on_the_schema_on_types_and_by_default_are_taken_back() {
    let pipeline = start_with_an_outbox(Delivery::Outbox).await;
    make_role("squatter", "LOGIN").await;
    make_role("watcher", "LOGIN").await;
    pipeline
        .run(
            "GRANT pg_monitor TO watcher;
             GRANT CREATE, USAGE ON SCHEMA aurora_trigger TO squatter WITH GRANT OPTION;
             GRANT CREATE ON SCHEMA aurora_trigger TO pg_monitor, PUBLIC;
             GRANT USAGE ON TYPE aurora_trigger.lambda_answer TO squatter;
             GRANT EXECUTE ON FUNCTION aurora_trigger.drain() TO squatter, PUBLIC;
             ALTER DEFAULT PRIVILEGES IN SCHEMA aurora_trigger GRANT ALL ON TABLES TO squatter;
             ALTER DEFAULT PRIVILEGES IN SCHEMA aurora_trigger GRANT ALL ON FUNCTIONS TO squatter;
             ALTER DEFAULT PRIVILEGES FOR ROLE aurora_trigger IN SCHEMA aurora_trigger
                 GRANT ALL ON SEQUENCES TO squatter;",
        )
        .await;
    let squatter = pipeline.session_of("squatter").await;
    let plant = "CREATE FUNCTION aurora_trigger.is_trusted(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true'";
    squatter
        .batch_execute(&format!("BEGIN; {plant}; ROLLBACK"))
        .await
        .expect("the right is there before the installation");
    let table = Ware::TABLE.with_delivery(Delivery::Outbox);
    for _ in 0..2 {
        pipeline.install_tables(&[&table]).await;
    }
    for attempt in [
        plant,
        "SELECT aurora_trigger.drain()",
        "SELECT * FROM aurora_trigger.status",
    ] {
        assert_may_not(&squatter, &format!("BEGIN; {attempt}")).await;
    }
    let left = texts(
        &pipeline.session().await,
        "SELECT concat_ws(' ', 'schema', a.grantee::regrole, a.privilege_type)
             FROM pg_namespace AS n, aclexplode(n.nspacl) AS a
             WHERE n.nspname = 'aurora_trigger' AND a.grantee <> n.nspowner
             UNION ALL
             SELECT concat_ws(' ', t.typname, a.grantee::regrole)
             FROM pg_type AS t, aclexplode(t.typacl) AS a
             WHERE t.typnamespace = 'aurora_trigger'::regnamespace AND a.grantee <> t.typowner
             UNION ALL
             SELECT concat_ws(' ', 'default', a.grantee::regrole)
             FROM pg_default_acl AS d, aclexplode(d.defaclacl) AS a
             WHERE a.grantee <> d.defaclrole
             ORDER BY 1",
    )
    .await;
    assert_eq!(
        left,
        [
            "schema aurora_trigger_drain USAGE",
            "schema pg_monitor USAGE"
        ]
    );
    pipeline
        .session_of("watcher")
        .await
        .query("SELECT * FROM aurora_trigger.status", &[])
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
}

/// Whoever runs the drain needs no more than that.
#[tokio::test]
async fn a_role_that_drains_may_drain_see_the_status_and_nothing_else() {
    let pipeline = start_with_an_outbox(Delivery::Outbox).await;
    make_role("drainer", "LOGIN").await;
    pipeline.run("GRANT aurora_trigger_drain TO drainer").await;
    // Installations keep it.
    pipeline
        .install_tables(&[&Ware::TABLE.with_delivery(Delivery::Outbox)])
        .await;
    let drainer = pipeline.session_of("drainer").await;
    for drain in [
        "SELECT aurora_trigger.drain()",
        "CALL aurora_trigger.drain_all()",
    ] {
        pipeline
            .run(&format!("{}; DELETE FROM shop.wares", insert()))
            .await;
        drainer
            .batch_execute(drain)
            .await
            .unwrap_or_else(|error| panic!("{drain}: {error:?}"));
        // The first drain of an event only notes that it is on disk.
        drainer
            .batch_execute("CALL aurora_trigger.drain_all()")
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(pipeline.take_events::<Ware>().len(), 2, "{drain}");
    }
    for view in ["status", "lane_status"] {
        drainer
            .query(&format!("SELECT * FROM aurora_trigger.{view}"), &[])
            .await
            .unwrap_or_else(|error| panic!("{view}: {error:?}"));
    }
    for attempt in OUTBOX_ATTEMPTS
        .iter()
        .filter(|attempt| !attempt.contains("status") && !attempt.contains(".drain()"))
        .filter(|attempt| !attempt.contains(".drain_all()"))
        .chain(&[
            "SELECT * FROM aurora_trigger.settings",
            "SELECT aurora_trigger.configure('mallory')",
            "CREATE TABLE aurora_trigger.more (id integer)",
            "SET ROLE aurora_trigger",
        ])
    {
        // Only installations with delivery by commit have it.
        if !attempt.contains("at_commit") {
            assert_may_not(&drainer, &format!("BEGIN; {attempt}")).await;
        }
    }
}
