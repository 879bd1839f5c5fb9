//! Who installs need not be a superuser: on RDS nobody is.

use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::{StreamTrigger, emit};
use pipeline_tests::{Notices, error_of};
use relay_lambda::local::{LambdaEndpoint, PostgresCluster};
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_postgres::{Client, NoTls};

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.items", delivery = "sync")]
struct Item {
    #[stream(key)]
    id: i32,
}

/// A cluster of its own, since the role `aurora_trigger` is the whole cluster's and belongs to whoever made it.
struct Server {
    cluster: PostgresCluster,
    endpoint: LambdaEndpoint,
    calls: Arc<AtomicUsize>,
}

impl Server {
    /// With the extension, a role `dba` that owns the table and may make roles, and `clerk`, who writes.
    async fn start(rights: &str) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let server = Self {
            cluster: PostgresCluster::start().expect("PostgreSQL is installed"),
            endpoint: LambdaEndpoint::start(move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
                Ok("{\"accepted\":1,\"refused\":[]}".to_owned())
            })
            .expect("a port is free"),
            calls,
        };
        let session = server.session("postgres").await;
        session
            .batch_execute(&format!(
                "{}
                 CREATE ROLE dba LOGIN CREATEROLE;
                 CREATE ROLE clerk LOGIN;
                 GRANT CREATE ON DATABASE postgres TO dba;
                 {rights}
                 SET ROLE dba;
                 CREATE SCHEMA shop;
                 CREATE TABLE shop.items (id integer PRIMARY KEY);
                 GRANT USAGE ON SCHEMA shop TO clerk;
                 GRANT ALL ON shop.items TO clerk;",
                server.endpoint.extension_sql()
            ))
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        server
    }

    async fn listening_session(&self) -> (Client, Notices) {
        Notices::of_session(&self.cluster, "postgres").await
    }

    async fn session(&self, role: &str) -> Client {
        let address = format!("{} user={role}", self.cluster.connection_string("postgres"));
        let (client, connection) = tokio_postgres::connect(&address, NoTls)
            .await
            .expect("it takes connections");
        tokio::spawn(connection);
        client
    }
}

const MAY_GRANT: &str = "
    GRANT USAGE ON SCHEMA aws_lambda, aws_commons TO dba WITH GRANT OPTION;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_lambda, aws_commons TO dba WITH GRANT OPTION;";

#[tokio::test]
async fn the_owner_of_the_tables_installs_and_removes_it() {
    let server = Server::start(MAY_GRANT).await;
    let dba = server.session("dba").await;
    let install = emit::install(&[&Item::TABLE], None);
    for _ in 0..2 {
        dba.batch_execute(&install)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
    }
    dba.batch_execute("SELECT aurora_trigger.configure('relay')")
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let clerk = server.session("clerk").await;
    clerk
        .batch_execute("INSERT INTO shop.items VALUES (1)")
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(server.calls.load(Ordering::SeqCst), 1);

    let remove = emit::remove(&[&Item::TABLE]);
    for _ in 0..2 {
        dba.batch_execute(&remove)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
    }
    clerk
        .batch_execute("INSERT INTO shop.items VALUES (2)")
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(server.calls.load(Ordering::SeqCst), 1);
    let roles: i64 = dba
        .query_one(
            "SELECT count(*) FROM pg_roles WHERE rolname = 'aurora_trigger'",
            &[],
        )
        .await
        .expect("the catalogue can be read")
        .get(0);
    assert_eq!(roles, 0, "who made the role may drop it");
}

#[tokio::test]
async fn a_superuser_and_the_owner_of_the_tables_can_take_turns() {
    let server = Server::start(MAY_GRANT).await;
    let install = emit::install(&[&Item::TABLE], None);
    for role in ["dba", "postgres", "dba"] {
        server
            .session(role)
            .await
            .batch_execute(&install)
            .await
            .unwrap_or_else(|error| panic!("{role}: {error:?}"));
    }
}

#[tokio::test]
async fn who_may_call_lambda_but_not_let_others_is_told_what_to_ask_for() {
    for rights in ["", &MAY_GRANT.replace("WITH GRANT OPTION", "")] {
        let server = Server::start(rights).await;
        let dba = server.session("dba").await;
        let install = emit::install(&[&Item::TABLE], None);
        let refused = error_of(&dba, &install).await;
        assert_eq!(
            refused.message(),
            "aurora_trigger: dba can't give the role aurora_trigger the right to call aws_lambda.invoke",
        );
        let hint = refused.hint().expect("it says what to do");
        let (grants, rest) = hint
            .strip_prefix("As the owner of the extension: ")
            .and_then(|hint| hint.split_once(" then run this file again."))
            .expect("it says what to run");
        assert_eq!(rest, "");
        // As hinted, by somebody who may; the role is there only once the first run is not rolled back.
        server
            .session("postgres")
            .await
            .batch_execute(grants)
            .await
            .expect_err("the first run is rolled back, and with it the role");
        dba.batch_execute("CREATE ROLE aurora_trigger NOLOGIN")
            .await
            .expect("dba may make roles");
        server
            .session("postgres")
            .await
            .batch_execute(grants)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        dba.batch_execute(&install)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
    }
}

