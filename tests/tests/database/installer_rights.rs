//! Who installs need not be a superuser: on RDS nobody is.

use aurora_trigger_gen::{StreamTrigger, emit};
use pipeline_tests::error_of;
use relay_lambda::local::{LambdaEndpoint, PostgresCluster};
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_postgres::{Client, NoTls};

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.items", delivery = "sync")]
struct Item {
    #[stream(key)]
    #[expect(dead_code, reason = "only written to")]
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
