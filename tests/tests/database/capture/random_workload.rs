//! Hundreds of statements that nobody thought of, followed event by event.

use std::env;

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::{Delivery, Level, OnFailure, TableDesc};
use pipeline_tests::{Only, Pipeline, at_both_levels};

use crate::capture::replay::Replay;
use crate::capture::{ITEMS, Item};

at_both_levels!(
    any_session_can_be_followed_to_the_state_of_its_table,
    any_session_of_long_transactions_can_be_followed_too,
);

fn number_of_statements() -> usize {
    match env::var("AURORA_TRIGGER_RANDOM_STATEMENTS") {
        Ok(number) => number.parse().expect("a number of statements"),
        Err(_) => 100,
    }
}

/// Numbers that are the same on every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    /// One of `0..below`.
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}

/// A statement over rows with the ids 0 to 59, which may find none, and may fail.
fn statement(numbers: &mut Numbers, with_merge: bool) -> String {
    let id = numbers.next(60);
    let size = 1 + numbers.next(12);
    let stock = numbers.next(5);
    let some = match numbers.next(3) {
        0 => format!("id = {id}"),
        1 => format!("id BETWEEN {id} AND {id} + {size}"),
        _ => format!("id % {size} = {id} % {size}"),
    };
    let rows =
        format!("SELECT n, 'n' || n, {stock} FROM generate_series({id}, {id} + {size}) AS n");
    let upsert = format!("INSERT INTO shop.items {rows} ON CONFLICT (id) DO");
    match numbers.next(if with_merge { 14 } else { 13 }) {
        // Mostly in vain, as soon as there are some.
        0 => format!("INSERT INTO shop.items {rows}"),
        1 => format!("{upsert} NOTHING"),
        2 | 3 => format!("{upsert} UPDATE SET stock = items.stock + excluded.stock"),
        4 => format!("{upsert} UPDATE SET name = excluded.name || '!' WHERE items.stock > {stock}"),
        5 => format!("UPDATE shop.items SET stock = nullif(coalesce(stock, 0) + {stock} - 2, 3) WHERE {some}"),
        6 => format!("UPDATE shop.items SET name = name, stock = coalesce(stock, {stock}) WHERE {some}"),
        7 => format!(
            "UPDATE shop.items SET name = other.name FROM shop.items AS other
             WHERE other.id = items.id + {size} AND items.{some}"
        ),
        // To where others may be, and to where nobody is.
        8 => format!("UPDATE shop.items SET id = id + {size} WHERE {some}"),
        9 => format!(
            "UPDATE shop.items SET id = id + 1, stock = {stock}
             WHERE id = {id} AND NOT EXISTS (SELECT FROM shop.items AS next WHERE next.id = {id} + 1)"
        ),
        10 => format!("DELETE FROM shop.items WHERE {some}"),
        11 => format!("UPDATE shop.items SET id = id - 60 WHERE id >= 60 AND {some}"),
        12 => format!(
            "DELETE FROM shop.items USING (SELECT id FROM shop.items ORDER BY stock LIMIT {size}) AS few
             WHERE few.id = items.id"
        ),
        _ => format!(
            "MERGE INTO shop.items USING (SELECT * FROM generate_series({id}, {id} + {size}) AS n) AS given
             ON items.id = given.n
             WHEN MATCHED AND items.stock = {stock} THEN DELETE
             WHEN MATCHED THEN UPDATE SET stock = {stock}
             WHEN NOT MATCHED AND given.n % 2 = 0 THEN INSERT VALUES (given.n, 'merged', {stock})"
        ),
    }
}

async fn follow(table: &TableDesc, seed: u64, per_transaction: usize) {
    let pipeline = Pipeline::installed(ITEMS, &[table]).await;
    let is_queued = table.delivery() == Delivery::Outbox;
    if is_queued {
        // The events of several lanes come in no order.
        pipeline.run("SELECT aurora_trigger.set_lanes(1)").await;
    }
    let with_merge = pipeline.server_version().await >= 150_000;
    let session = pipeline.session().await;
    let mut numbers = Numbers(seed);
    let mut replay = Replay::new(|item: &Item| item.id);
    let mut last = None;
    let mut followed = 0;
    let statements = number_of_statements();
    for place in 0..statements {
        if place % per_transaction == 0 {
            session.batch_execute("BEGIN").await.expect("none is open");
        }
        let sql = statement(&mut numbers, with_merge);
        session
            .batch_execute("SAVEPOINT here")
            .await
            .expect("a transaction is open");
        if let Err(error) = session.batch_execute(&sql).await {
            // Keys that are there already: nothing of the statement was sent.
            let code = error.code().map(|code| code.code().to_owned());
            assert_eq!(code.as_deref(), Some("23505"), "{sql}: {error:?}");
            assert_eq!(pipeline.take_calls().len(), 0, "{sql}");
            session
                .batch_execute("ROLLBACK TO here")
                .await
                .expect("it was set");
        }
        let is_last = place % per_transaction == per_transaction - 1;
        if is_last {
            session
                .batch_execute("COMMIT")
                .await
                .expect("all went well");
            pipeline.drain_if_it_can().await;
        } else if is_queued {
            continue;
        }
        for Only(change) in pipeline.take_changes::<Only<Item>>() {
            assert!(last < Some(change.source.sequence), "{sql}");
            last = Some(change.source.sequence);
            replay.apply(&change.event);
            followed += 1;
        }
        let rows = session
            .query("SELECT id, name, stock FROM shop.items ORDER BY id", &[])
            .await
            .expect("the table is there");
        let table: Vec<Item> = rows
            .iter()
            .map(|row| Item {
                id: row.get(0),
                name: row.get(1),
                stock: row.get(2),
            })
            .collect();
        assert_eq!(replay.rows(), table, "seed {seed}, after {sql}");
    }
    assert!(followed > statements, "{followed} events are few");
}

async fn any_session_can_be_followed_to_the_state_of_its_table(level: Level) {
    for seed in [1, 20, 300] {
        follow(&Item::TABLE.with_level(level), seed, 1).await;
    }
}

async fn any_session_of_long_transactions_can_be_followed_too(level: Level) {
    for seed in [4, 50] {
        follow(&Item::TABLE.with_level(level), seed, 60).await;
    }
}

#[tokio::test]
async fn any_session_can_be_followed_from_a_queue() {
    let table = Item::TABLE
        .with_delivery(Delivery::Outbox)
        .with_on_failure(OnFailure::Warn);
    for (seed, per_transaction) in [(7, 1), (80, 10), (900, 50)] {
        follow(&table, seed, per_transaction).await;
    }
}
