//! A database of each variant's own, and the one session in it, so that plans stay cached as in a connection pool.

use std::time::Instant;

use relay_lambda::local::PostgresCluster;
use tokio_postgres::{Client, NoTls};

use crate::stub::{self, Invoke};
use crate::variant::Variant;
use crate::workload;

/// One variant's database.
pub(crate) struct Database {
    variant: Variant,
    session: Client,
}

impl Database {
    /// Makes it: the table, the stub, the triggers.
    pub(crate) async fn create(cluster: &PostgresCluster, variant: Variant) -> Self {
        eprintln!("installing: {variant}");
        let name = name(variant);
        let server = connect(cluster, "postgres").await;
        run(&server, &format!("CREATE DATABASE {name}")).await;
        let database = Self {
            variant,
            session: connect(cluster, &name).await,
        };
        database.run(include_str!("table.sql")).await;
        database.run(stub::SCHEMA).await;
        database.set_invoke(Invoke::Free).await;
        database.run(&variant.installation()).await;
        database
    }

    /// Another session in the variant's database, which has cached nothing.
    pub(crate) async fn fresh_session(cluster: &PostgresCluster, variant: Variant) -> Client {
        connect(cluster, &name(variant)).await
    }

    /// Says what a call does from now on.
    pub(crate) async fn set_invoke(&self, invoke: Invoke) {
        self.run(&invoke.sql()).await;
    }

    /// Leaves exactly this many rows in the table, without firing a trigger.
    pub(crate) async fn fill(&self, rows: u32) {
        self.run("SET session_replication_role = replica").await;
        self.run("TRUNCATE public.testing_rds_trigger").await;
        self.run(&workload::insert(rows)).await;
        self.run("RESET session_replication_role").await;
        self.run("VACUUM ANALYZE public.testing_rds_trigger").await;
    }

    /// Runs statements and undoes them; how long they took, in milliseconds.
    ///
    /// Each time the table is the same, and the trigger's plans are there: [`workload::WARM_UP`] has made them again after
    /// the last VACUUM invalidated them.
    pub(crate) async fn time(&self, sql: &str) -> f64 {
        self.run("BEGIN").await;
        self.run(workload::WARM_UP).await;
        let start = Instant::now();
        self.run(sql).await;
        let elapsed = start.elapsed();
        self.undo().await;
        elapsed.as_secs_f64() * 1000.0
    }

    /// How many calls statements make, which are undone afterwards.
    pub(crate) async fn calls_of(&self, sql: &str) -> u64 {
        self.run("BEGIN").await;
        let before = self.calls().await;
        self.run(sql).await;
        let made = self.calls().await - before;
        self.undo().await;
        made
    }

    /// Leaves nothing of what was rolled back.
    async fn undo(&self) {
        self.run("ROLLBACK").await;
        self.run("VACUUM public.testing_rds_trigger").await;
        self.run(&self.variant.emptying()).await;
    }

    /// Runs statements and undoes them; the bytes of WAL that they wrote.
    pub(crate) async fn wal_bytes(&self, sql: &str) -> f64 {
        self.run("BEGIN").await;
        self.run(workload::WARM_UP).await;
        let before = self.wal_position().await;
        self.run(sql).await;
        let written = self.wal_position().await - before;
        self.undo().await;
        written
    }

    async fn wal_position(&self) -> f64 {
        self.text("SELECT (pg_current_wal_insert_lsn() - '0/0')::text")
            .await
            .parse()
            .expect("it is a number of bytes")
    }

    /// How many calls have been made while calls were counted.
    pub(crate) async fn calls(&self) -> u64 {
        let query =
            "SELECT (CASE WHEN is_called THEN last_value ELSE 0 END)::text FROM aws_lambda.calls";
        self.text(query)
            .await
            .parse()
            .expect("a sequence holds whole numbers")
    }

    /// The one value that a query gives.
    pub(crate) async fn text(&self, query: &str) -> String {
        self.session
            .query_one(query, &[])
            .await
            .unwrap_or_else(|error| panic!("{query}: {error:?}"))
            .get(0)
    }

    /// Runs statements.
    pub(crate) async fn run(&self, sql: &str) {
        run(&self.session, sql).await;
    }
}

fn name(variant: Variant) -> String {
    format!("bench_{}", variant.name())
}

pub(crate) async fn connect(cluster: &PostgresCluster, database: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(&cluster.connection_string(database), NoTls)
        .await
        .unwrap_or_else(|error| panic!("can't connect to {database}: {error:?}"));
    tokio::spawn(connection);
    client
}

pub(crate) async fn run(session: &Client, sql: &str) {
    session
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}
