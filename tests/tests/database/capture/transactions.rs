//! Transactions: what is sent when, and what the events of one have in common.

use std::collections::HashSet;

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::Level;
use pipeline_tests::{Only, Pipeline, at_both_levels};

use crate::capture::{ITEMS, Item, created, item, updated};

at_both_levels!(
    a_write_is_sent_before_it_is_committed_and_so_also_if_it_is_rolled_back,
    what_a_savepoint_takes_back_has_been_sent,
    every_write_of_a_transaction_is_captured,
    events_of_a_transaction_bear_its_number_and_their_own_order,
    a_session_may_use_any_name_for_its_cursors,
);

async fn start(level: Level) -> Pipeline {
    Pipeline::with_tables::<Only<Item>>(level, ITEMS).await
}

/// What `async` and `sync` say of themselves: a call can't be taken back.
async fn a_write_is_sent_before_it_is_committed_and_so_also_if_it_is_rolled_back(level: Level) {
    let pipeline = start(level).await;
    let session = pipeline.session().await;
    session
        .batch_execute("BEGIN; INSERT INTO shop.items VALUES (1, 'cup', 5)")
        .await
        .expect("the row is new");
    assert_eq!(pipeline.take_events(), [created(item(1, "cup", 5))]);
    session
        .batch_execute("ROLLBACK")
        .await
        .expect("there is one to roll back");
    assert_eq!(pipeline.take_calls().len(), 0, "nothing takes it back");
}

async fn what_a_savepoint_takes_back_has_been_sent(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .run(
            "BEGIN;
             INSERT INTO shop.items VALUES (1, 'cup', 1);
             SAVEPOINT here;
             UPDATE shop.items SET stock = 2;
             ROLLBACK TO here;
             UPDATE shop.items SET stock = 3;
             COMMIT",
        )
        .await;
    assert_eq!(
        pipeline.take_events(),
        [
            created(item(1, "cup", 1)),
            updated(item(1, "cup", 1), item(1, "cup", 2)),
            updated(item(1, "cup", 1), item(1, "cup", 3)),
        ]
    );
}

async fn every_write_of_a_transaction_is_captured(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .run(
            "BEGIN;
             INSERT INTO shop.items VALUES (1, 'cup', 0);
             DO $$ BEGIN
                 FOR n IN 1..20 LOOP
                     UPDATE shop.items SET stock = n;
                     BEGIN
                         DELETE FROM shop.items WHERE stock < 0;
                         INSERT INTO shop.items VALUES (1, 'pan', n);
                     EXCEPTION WHEN unique_violation THEN
                         NULL;
                     END;
                 END LOOP;
             END $$;
             COMMIT",
        )
        .await;
    let mut expected = vec![created(item(1, "cup", 0))];
    expected.extend((1..=20).map(|n| updated(item(1, "cup", n - 1), item(1, "cup", n))));
    assert_eq!(pipeline.take_events(), expected);
}

async fn events_of_a_transaction_bear_its_number_and_their_own_order(level: Level) {
    let pipeline = start(level).await;
    let session = pipeline.session().await;
    session
        .batch_execute(
            "BEGIN;
             INSERT INTO shop.items VALUES (1, 'cup', 1), (2, 'jug', 2);
             UPDATE shop.items SET stock = 0;
             DELETE FROM shop.items",
        )
        .await
        .expect("the rows are new");
    let row = session
        .query_one(
            "SELECT txid_current(), (extract(epoch FROM now()) * 1000000)::bigint,
                 (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
            &[],
        )
        .await
        .expect("these functions are in every version");
    let (transaction, began_us, now_us): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    session
        .batch_execute("COMMIT")
        .await
        .expect("nothing is in its way");
    pipeline
        .run("INSERT INTO shop.items VALUES (3, 'mug', 3)")
        .await;

    let epoch: i64 = session
        .query_one("SELECT epoch FROM aurora_trigger.settings", &[])
        .await
        .expect("the settings are there")
        .get(0);
    let mut sources: Vec<_> = pipeline
        .take_changes::<Only<Item>>()
        .into_iter()
        .map(|Only(change)| change.source)
        .collect();
    assert_eq!(sources.len(), 7);
    let ids: HashSet<&str> = sources.iter().map(|source| source.id.as_str()).collect();
    assert_eq!(ids.len(), 7, "{ids:?}");
    assert!(sources.is_sorted_by(|left, right| left.sequence < right.sequence));
    assert!(sources.is_sorted_by_key(|source| source.ts_us));

    let other = sources.pop().expect("there are seven");
    assert_ne!(other.tx_id.to_string(), transaction.to_string());
    for source in sources {
        assert_eq!(source.tx_id.to_string(), transaction.to_string());
        assert!((began_us..=now_us).contains(&source.ts_us), "{source:?}");
        assert_eq!(source.db, pipeline.database());
        assert_eq!(
            (source.schema.as_str(), source.table.as_str()),
            ("shop", "items")
        );
        assert_eq!(source.fingerprint, Item::TABLE.fingerprint());
        assert_eq!(source.sequence.epoch, epoch);
    }
}

/// Up to PostgreSQL 15, a cursor of plpgsql has the name of its variable.
async fn a_session_may_use_any_name_for_its_cursors(level: Level) {
    let pipeline = start(level).await;
    pipeline
        .run(
            "BEGIN;
             DECLARE old_images CURSOR FOR SELECT 1;
             DECLARE new_images CURSOR FOR SELECT 1;
             INSERT INTO shop.items VALUES (1, 'cup', 1);
             UPDATE shop.items SET stock = 2;
             CLOSE old_images;
             DELETE FROM shop.items;
             COMMIT",
        )
        .await;
    assert_eq!(pipeline.take_calls().len(), 3);
}
