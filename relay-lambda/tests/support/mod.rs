//! One PostgreSQL for a test binary, a database for each test.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use relay_lambda::local::{LambdaEndpoint, PostgresCluster};
use tokio_postgres::error::DbError;
use tokio_postgres::{Client, NoTls, Row};

static CLUSTER: LazyLock<PostgresCluster> =
    LazyLock::new(|| PostgresCluster::start().expect("PostgreSQL is installed"));

/// An empty database of one's own.
pub(crate) struct Database {
    pub(crate) name: String,
}

impl Database {
    /// Makes one, with what `CREATE DATABASE` shall have behind the name.
    pub(crate) async fn create(options: &str) -> Database {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        connect("postgres", "postgres")
            .await
            .batch_execute(&format!("CREATE DATABASE {name} {options}"))
            .await
            .expect("the name is new");
        Database { name }
    }

    /// Makes one in which `aws_lambda.invoke` calls `endpoint`.
    pub(crate) async fn with(endpoint: &LambdaEndpoint) -> Database {
        let database = Database::create("").await;
        database.install(endpoint).await;
        database
    }

    /// Makes `aws_lambda.invoke` call `endpoint` from now on.
    pub(crate) async fn install(&self, endpoint: &LambdaEndpoint) {
        self.session()
            .await
            .batch_execute(&endpoint.extension_sql())
            .await
            .expect("the stand-in installs");
    }

    /// A new session of the superuser.
    pub(crate) async fn session(&self) -> Client {
        self.session_of("postgres").await
    }

    /// A new session of another role.
    pub(crate) async fn session_of(&self, role: &str) -> Client {
        connect(&self.name, role).await
    }
}

async fn connect(database: &str, role: &str) -> Client {
    // Of two users the last one counts.
    let address = format!("{} user={role}", CLUSTER.connection_string(database));
    let (client, connection) = tokio_postgres::connect(&address, NoTls)
        .await
        .expect("the cluster takes connections");
    tokio::spawn(connection);
    client
}

/// The only row that `sql` gives.
pub(crate) async fn row(session: &Client, sql: &str) -> Row {
    session
        .query_one(sql, &[])
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
}

/// The error that `sql` gives.
pub(crate) async fn refusal(session: &Client, sql: &str) -> DbError {
    let error = session
        .query(sql, &[])
        .await
        .expect_err("the statement fails");
    error
        .as_db_error()
        .unwrap_or_else(|| panic!("no error of the server: {error:?}"))
        .clone()
}
