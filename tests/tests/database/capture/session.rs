//! What the session that writes notices of a capture: nothing.

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::{Delivery, Level, OnFailure, TableDesc};
use pipeline_tests::{Pipeline, at_both_levels};
use relay_lambda::local::Fault;
use serde::Deserialize;
use tokio_postgres::Client;

at_both_levels!(
    its_last_number_is_that_of_its_own_sequence,
    an_open_transaction_keeps_no_number_from_others,
    a_write_uses_up_one_transaction_number,
);

#[derive(Debug, Deserialize, StreamTrigger)]
#[stream(table = "shop.items", delivery = "outbox", oversize = "dead_letter")]
#[expect(dead_code, reason = "only described")]
struct Item {
    #[stream(key)]
    id: i64,
    name: String,
}

/// A sequence that is far ahead: numbers that begin at 1, too, would be equal by chance.
const ITEMS: &str = "
    CREATE SCHEMA shop;
    CREATE SEQUENCE shop.ids START 7000000;
    CREATE TABLE shop.items (id bigint PRIMARY KEY DEFAULT nextval('shop.ids'), name text NOT NULL);
";

/// All ways in which events leave a trigger.
fn ways(level: Level) -> [TableDesc; 6] {
    let table = Item::TABLE.with_level(level);
    let asynchronous = table.with_delivery(Delivery::Async);
    [
        table,
        table.with_delivery(Delivery::Commit),
        table.with_delivery(Delivery::Sync),
        asynchronous.with_on_failure(OnFailure::Warn),
        asynchronous.with_on_failure(OnFailure::Abort),
        asynchronous.with_on_failure(OnFailure::Outbox),
    ]
}

/// Whether a write goes on when its call fails.
fn bears_failures(table: &TableDesc) -> bool {
    table.delivery() != Delivery::Sync && table.on_failure() != OnFailure::Abort
}

async fn run(session: &Client, sql: &str) {
    session
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

async fn number(session: &Client, sql: &str) -> i64 {
    let row = session.query_one(sql, &[]).await;
    row.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
        .get(0)
}

/// Statements of each kind, of which the first takes a number.
async fn write(session: &Client) {
    for statement in [
        "INSERT INTO shop.items (name) VALUES ('a')",
        "INSERT INTO shop.items SELECT n, 'b' FROM generate_series(1, 3) AS n",
        "UPDATE shop.items SET name = name || '!'",
        "UPDATE shop.items SET id = -id",
        "DELETE FROM shop.items",
        "TRUNCATE shop.items",
    ] {
        run(session, statement).await;
    }
}

/// `lastInsertId()` of many a library asks for it without the name of a sequence.
async fn its_last_number_is_that_of_its_own_sequence(level: Level) {
    for table in ways(level) {
        let pipeline = Pipeline::installed(ITEMS, &[&table]).await;
        let session = pipeline.session().await;
        let assert_unseen = async |expected: i64, when: &str| {
            for last in ["SELECT lastval()", "SELECT currval('shop.ids')"] {
                let found = number(&session, last).await;
                assert_eq!(found, expected, "{last} {when}: {table:?}");
            }
        };
        write(&session).await;
        assert_unseen(7_000_000, "after writes").await;
        if bears_failures(&table) {
            pipeline.endpoint().faults().fail_all(Fault::Throttle);
            write(&session).await;
            pipeline.endpoint().faults().clear();
            assert_unseen(7_000_001, "after calls that failed").await;
            // Each becomes a dead letter.
            run(
                &session,
                "INSERT INTO shop.items (name) VALUES (repeat('x', 1100000)); TRUNCATE shop.items",
            )
            .await;
            assert_unseen(7_000_002, "after a row that is too big").await;
        }
        // An operator may look after the outbox in a session that writes.
        pipeline.drain_if_it_can().await;
        if table.delivery() == Delivery::Outbox {
            run(&session, "SELECT aurora_trigger.drain()").await;
            assert_unseen(7_000_002, "after a drain").await;
        }
    }
}

/// While the table does not fit its struct, each change is kept as a dead letter.
#[tokio::test]
async fn its_last_number_is_its_own_also_while_the_table_does_not_fit() {
    for table in ways(Level::Statement) {
        let is_kept = table.delivery() != Delivery::Sync
            && (table.delivery() != Delivery::Async || table.on_failure() == OnFailure::Outbox);
        if !is_kept {
            continue;
        }
        let pipeline = Pipeline::installed(ITEMS, &[&table]).await;
        let session = pipeline.session().await;
        run(&session, "ALTER TABLE shop.items RENAME name TO label").await;
        run(&session, "INSERT INTO shop.items (label) VALUES ('a')").await;
        run(&session, "UPDATE shop.items SET label = 'b'").await;
        assert_eq!(
            number(
                &session,
                "SELECT count(*) FROM aurora_trigger.dead_letter WHERE is_raw"
            )
            .await,
            2
        );
        assert_eq!(number(&session, "SELECT lastval()").await, 7_000_000);
    }
}

/// A subtransaction with a number of its own slows down every snapshot of the server, if there are over 64.
async fn a_write_uses_up_one_transaction_number(level: Level) {
    for table in ways(level) {
        let pipeline = Pipeline::installed(ITEMS, &[&table]).await;
        let session = pipeline.session().await;
        run(
            &session,
            "BEGIN;
             INSERT INTO shop.items SELECT n, 'a' FROM generate_series(1, 10) AS n;
             UPDATE shop.items SET name = 'b'; DELETE FROM shop.items",
        )
        .await;
        let numbers = "SELECT count(*) FROM pg_locks
            WHERE locktype = 'transactionid' AND pid = pg_backend_pid()";
        assert_eq!(number(&session, numbers).await, 1, "{table:?}");
        run(&session, "COMMIT").await;
    }
}

/// The lock under which numbers are taken ends at once.
async fn an_open_transaction_keeps_no_number_from_others(level: Level) {
    for table in ways(level) {
        let pipeline = Pipeline::installed(ITEMS, &[&table]).await;
        let (one, other) = (pipeline.session().await, pipeline.session().await);
        run(&one, "BEGIN; INSERT INTO shop.items (name) VALUES ('a')").await;
        run(&other, "SET lock_timeout = '1ms'").await;
        run(
            &other,
            "INSERT INTO shop.items (name) VALUES ('b');
             UPDATE shop.items SET name = 'c' WHERE name = 'b'",
        )
        .await;
        run(&one, "COMMIT").await;
    }
}
