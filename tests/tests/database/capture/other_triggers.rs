//! Beside the triggers of the app, and for its roles.

use aurora_trigger_gen::ChangeEvent;
use aurora_trigger_gen::describe::Level;
use pipeline_tests::{Only, Pipeline, at_both_levels, error_of};

use crate::capture::{ITEMS, Item, created, deleted, item, updated};

at_both_levels!(
    a_trigger_that_updates_its_own_row_makes_an_event_of_its_own,
    what_a_trigger_changes_before_is_in_the_event,
    rows_that_a_trigger_drops_make_no_event,
    what_a_deferred_trigger_writes_is_sent_at_commit,
    nothing_is_captured_in_a_replica_session,
    a_role_that_may_only_write_the_table_is_captured,
);

async fn start(level: Level, triggers: &str) -> Pipeline {
    Pipeline::with_tables::<Only<Item>>(level, &format!("{ITEMS}{triggers}")).await
}

fn sorted(mut events: Vec<ChangeEvent<Item>>) -> Vec<ChangeEvent<Item>> {
    events.sort_by_key(|event| format!("{event:?}"));
    events
}

/// PostgreSQL fires the triggers of the inner statement first, so the order is not promised.
async fn a_trigger_that_updates_its_own_row_makes_an_event_of_its_own(level: Level) {
    let pipeline = start(
        level,
        "CREATE FUNCTION shop.restock() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             UPDATE shop.items SET stock = 0 WHERE id = NEW.id;
             RETURN NULL;
         END $$;
         CREATE TRIGGER app_restock AFTER INSERT OR UPDATE OF name ON shop.items
             FOR EACH ROW WHEN (NEW.stock IS NULL) EXECUTE PROCEDURE shop.restock();",
    )
    .await;
    pipeline
        .run("INSERT INTO shop.items VALUES (1, 'cup', NULL), (2, 'jug', 3), (3, 'mug', NULL)")
        .await;
    assert_eq!(
        sorted(pipeline.take_events()),
        [
            created(item(1, "cup", None)),
            created(item(2, "jug", 3)),
            created(item(3, "mug", None)),
            updated(item(1, "cup", None), item(1, "cup", 0)),
            updated(item(3, "mug", None), item(3, "mug", 0)),
        ]
    );
    pipeline
        .run("UPDATE shop.items SET name = upper(name), stock = NULL WHERE id = 2")
        .await;
    assert_eq!(
        sorted(pipeline.take_events()),
        [
            updated(item(2, "JUG", None), item(2, "JUG", 0)),
            updated(item(2, "jug", 3), item(2, "JUG", None)),
        ]
    );
}

async fn what_a_trigger_changes_before_is_in_the_event(level: Level) {
    let pipeline = start(
        level,
        "CREATE FUNCTION shop.trim_name() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             NEW.name := btrim(NEW.name);
             RETURN NEW;
         END $$;
         CREATE TRIGGER zzz BEFORE INSERT OR UPDATE ON shop.items
             FOR EACH ROW EXECUTE PROCEDURE shop.trim_name();",
    )
    .await;
    pipeline
        .run("INSERT INTO shop.items VALUES (1, '  cup ', 1)")
        .await;
    pipeline.run("UPDATE shop.items SET name = ' mug'").await;
    // What it undoes is no change.
    pipeline.run("UPDATE shop.items SET name = 'mug '").await;
    assert_eq!(
        pipeline.take_events(),
        [
            created(item(1, "cup", 1)),
            updated(item(1, "cup", 1), item(1, "mug", 1)),
        ]
    );
}