/// The text of the hint between these two.
fn hinted(refused: &tokio_postgres::error::DbError, after: &str, before: &str) -> String {
    let hint = refused.hint().expect("it says what to do");
    hint.split_once(after)
        .and_then(|(_, rest)| rest.split_once(before))
        .unwrap_or_else(|| panic!("{hint}"))
        .0
        .to_owned()
}

async fn assert_installs(server: &Server, role: &str) {
    let session = server.session(role).await;
    let install = emit::install(&[&Item::TABLE], None);
    for _ in 0..2 {
        session
            .batch_execute(&install)
            .await
            .unwrap_or_else(|error| panic!("{role}: {error:?}"));
    }
    session
        .batch_execute("SELECT aurora_trigger.configure('relay')")
        .await
        .unwrap_or_else(|error| panic!("{role}: {error:?}"));
    let before = server.calls.load(Ordering::SeqCst);
    server
        .session("clerk")
        .await
        .batch_execute("INSERT INTO shop.items SELECT coalesce(max(id), 0) + 1 FROM shop.items")
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(server.calls.load(Ordering::SeqCst), before + 1, "{role}");
}

async fn version(session: &Client) -> i32 {
    session
        .query_one("SELECT current_setting('server_version_num')::integer", &[])
        .await
        .expect("it is a number")
        .get(0)
}

/// A CREATEROLE role that makes the role first could read all that is captured later.
#[tokio::test]
async fn a_role_that_was_made_beforehand_with_members_is_refused_with_what_to_do() {
    let server = Server::start("CREATE ROLE mallory LOGIN CREATEROLE;").await;
    let postgres = server.session("postgres").await;
    let install = emit::install(&[&Item::TABLE], None);
    let make = "CREATE ROLE aurora_trigger NOLOGIN; GRANT aurora_trigger TO mallory;";
    let mallory = server.session("mallory").await;
    for way in ["DROP ROLE aurora_trigger;", "REVOKE", "SET"] {
        mallory
            .batch_execute(make)
            .await
            .expect("mallory may make roles");
        let refused = error_of(&postgres, &install).await;
        assert_eq!(
            refused.message(),
            "aurora_trigger: the role aurora_trigger was there before the first installation, and has the members mallory"
        );
        let statements = match way {
            "REVOKE" => hinted(&refused, "as a superuser: ", " Where they"),
            "SET" => hinted(&refused, "to be members: ", " Then"),
            drop => {
                assert!(
                    refused.hint().is_some_and(|hint| hint.contains(drop)),
                    "{refused:?}"
                );
                drop.to_owned()
            }
        };
        postgres
            .batch_execute(&statements)
            .await
            .unwrap_or_else(|error| panic!("{statements}: {error:?}"));
        postgres
            .batch_execute(&install)
            .await
            .unwrap_or_else(|error| panic!("{statements}: {error:?}"));
        let can_read = mallory
            .batch_execute("SELECT * FROM aurora_trigger.settings")
            .await
            .is_ok();
        assert_eq!(can_read, way == "SET", "{way}");
        postgres
            .batch_execute(&emit::remove(&[&Item::TABLE]))
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
    }
}

/// Before version 16 whoever may make roles may join them, too.
#[tokio::test]
async fn members_of_the_role_are_named_by_later_installations() {
    let server = Server::start("CREATE ROLE other LOGIN;").await;
    assert_installs(&server, "postgres").await;
    let (session, notices) = server.listening_session().await;
    session
        .batch_execute("GRANT aurora_trigger TO other")
        .await
        .expect("a superuser may");
    session
        .batch_execute(&emit::install(&[&Item::TABLE], None))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let said = notices.take();
    let named = said
        .iter()
        .find(|notice| notice.message().ends_with("also has the members other"))
        .unwrap_or_else(|| panic!("{said:?}"));
    assert!(
        named
            .hint()
            .is_some_and(|hint| hint.contains("REVOKE aurora_trigger FROM other")),
        "{named:?}"
    );
}

