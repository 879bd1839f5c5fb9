use std::sync::atomic::{AtomicU32, Ordering};

use pipeline_tests::{administrator, cluster};
use tokio::time::Instant;
use tokio_postgres::{Client, NoTls};

use crate::operations::program::PATIENCE;

/// A database of the test's own, with the stub.
pub(crate) struct Installed {
    pub(crate) name: String,
    pub(crate) client: Client,
}

impl Installed {
    pub(crate) async fn new() -> Self {
        let empty = Self::empty().await;
        empty.run(include_str!("stub.sql")).await;
        empty
    }

    /// Without the stub.
    pub(crate) async fn empty() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name = format!("operations_{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        administrator()
            .await
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .expect("the name is new");
        let client = connect(&cluster().connection_string(&name)).await;
        Self { name, client }
    }

    pub(crate) fn url(&self) -> String {
        cluster().database_url(&self.name)
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.client
            .batch_execute(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let row = self.client.query_one(sql, &[]).await;
        row.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
            .get(0)
    }

    /// What the functions were asked, but for drain().
    pub(crate) async fn asked(&self) -> Vec<String> {
        let rows = self
            .client
            .query("DELETE FROM stub.asked RETURNING what", &[]);
        let rows = rows.await.expect("the stub is there");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Waits until this is true.
    pub(crate) async fn until(&self, sql: &str) {
        let ends = Instant::now() + PATIENCE;
        while Instant::now() < ends {
            let row = self.client.query_one(sql, &[]).await;
            if row
                .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
                .get(0)
            {
                return;
            }
        }
        panic!("it does not become true: {sql}");
    }
}

pub(crate) async fn connect(address: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(address, NoTls)
        .await
        .unwrap_or_else(|error| panic!("{address}: {error:?}"));
    tokio::spawn(connection);
    client
}