async fn rows_that_a_trigger_drops_make_no_event(level: Level) {
    let pipeline = start(
        level,
        "CREATE FUNCTION shop.keep_even() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF TG_OP = 'DELETE' THEN
                 RETURN CASE WHEN OLD.id % 2 = 1 THEN OLD END;
             END IF;
             RETURN CASE WHEN NEW.stock IS NULL OR NEW.id % 2 = 1 THEN NEW END;
         END $$;
         CREATE TRIGGER app_keep BEFORE INSERT OR UPDATE OR DELETE ON shop.items
             FOR EACH ROW EXECUTE PROCEDURE shop.keep_even();",
    )
    .await;
    pipeline
        .run("INSERT INTO shop.items SELECT n, 'n' || n, nullif(n % 3, 0) FROM generate_series(1, 6) AS n")
        .await;
    // 2 and 4 have a stock and are even.
    assert_eq!(
        pipeline.take_events(),
        [
            created(item(1, "n1", 1)),
            created(item(3, "n3", None)),
            created(item(5, "n5", 2)),
            created(item(6, "n6", None)),
        ]
    );
    pipeline.run("UPDATE shop.items SET stock = id + 10").await;
    assert_eq!(
        pipeline.take_events(),
        [
            updated(item(1, "n1", 1), item(1, "n1", 11)),
            updated(item(3, "n3", None), item(3, "n3", 13)),
            updated(item(5, "n5", 2), item(5, "n5", 15)),
        ]
    );
    pipeline.run("DELETE FROM shop.items").await;
    assert_eq!(
        pipeline.take_events(),
        [
            deleted(item(1, "n1", 11)),
            deleted(item(3, "n3", 13)),
            deleted(item(5, "n5", 15)),
        ]
    );
}

async fn what_a_deferred_trigger_writes_is_sent_at_commit(level: Level) {
    let pipeline = start(
        level,
        "CREATE FUNCTION shop.restock() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             UPDATE shop.items SET stock = 0 WHERE id = NEW.id;
             RETURN NULL;
         END $$;
         CREATE CONSTRAINT TRIGGER app_restock AFTER INSERT ON shop.items DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE PROCEDURE shop.restock();",
    )
    .await;
    let session = pipeline.session().await;
    session
        .batch_execute("BEGIN; INSERT INTO shop.items VALUES (1, 'cup', 5)")
        .await
        .expect("the row is new");
    assert_eq!(pipeline.take_events(), [created(item(1, "cup", 5))]);
    session
        .batch_execute("COMMIT")
        .await
        .expect("nothing is in its way");
    assert_eq!(
        pipeline.take_events(),
        [updated(item(1, "cup", 5), item(1, "cup", 0))]
    );
}

/// A logical replica gets the rows of a database that captures them itself.
async fn nothing_is_captured_in_a_replica_session(level: Level) {
    let pipeline = start(level, "").await;
    pipeline
        .run(
            "SET session_replication_role = replica;
             INSERT INTO shop.items VALUES (1, 'cup', 5);
             UPDATE shop.items SET stock = 0;
             DELETE FROM shop.items",
        )
        .await;
    assert_eq!(pipeline.take_calls().len(), 0);
}

async fn a_role_that_may_only_write_the_table_is_captured(level: Level) {
    let pipeline = start(level, "").await;
    // Roles belong to the cluster, which all tests share.
    let role = format!("clerk_of_{}", pipeline.database());
    pipeline
        .run(&format!(
            "CREATE ROLE {role} LOGIN;
             GRANT USAGE ON SCHEMA shop TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON shop.items TO {role}"
        ))
        .await;
    let session = pipeline.session_of(&role).await;
    session
        .batch_execute(
            "INSERT INTO shop.items VALUES (1, 'cup', 5);
             UPDATE shop.items SET stock = 4;
             DELETE FROM shop.items",
        )
        .await
        .expect("it may write the table");
    assert_eq!(
        pipeline.take_events(),
        [
            created(item(1, "cup", 5)),
            updated(item(1, "cup", 5), item(1, "cup", 4)),
            deleted(item(1, "cup", 4)),
        ]
    );
    for (sql, message) in [
        (
            "SELECT * FROM aws_lambda.invoke('relay', '{}'::json)",
            "permission denied for schema aws_lambda",
        ),
        (
            "SELECT aurora_trigger.configure('elsewhere')",
            "permission denied for schema aurora_trigger",
        ),
    ] {
        assert_eq!(error_of(&session, sql).await.message(), message);
    }
}