/// Whoever was a member for a while could have left a door.
#[tokio::test]
async fn a_function_elsewhere_that_runs_as_the_role_is_refused() {
    let server = Server::start("").await;
    let postgres = server.session("postgres").await;
    postgres
        .batch_execute(
            "CREATE ROLE aurora_trigger NOLOGIN;
             CREATE FUNCTION shop.look() RETURNS text LANGUAGE plpgsql SECURITY DEFINER
                 AS 'BEGIN RETURN (SELECT s::text FROM aurora_trigger.settings AS s); END';
             ALTER FUNCTION shop.look() OWNER TO aurora_trigger;",
        )
        .await
        .expect("a superuser may");
    let install = emit::install(&[&Item::TABLE], None);
    let refused = error_of(&postgres, &install).await;
    assert_eq!(
        refused.message(),
        "aurora_trigger: functions of another schema run with the rights of the role aurora_trigger: shop.look()"
    );
    let hint = refused.hint().expect("it says what to do");
    let (_, drop) = hint.split_once("then: ").expect("it says what to run");
    postgres
        .batch_execute(drop)
        .await
        .expect("it is a statement");
    assert_installs(&server, "postgres").await;
}

/// From version 16 on a membership says by itself whether it inherits and lets change to the role.
#[tokio::test]
async fn whatever_a_maker_of_roles_grants_itself_it_installs() {
    let server = Server::start(MAY_GRANT).await;
    let postgres = server.session("postgres").await;
    let is_16 = version(&postgres).await >= 160_000;
    let mut settings = vec!["ALTER ROLE dba INHERIT"];
    if is_16 {
        settings.extend([
            "ALTER ROLE dba SET createrole_self_grant = 'inherit'",
            "ALTER ROLE dba SET createrole_self_grant = 'set'",
            "ALTER ROLE dba SET createrole_self_grant = 'set, inherit'",
            "ALTER ROLE dba RESET createrole_self_grant; ALTER ROLE dba NOINHERIT",
            "ALTER ROLE dba SET createrole_self_grant = 'set'; ALTER ROLE dba NOINHERIT",
        ]);
    }
    for setting in settings {
        postgres
            .batch_execute(setting)
            .await
            .expect("it is a setting");
        assert_installs(&server, "dba").await;
        server
            .session("dba")
            .await
            .batch_execute(&emit::remove(&[&Item::TABLE]))
            .await
            .unwrap_or_else(|error| panic!("{setting}: {error:?}"));
    }
    if !is_16 {
        postgres
            .batch_execute("ALTER ROLE dba NOINHERIT")
            .await
            .expect("it is a property");
        let dba = server.session("dba").await;
        let refused = error_of(&dba, &emit::install(&[&Item::TABLE], None)).await;
        assert_eq!(
            refused.message(),
            "aurora_trigger: dba does not inherit the rights of the role aurora_trigger"
        );
        postgres
            .batch_execute(&hinted(&refused, "of the role: ", " Or"))
            .await
            .expect("it is a statement");
        assert_installs(&server, "dba").await;
    }
}

#[tokio::test]
async fn a_role_that_may_not_make_roles_is_told_what_to_ask_for() {
    let server = Server::start(&format!(
        "CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE postgres TO plain; {}",
        MAY_GRANT.replace("TO dba", "TO dba, plain")
    ))
    .await;
    let postgres = server.session("postgres").await;
    postgres
        .batch_execute("ALTER SCHEMA shop OWNER TO plain; ALTER TABLE shop.items OWNER TO plain")
        .await
        .expect("a superuser may");
    let plain = server.session("plain").await;
    let install = emit::install(&[&Item::TABLE], None);
    let refused = error_of(&plain, &install).await;
    assert_eq!(
        refused.message(),
        "aurora_trigger: plain may not create the role aurora_trigger"
    );
    postgres
        .batch_execute(&hinted(&refused, "the master user: ", " Then"))
        .await
        .unwrap_or_else(|error| panic!("{refused:?}: {error:?}"));
    assert_installs(&server, "plain").await;

    postgres
        .batch_execute("REVOKE aurora_trigger FROM plain")
        .await
        .expect("a superuser may");
    let refused = error_of(&plain, &install).await;
    assert_eq!(
        refused.message(),
        "aurora_trigger: plain may not act as the role aurora_trigger"
    );
    postgres
        .batch_execute(&hinted(&refused, "made the role: ", " Then"))
        .await
        .unwrap_or_else(|error| panic!("{refused:?}: {error:?}"));
    assert_installs(&server, "plain").await;
}

/// As a restore without owners leaves it.
async fn give_all_to(session: &Client, role: &str) {
    session
        .batch_execute(&format!(
            "DO $$
             DECLARE
                 statement text;
             BEGIN
                 FOR statement IN
                     SELECT format('ALTER ROUTINE %s OWNER TO {role}', p.oid::regprocedure)
                     FROM pg_proc AS p WHERE p.pronamespace = 'aurora_trigger'::regnamespace
                     UNION ALL
                     SELECT format(
                         'ALTER %s %s OWNER TO {role}',
                         CASE c.relkind
                             WHEN 'c' THEN 'TYPE' WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE'
                         END,
                         c.oid::regclass
                     )
                     FROM pg_class AS c
                     WHERE c.relnamespace = 'aurora_trigger'::regnamespace AND c.relkind IN ('r', 'c', 'S', 'v')
                 LOOP
                     EXECUTE statement;
                 END LOOP;
             END $$;
             ALTER SCHEMA aurora_trigger OWNER TO {role};"
        ))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
}

