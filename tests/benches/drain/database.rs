//! The database with the outbox.

use aurora_trigger_gen::StreamTrigger as _;
use aurora_trigger_gen::describe::Delivery;
use aurora_trigger_gen::emit::{self, Configuration};
use relay_lambda::local::PostgresCluster;
use tokio_postgres::{Client, NoTls};

use crate::relay::Relay;
use crate::structs::Person;

/// The article's table, captured into the outbox.
pub(crate) struct Database {
    cluster: PostgresCluster,
    pub(crate) relay: Relay,
}

impl Database {
    pub(crate) async fn create() -> Self {
        let database = Self {
            // With autovacuum, as every server has it.
            cluster: PostgresCluster::builder()
                .setting("max_wal_size", "8GB")
                .start()
                .expect("PostgreSQL is installed"),
            relay: Relay::start(),
        };
        let session = database.session().await;
        run(&session, &database.relay.extension_sql()).await;
        run(&session, include_str!("../write_path/table.sql")).await;
        let configuration = Configuration {
            function: "relay".to_owned(),
            region: None,
        };
        let table = Person::TABLE.with_delivery(Delivery::Outbox);
        run(&session, &emit::install(&[&table], Some(&configuration))).await;
        database
    }

    pub(crate) async fn session(&self) -> Client {
        let address = self.cluster.connection_string("postgres");
        let (client, connection) = tokio_postgres::connect(&address, NoTls)
            .await
            .unwrap_or_else(|error| panic!("can't connect: {error:?}"));
        tokio::spawn(connection);
        client
    }
}

pub(crate) async fn run(session: &Client, sql: &str) {
    session
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// The statement of this number, an expression in SQL, that inserts so many rows: each has a key of its own.
pub(crate) fn insert(rows: u32, number: &str) -> String {
    format!(
        "INSERT INTO public.testing_rds_trigger (id, name, dob, category, company, age, salary) \
         SELECT n, 'First Last ' || n, date '1960-01-01' + n % 16000, 'category ' || n % 10, \
         'Company ' || n % 100, 18 + n % 50, 1000 + n * 1.1 FROM generate_series({number} * {rows} + 1, {number} * {rows} + {rows}) AS n"
    )
}
