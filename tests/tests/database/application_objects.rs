//! Apart from the triggers, nothing of the installation depends on the application's tables and types: every migration
//! runs as if they were not captured.

use aurora_trigger_gen::describe::{Delivery, Level};
use aurora_trigger_gen::{PgType, StreamTrigger};
use pipeline_tests::{Pipeline, at_both_levels};
use serde::Deserialize;
use tokio_postgres::Client;

at_both_levels!(
    no_migration_needs_cascade,
    no_plan_of_a_session_is_in_the_way
);

/// A column of each kind of type that belongs to the application.
const PARCELS: &str = "
    CREATE SCHEMA shop;
    CREATE EXTENSION citext SCHEMA public;
    CREATE TYPE shop.state AS ENUM ('packed', 'sent');
    CREATE DOMAIN shop.code AS text CHECK (VALUE <> '');
    CREATE TYPE shop.size AS (width integer, height integer);
    CREATE TABLE shop.parcels (
        id bigint PRIMARY KEY,
        state shop.state NOT NULL,
        code shop.code NOT NULL,
        size shop.size NOT NULL,
        receiver public.citext NOT NULL
    );
    CREATE TABLE shop.archive (id bigint PRIMARY KEY);
";

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.parcels", delivery = "async")]
#[expect(dead_code, reason = "only its table matters")]
struct Parcel {
    #[stream(key)]
    id: i64,
    state: State,
    code: Code,
    size: Size,
    #[stream(sql_type = "public.citext", encoding = "text")]
    receiver: String,
}

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "shop.state")]
#[serde(rename_all = "snake_case")]
enum State {
    Packed,
    Sent,
}

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "shop.code")]
#[expect(dead_code, reason = "only its type matters")]
struct Code(String);

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "shop.size")]
#[expect(dead_code, reason = "only its type matters")]
struct Size {
    width: i32,
    height: i32,
}

/// The statements of a migration, each run by itself.
const MIGRATIONS: [&str; 21] = [
    "DROP TABLE shop.parcels",
    "DROP TABLE shop.parcels, shop.archive",
    "DROP TABLE shop.parcels; DROP TYPE shop.state; DROP TYPE shop.size; DROP DOMAIN shop.code",
    "DROP TABLE shop.parcels; DROP EXTENSION citext",
    "ALTER TABLE shop.parcels DROP COLUMN state; DROP TYPE shop.state",
    "ALTER TABLE shop.parcels DROP COLUMN size; DROP TYPE shop.size",
    "ALTER TABLE shop.parcels DROP COLUMN receiver; DROP EXTENSION citext",
    // The usual way to take a label from an enum.
    "ALTER TYPE shop.state RENAME TO old_state;
     CREATE TYPE shop.state AS ENUM ('packed');
     ALTER TABLE shop.parcels ALTER state TYPE shop.state USING state::text::shop.state;
     DROP TYPE shop.old_state",
    "ALTER TABLE shop.parcels ALTER code TYPE text; DROP DOMAIN shop.code",
    "ALTER TABLE shop.parcels ALTER id TYPE integer",
    "ALTER TABLE shop.parcels ALTER receiver TYPE text",
    "ALTER TABLE shop.parcels RENAME COLUMN code TO label",
    "ALTER TABLE shop.parcels RENAME TO packages",
    "ALTER TABLE shop.parcels SET SCHEMA public",
    "ALTER TABLE shop.parcels ADD COLUMN weight integer NOT NULL DEFAULT 0",
    "ALTER TABLE shop.parcels DROP CONSTRAINT parcels_pkey",
    "ALTER TYPE shop.size RENAME ATTRIBUTE width TO length",
    "ALTER TYPE shop.size RENAME TO dimensions",
    "ALTER DOMAIN shop.code ADD CHECK (length(VALUE) < 100)",
    "ALTER SCHEMA shop RENAME TO store",
    // The name of a table goes to its successor.
    "ALTER TABLE shop.parcels RENAME TO old_parcels;
     CREATE TABLE shop.parcels (LIKE shop.old_parcels INCLUDING ALL);
     DROP TABLE shop.old_parcels",
];

const DELIVERIES: [Delivery; 4] = [
    Delivery::Async,
    Delivery::Sync,
    Delivery::Commit,
    Delivery::Outbox,
];

async fn start(level: Level, delivery: Delivery) -> Pipeline {
    let pipeline = Pipeline::start().await;
    pipeline.run(PARCELS).await;
    let table = Parcel::TABLE.with_level(level).with_delivery(delivery);
    pipeline.install_tables(&[&table]).await;
    pipeline
}

async fn migrates(session: &Client, migration: &str) {
    session
        .batch_execute(&format!("BEGIN; {migration}"))
        .await
        .unwrap_or_else(|error| panic!("{migration}: {error:?}"));
    session
        .batch_execute("ROLLBACK")
        .await
        .expect("it can always");
}

async fn no_migration_needs_cascade(level: Level) {
    for delivery in DELIVERIES {
        let pipeline = start(level, delivery).await;
        let session = pipeline.session().await;
        for migration in MIGRATIONS {
            migrates(&session, migration).await;
        }
    }
}

/// Neither is a trigger that the same session has run, nor an event that waits.
async fn no_plan_of_a_session_is_in_the_way(level: Level) {
    for delivery in DELIVERIES {
        let pipeline = start(level, delivery).await;
        let session = pipeline.session().await;
        session
            .batch_execute(
                "INSERT INTO shop.parcels VALUES (1, 'packed', 'a', '(1,2)', 'Ada');
                 UPDATE shop.parcels SET code = 'b';
                 DELETE FROM shop.parcels",
            )
            .await
            .expect("it fits");
        for migration in MIGRATIONS {
            migrates(&session, migration).await;
        }
    }
}

/// The to-JSON function takes the rows of the table, and of its successor.
#[tokio::test]
async fn the_json_of_a_row_does_not_depend_on_the_table_it_is_from() {
    let pipeline = start(Level::Statement, Delivery::Outbox).await;
    let session = pipeline.session().await;
    session
        .batch_execute(
            "INSERT INTO shop.parcels VALUES (1, 'packed', 'a', '(1,2)', 'Ada');
             ALTER TABLE shop.parcels RENAME TO old_parcels;
             CREATE TABLE shop.parcels (LIKE shop.old_parcels INCLUDING ALL);
             INSERT INTO shop.parcels SELECT * FROM shop.old_parcels",
        )
        .await
        .expect("nothing is in the way");
    for table in ["old_parcels", "parcels"] {
        let json: String = session
            .query_one(
                &format!(
                    "SELECT aurora_trigger.shop_parcels_to_json(p)::text FROM shop.{table} AS p"
                ),
                &[],
            )
            .await
            .unwrap_or_else(|error| panic!("{table}: {error:?}"))
            .get(0);
        assert_eq!(
            json,
            r#"{"id":1,"state":"packed","code":"a","size":{"width":1,"height":2},"receiver":"Ada"}"#
        );
    }
}