async fn foreign_objects(session: &Client) -> i64 {
    session
        .query_one(
            "SELECT count(*)
             FROM (
                 SELECT nspowner FROM pg_namespace WHERE nspname = 'aurora_trigger'
                 UNION ALL SELECT relowner FROM pg_class WHERE relnamespace = 'aurora_trigger'::regnamespace
                 UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace = 'aurora_trigger'::regnamespace
                 UNION ALL SELECT typowner FROM pg_type WHERE typnamespace = 'aurora_trigger'::regnamespace
             ) AS held (owner)
             WHERE owner <> 'aurora_trigger'::regrole",
            &[],
        )
        .await
        .expect("the catalogue can be read")
        .get(0)
}

#[tokio::test]
async fn what_a_restore_without_owners_left_is_adopted_from_the_installer_and_from_superusers() {
    let server = Server::start(MAY_GRANT).await;
    let postgres = server.session("postgres").await;
    assert_installs(&server, "dba").await;
    for (owner, installer) in [("dba", "dba"), ("postgres", "postgres")] {
        give_all_to(&postgres, owner).await;
        assert!(foreign_objects(&postgres).await > 10);
        assert_installs(&server, installer).await;
        assert_eq!(foreign_objects(&postgres).await, 0, "{owner}, {installer}");
    }
    // The schema alone was given back.
    give_all_to(&postgres, "postgres").await;
    postgres
        .batch_execute("ALTER SCHEMA aurora_trigger OWNER TO aurora_trigger")
        .await
        .expect("a superuser may");
    assert_installs(&server, "postgres").await;
    assert_eq!(foreign_objects(&postgres).await, 0);
    // Nobody adopts from somebody else, but by an express word of a superuser.
    let install = emit::install(&[&Item::TABLE], None);
    give_all_to(&postgres, "dba").await;
    let refused = error_of(&postgres, &install).await;
    assert_eq!(
        refused.message(),
        "aurora_trigger: the schema aurora_trigger, or something in it, belongs to another role"
    );
    assert_eq!(
        refused.detail(),
        Some("SCHEMA aurora_trigger belongs to dba.")
    );
    postgres
        .batch_execute(&format!(
            "{}; {install}; RESET aurora_trigger.adopt_from",
            hinted(&refused, "as a superuser, first: ", "; Else")
        ))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_installs(&server, "postgres").await;
    // That word is of no use to who can't act as that role.
    give_all_to(&postgres, "postgres").await;
    let refused = error_of(
        &server.session("dba").await,
        &format!("SET aurora_trigger.adopt_from = 'postgres'; {install}"),
    )
    .await;
    assert!(
        refused.message().ends_with("belongs to another role"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_capture_that_a_restore_gave_to_a_superuser_says_so_in_each_transaction_that_writes() {
    let server = Server::start(MAY_GRANT).await;
    assert_installs(&server, "postgres").await;
    let (postgres, notices) = server.listening_session().await;
    give_all_to(&postgres, "postgres").await;
    let write = async |id: i32| {
        let insert = format!("INSERT INTO shop.items VALUES ({id})");
        postgres
            .batch_execute(&insert)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        notices.take_warnings()
    };
    let problem = async || -> Option<String> {
        postgres
            .query_one("SELECT problem FROM aurora_trigger.capture_status", &[])
            .await
            .expect("the view is there")
            .get(0)
    };

    let warnings = write(1001).await;
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}")
    };
    assert_eq!(
        warning.message(),
        "aurora_trigger: the changes of shop.items are captured with the rights of the role postgres"
    );
    assert!(
        warning
            .hint()
            .is_some_and(|hint| hint.starts_with("Run the installation file again"))
    );
    assert_eq!(
        problem().await.as_deref(),
        Some("captured with the rights of the role postgres: run the installation file again")
    );

    // At row level, too, once in a transaction and not for each row.
    let install = emit::install(&[&Item::TABLE.with_level(Level::Row)], None);
    let session = server.session("postgres").await;
    session
        .batch_execute(&install)
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    give_all_to(&postgres, "postgres").await;
    postgres
        .batch_execute(
            "BEGIN; DELETE FROM shop.items; INSERT INTO shop.items VALUES (1), (2); COMMIT",
        )
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(notices.take_warnings().len(), 1);

    assert_installs(&server, "postgres").await;
    assert_eq!(write(5001).await, []);
    assert_eq!(problem().await, None);
}
