//! Tables that were altered, and no longer fit their structs: writes go on, and their changes are kept until they do.

use aurora_trigger_gen::describe::{Delivery, Level, OnFailure, TableDesc};
use aurora_trigger_gen::{ChangeEvent, Range, StreamTrigger};
use pipeline_tests::{Only, Pipeline, at_both_levels};
use serde::Deserialize;
use tokio_postgres::Client;

use crate::{number, run};

at_both_levels!(
    a_masked_or_skipped_value_is_not_kept_whatever_its_column_is_called,
    a_transaction_that_is_older_than_the_alteration_goes_on,
);

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.wares",
    delivery = "outbox",
    ops = "insert, update, delete, truncate"
)]
struct Ware {
    #[stream(key)]
    id: i32,
    name: String,
    stock: Option<i32>,
}

/// The same once the struct has followed the table.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "shop.wares",
    delivery = "outbox",
    ops = "insert, update, delete, truncate"
)]
struct TitledWare {
    #[stream(key)]
    id: i32,
    title: String,
    stock: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.guests", delivery = "outbox")]
struct Guest {
    #[stream(key)]
    id: i32,
    name: String,
    #[stream(mask = "last4")]
    email: Option<String>,
    #[stream(skip)]
    #[serde(default)]
    secret: Option<String>,
}

const TABLES: &str = "
    CREATE SCHEMA shop;
    CREATE SCHEMA attic;
    CREATE TABLE shop.wares (id integer PRIMARY KEY, name varchar(10), stock smallint);
    ALTER TABLE shop.wares ALTER name SET NOT NULL;
    CREATE TABLE shop.seasons (id integer PRIMARY KEY, days int4range NOT NULL);
    CREATE TABLE shop.guests (id integer PRIMARY KEY, name text NOT NULL, email text, secret text, note text);
";

/// A transaction whose snapshot is that of its first statement.
const REPEATABLE: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class";

async fn start(table: &TableDesc) -> (Pipeline, Client) {
    let pipeline = Pipeline::installed(TABLES, &[table]).await;
    let session = pipeline.session().await;
    (pipeline, session)
}

/// The batches of the calls since the last time. A call without batches tells of dead letters.
fn batches(pipeline: &Pipeline) -> usize {
    let calls = pipeline.take_calls();
    calls.iter().map(|call| call.payload().batches.len()).sum()
}

async fn text(session: &Client, sql: &str) -> String {
    session
        .query_one(sql, &[])
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
        .get(0)
}

/// The modes with an outbox, at both levels.
fn modes() -> Vec<TableDesc> {
    let kept = Ware::TABLE
        .with_delivery(Delivery::Async)
        .with_on_failure(OnFailure::Outbox);
    [
        Ware::TABLE,
        Ware::TABLE.with_delivery(Delivery::Commit),
        kept,
    ]
    .into_iter()
    .flat_map(|table| [table, table.with_level(Level::Row)])
    .collect()
}

const LETTERS: &str = "SELECT count(*) FROM aurora_trigger.dead_letter WHERE is_raw";

/// Each alteration, how it is undone, the table's name meanwhile, and what does not fit then.
const ALTERATIONS: [(&str, &str, &str, &str); 9] = [
    (
        "ALTER TABLE shop.wares RENAME name TO title",
        "ALTER TABLE shop.wares RENAME title TO name",
        "shop.wares",
        "name does not exist",
    ),
    (
        "ALTER TABLE shop.wares DROP stock",
        "ALTER TABLE shop.wares ADD stock smallint",
        "shop.wares",
        "stock does not exist",
    ),
    (
        "ALTER TABLE shop.wares ALTER stock TYPE text",
        "ALTER TABLE shop.wares ALTER stock TYPE smallint USING stock::smallint",
        "shop.wares",
        "stock is of type text, the struct takes ",
    ),
    (
        "ALTER TABLE shop.wares ALTER stock TYPE bigint",
        "ALTER TABLE shop.wares ALTER stock TYPE smallint",
        "shop.wares",
        "stock is of type bigint, the struct takes ",
    ),
    (
        "ALTER TABLE shop.wares ALTER name TYPE integer USING 1",
        "ALTER TABLE shop.wares ALTER name TYPE varchar(10)",
        "shop.wares",
        "name is of type integer, the struct takes ",
    ),
    (
        "CREATE TYPE shop.size AS (height integer); ALTER TABLE shop.wares ALTER stock TYPE shop.size USING NULL",
        "ALTER TABLE shop.wares ALTER stock TYPE smallint USING NULL; DROP TYPE shop.size",
        "shop.wares",
        "stock is of type shop.size, the struct takes ",
    ),
    (
        "ALTER TABLE shop.wares DROP CONSTRAINT wares_pkey, DROP id; ALTER TABLE shop.wares ADD id text",
        "ALTER TABLE shop.wares DROP id; DELETE FROM shop.wares; ALTER TABLE shop.wares ADD id integer PRIMARY KEY",
        "shop.wares",
        "id is of type text, the struct takes ",
    ),
    (
        "ALTER TABLE shop.wares RENAME TO goods",
        "ALTER TABLE shop.goods RENAME TO wares",
        "shop.goods",
        "shop.wares is called shop.goods now",
    ),
    (
        "ALTER TABLE shop.wares SET SCHEMA attic",
        "ALTER TABLE attic.wares SET SCHEMA shop",
        "attic.wares",
        "shop.wares is called attic.wares now",
    ),
];

#[tokio::test]
async fn whatever_is_altered_each_write_succeeds_and_its_change_is_kept_with_the_reason() {
    for table in modes() {
        let (pipeline, session) = start(&table).await;
        // With plans from before.
        let writes = "INSERT INTO shop.wares (id) SELECT n FROM generate_series(1, 0) AS n;
             UPDATE shop.wares SET id = id; DELETE FROM shop.wares";
        run(&session, "ALTER TABLE shop.wares ALTER name DROP NOT NULL").await;
        run(&session, writes).await;
        for (alter, undo, name, reason) in ALTERATIONS {
            let alteration = format!("{:?} {:?} {alter}", table.level(), table.delivery());
            run(&session, "INSERT INTO shop.wares VALUES (1, '1', 1)").await;
            pipeline.drain().await;
            let before = pipeline.take_calls();
            assert_eq!(before.len(), 1, "{alteration}");
            run(&session, alter).await;
            for session in [&session, &pipeline.session().await] {
                run(
                    session,
                    &format!(
                        "INSERT INTO {name} (id) VALUES ('2'), ('3');
                         UPDATE {name} SET id = id;
                         UPDATE {name} SET id = id WHERE false;
                         DELETE FROM {name} WHERE id IN ('2', '3')"
                    ),
                )
                .await;
            }
            pipeline.drain().await;
            assert_eq!(batches(&pipeline), 0, "{alteration}");
            // Two sessions, each with two rows created, three updated, two deleted.
            assert_eq!(number(&session, LETTERS).await, 14, "{alteration}");
            let told = text(
                &session,
                "SELECT problem FROM aurora_trigger.capture_status WHERE app IS NOT NULL",
            )
            .await;
            assert!(told.contains(reason), "{alteration}: {told}");
            assert!(told.contains("14 changes are kept"), "{alteration}: {told}");

            run(&session, undo).await;
            run(
                &session,
                "SELECT aurora_trigger.purge(everything => true); DELETE FROM shop.wares",
            )
            .await;
            pipeline.drain().await;
            drop(pipeline.take_calls());
        }
    }
}

/// PostgreSQL shows it to triggers as NULL, which would be an event that is not true.
#[tokio::test]
async fn a_column_that_becomes_virtual_does_not_fit() {
    if Pipeline::start().await.server_version().await < 180_000 {
        println!("not tested: this PostgreSQL has no virtual generated columns");
        return;
    }
    for table in modes() {
        let (pipeline, session) = start(&table).await;
        run(&session, "INSERT INTO shop.wares VALUES (1, '1', 1)").await;
        run(
            &session,
            "ALTER TABLE shop.wares DROP stock;
             ALTER TABLE shop.wares ADD stock integer GENERATED ALWAYS AS (id * 2) VIRTUAL",
        )
        .await;
        pipeline.drain().await;
        drop(pipeline.take_calls());
        for session in [&session, &pipeline.session().await] {
            run(
                session,
                "INSERT INTO shop.wares VALUES (2, '2');
                 UPDATE shop.wares SET name = 'cup' WHERE id = 2;
                 DELETE FROM shop.wares WHERE id = 2",
            )
            .await;
        }
        pipeline.drain().await;
        assert_eq!(batches(&pipeline), 0, "{table:?}");
        assert_eq!(number(&session, LETTERS).await, 6, "{table:?}");
        let reason = "SELECT min(reason) FROM aurora_trigger.dead_letter";
        let reason = text(&session, reason).await;
        assert!(
            reason.contains("stock is a virtual generated column"),
            "{reason}"
        );
    }
}

/// Whoever monitors asks every few seconds.
#[tokio::test]
async fn of_many_it_is_told_that_they_are_many() {
    let (_pipeline, session) = start(&Ware::TABLE).await;
    run(&session, "ALTER TABLE shop.wares DROP stock").await;
    let problem = "SELECT problem FROM aurora_trigger.capture_status WHERE app IS NOT NULL";
    for (ids, told) in [
        ("1, 1", "1 change is kept as a dead letter, since the table"),
        (
            "2, 1000",
            "1000 changes are kept as dead letters, since the table",
        ),
        (
            "1001, 1002",
            "over 1000 changes are kept as dead letters, since",
        ),
    ] {
        run(
            &session,
            &format!("INSERT INTO shop.wares SELECT n, 'cup' FROM generate_series({ids}) AS n"),
        )
        .await;
        let problem = text(&session, problem).await;
        assert!(problem.contains(told), "{problem}");
    }

    // A table without any is not looked for among those of others.
    run(
        &session,
        "INSERT INTO shop.wares SELECT n, 'cup' FROM generate_series(1003, 6000) AS n;
         UPDATE aurora_trigger.dead_letter SET table_name = 'tins', fingerprint = 'of tins'",
    )
    .await;
    run(&session, "VACUUM ANALYZE aurora_trigger.dead_letter").await;
    run(&session, "BEGIN").await;
    let read = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_all_tables
        WHERE relid = 'aurora_trigger.dead_letter'::regclass";
    let before = number(&session, read).await;
    run(
        &session,
        "SELECT problem FROM aurora_trigger.capture_status",
    )
    .await;
    assert_eq!(number(&session, read).await - before, 0, "of 6,000");
}

#[tokio::test]
async fn once_the_struct_fits_again_they_are_sent_in_their_order() {
    let (pipeline, session) = start(&Ware::TABLE).await;
    run(&session, "INSERT INTO shop.wares VALUES (1, 'cup', 5)").await;
    run(
        &session,
        "ALTER TABLE shop.wares RENAME name TO title;
         ALTER TABLE shop.wares ALTER stock TYPE bigint",
    )
    .await;
    run(
        &session,
        "UPDATE shop.wares SET title = 'a ''b'' \\ c', stock = 5000000000;
         INSERT INTO shop.wares VALUES (2, 'jug', NULL), (3, '', 0);
         UPDATE shop.wares SET id = 4 WHERE id = 3;
         DELETE FROM shop.wares WHERE id = 2",
    )
    .await;
    let redrive = "SELECT aurora_trigger.redrive()";
    assert_eq!(number(&session, redrive).await, 0, "it does not fit yet");
    assert_eq!(number(&session, LETTERS).await, 6);

    pipeline.drain().await;
    drop(pipeline.take_calls());
    pipeline.install::<Only<TitledWare>>().await;
    assert_eq!(number(&session, redrive).await, 6);
    assert_eq!(number(&session, LETTERS).await, 0);
    pipeline.drain().await;
    let ware = |id, title: &str, stock| {
        Box::new(TitledWare {
            id,
            title: title.to_owned(),
            stock,
        })
    };
    let events = pipeline.take_events::<TitledWare>();
    let of_key = |id| -> Vec<_> {
        let is_of = |ware: &TitledWare| ware.id == id;
        let is_wanted = |event: &&ChangeEvent<TitledWare>| match event {
            ChangeEvent::Created(row) | ChangeEvent::Deleted(row) => is_of(row),
            ChangeEvent::Updated { after, .. } => is_of(after),
            other => panic!("{other:?}"),
        };
        events.iter().filter(is_wanted).cloned().collect()
    };
    assert_eq!(
        of_key(1),
        [ChangeEvent::Updated {
            before: ware(1, "cup", Some(5)),
            after: ware(1, "a 'b' \\ c", Some(5_000_000_000)),
        }]
    );
    assert_eq!(
        of_key(2),
        [
            ChangeEvent::Created(ware(2, "jug", None)),
            ChangeEvent::Deleted(ware(2, "jug", None)),
        ]
    );
    assert_eq!(
        of_key(3),
        [
            ChangeEvent::Created(ware(3, "", Some(0))),
            ChangeEvent::Deleted(ware(3, "", Some(0))),
        ]
    );
    assert_eq!(of_key(4), [ChangeEvent::Created(ware(4, "", Some(0)))]);
    assert_eq!(events.len(), 6);
}

#[tokio::test]
async fn what_was_kept_under_another_name_of_the_table_is_sent_when_it_is_called_back() {
    let (pipeline, session) = start(&Ware::TABLE).await;
    run(
        &session,
        "ALTER TABLE shop.wares RENAME TO goods;
         INSERT INTO shop.goods VALUES (1, 'cup', 5);
         TRUNCATE shop.goods;
         ALTER TABLE shop.goods RENAME TO wares",
    )
    .await;
    assert_eq!(number(&session, LETTERS).await, 2);
    assert_eq!(
        number(&session, "SELECT aurora_trigger.redrive('shop.wares')").await,
        2
    );
    pipeline.drain().await;
    let events = pipeline.take_events::<Ware>();
    let created = Box::new(Ware {
        id: 1,
        name: "cup".to_owned(),
        stock: Some(5),
    });
    assert_eq!(
        events,
        [ChangeEvent::Created(created), ChangeEvent::Truncated]
    );
}

async fn a_masked_or_skipped_value_is_not_kept_whatever_its_column_is_called(level: Level) {
    let (_pipeline, session) = start(&Guest::TABLE.with_level(level)).await;
    let write =
        "INSERT INTO shop.guests VALUES (1, 'ada', 'ada@example.org', 'cat', 'window seat')";
    let kept = "SELECT event ->> 'after' FROM aurora_trigger.dead_letter ORDER BY id DESC LIMIT 1";
    for (alter, undo, has_note) in [
        // Both are there, so no other column can be one of them.
        ("RENAME name TO title", "RENAME title TO name", true),
        ("RENAME email TO mail", "RENAME mail TO email", false),
        (
            "ALTER email TYPE varchar(30)[] USING ARRAY[email]",
            "ALTER email TYPE text USING email[1]",
            true,
        ),
    ] {
        run(&session, &format!("ALTER TABLE shop.guests {alter}")).await;
        let write = if alter.contains("varchar") {
            write.replace("'ada@example.org'", "'{ada@example.org}'")
        } else {
            write.to_owned()
        };
        run(&session, &write).await;
        let kept = text(&session, kept).await;
        assert!(kept.contains("\"1\""), "{alter}: {kept}");
        assert_eq!(kept.contains("window seat"), has_note, "{alter}: {kept}");
        assert!(
            !kept.contains("example.org") && !kept.contains("cat"),
            "{alter}: {kept}"
        );
        run(
            &session,
            &format!("ALTER TABLE shop.guests {undo}; DELETE FROM shop.guests"),
        )
        .await;
    }
    // Without what the mask makes of the value there is no event that is true.
    assert_eq!(number(&session, "SELECT aurora_trigger.redrive()").await, 0);
    assert_eq!(number(&session, LETTERS).await, 3);
}

/// A snapshot from before the alteration shows the old columns.
async fn a_transaction_that_is_older_than_the_alteration_goes_on(level: Level) {
    let (pipeline, session) = start(&Ware::TABLE.with_level(level)).await;
    run(&session, "INSERT INTO shop.wares VALUES (1, 'cup', 5)").await;
    run(&session, REPEATABLE).await;
    pipeline.run("ALTER TABLE shop.wares DROP stock").await;
    run(&session, "INSERT INTO shop.wares VALUES (2, 'jug'); COMMIT").await;
    assert_eq!(number(&session, LETTERS).await, 1);
}

/// A session that has written, so that it has plans; and what makes these columns of other types that the fields take.
async fn start_with_plans(level: Level) -> (Pipeline, Client) {
    let (pipeline, session) = start(&Ware::TABLE.with_level(level)).await;
    run(
        &session,
        "INSERT INTO shop.wares SELECT n, 'cup', 5 FROM generate_series(1, 7) AS n;
         UPDATE shop.wares SET stock = 6",
    )
    .await;
    pipeline
        .run(
            "ALTER TABLE shop.wares ALTER stock TYPE integer;
             ALTER TABLE shop.wares ALTER name TYPE text;
             ALTER TABLE shop.wares ADD note text;
             ALTER TABLE shop.wares DROP note",
        )
        .await;
    (pipeline, session)
}

#[tokio::test]
async fn another_type_that_the_field_takes_changes_nothing_for_an_open_session() {
    let (pipeline, session) = start_with_plans(Level::Statement).await;
    run(&session, "UPDATE shop.wares SET stock = 70000").await;
    assert_eq!(number(&session, LETTERS).await, 0);
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Ware>().len(), 21);
}

/// A row's trigger in plpgsql fails in such a session until it reconnects.
#[tokio::test]
async fn at_row_level_an_open_session_keeps_its_changes_until_it_reconnects() {
    let (pipeline, session) = start_with_plans(Level::Row).await;
    run(&session, "UPDATE shop.wares SET stock = 70000").await;
    let reason =
        "SELECT coalesce(string_agg(DISTINCT reason, '; '), '') FROM aurora_trigger.dead_letter";
    assert_eq!(
        text(&session, reason).await,
        "the table was altered while the session was open"
    );
    assert_eq!(number(&session, LETTERS).await, 7);
    let session = pipeline.session().await;
    run(&session, "UPDATE shop.wares SET stock = 80000").await;
    assert_eq!(number(&session, LETTERS).await, 7);
    assert_eq!(number(&session, "SELECT aurora_trigger.redrive()").await, 7);
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Ware>().len(), 28);
}

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.visits", delivery = "outbox", level = "row")]
struct Visit {
    #[stream(key)]
    id: i32,
    guest: String,
}

/// A row's trigger is called for the partition, which has a name of its own.
#[tokio::test]
async fn the_rows_of_a_partition_are_kept_while_its_table_does_not_fit() {
    let pipeline = Pipeline::installed(
        "CREATE SCHEMA shop;
         CREATE TABLE shop.visits (id integer PRIMARY KEY, guest text NOT NULL) PARTITION BY RANGE (id);
         CREATE TABLE shop.first_visits PARTITION OF shop.visits FOR VALUES FROM (0) TO (10);
         CREATE TABLE shop.other_visits (guest text NOT NULL, id integer NOT NULL);
         ALTER TABLE shop.visits ATTACH PARTITION shop.other_visits FOR VALUES FROM (10) TO (20)",
        &[&Visit::TABLE],
    )
    .await;
    let session = pipeline.session().await;
    let insert = "INSERT INTO shop.visits VALUES (1, 'ada'), (11, 'bob'); DELETE FROM shop.visits";
    run(&session, insert).await;
    run(
        &session,
        "ALTER TABLE shop.first_visits RENAME TO early_visits",
    )
    .await;
    run(&session, insert).await;
    assert_eq!(number(&session, LETTERS).await, 0);
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Visit>().len(), 8);

    run(
        &session,
        "ALTER TABLE shop.visits ALTER guest TYPE text[] USING ARRAY[guest]",
    )
    .await;
    let insert_arrays = insert
        .replace("'ada'", "'{ada}'")
        .replace("'bob'", "'{bob}'");
    run(&session, &insert_arrays).await;
    assert_eq!(number(&session, LETTERS).await, 4);
    run(
        &session,
        "ALTER TABLE shop.visits ALTER guest TYPE text USING guest[1]",
    )
    .await;
    assert_eq!(number(&session, "SELECT aurora_trigger.redrive()").await, 4);
    run(&session, insert).await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<Visit>().len(), 8);
}

/// Its snapshot shows the struct as it was, which nobody has to ask where the types are built in.
#[tokio::test]
async fn a_session_with_an_old_snapshot_captures_what_the_new_struct_has() {
    let (pipeline, session) = start(&Ware::TABLE).await;
    run(&session, REPEATABLE).await;
    pipeline
        .run(
            "ALTER TABLE shop.wares RENAME name TO title;
             ALTER TABLE shop.wares ALTER stock TYPE bigint",
        )
        .await;
    pipeline.install::<Only<TitledWare>>().await;
    run(
        &session,
        "INSERT INTO shop.wares VALUES (1, 'cup', 5); COMMIT",
    )
    .await;
    assert_eq!(number(&session, LETTERS).await, 0);
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<TitledWare>().len(), 1);
}

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.seasons", delivery = "outbox")]
struct Season {
    #[stream(key)]
    id: i32,
    days: Range<i32>,
}

/// The same once the struct has followed the table.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.seasons", delivery = "outbox")]
struct LongSeason {
    #[stream(key)]
    id: i32,
    open_days: Range<i64>,
}

/// Otherwise what its snapshot says of types and names can be wrong, and a plan outlives the transaction that it was made in.
#[tokio::test]
async fn a_session_with_an_old_snapshot_captures_again_once_that_has_ended() {
    let (pipeline, session) = start(&Season::TABLE).await;
    run(&session, REPEATABLE).await;
    pipeline
        .run(
            "ALTER TABLE shop.seasons RENAME days TO open_days;
             ALTER TABLE shop.seasons ALTER open_days TYPE int8range
             USING int8range(lower(open_days), upper(open_days))",
        )
        .await;
    pipeline.install::<Only<LongSeason>>().await;
    // A plan is kept from the first execution on, or from the sixth on.
    for id in 1..=7 {
        run(
            &session,
            &format!("INSERT INTO shop.seasons VALUES ({id}, '[1,90)')"),
        )
        .await;
    }
    run(&session, "COMMIT").await;
    assert_eq!(number(&session, LETTERS).await, 7);
    run(&session, "INSERT INTO shop.seasons VALUES (8, '[1,90)')").await;
    assert_eq!(number(&session, LETTERS).await, 7);
    run(&session, "SELECT aurora_trigger.redrive()").await;
    pipeline.drain().await;
    assert_eq!(pipeline.take_events::<LongSeason>().len(), 8);
}

#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "shop.wares", delivery = "outbox", when = "stock > 0")]
struct WareInStock {
    #[stream(key)]
    id: i32,
    name: String,
    /// Named by the predicate only.
    #[stream(skip)]
    #[serde(default)]
    stock: Option<i32>,
}

#[tokio::test]
async fn what_a_predicate_could_leave_out_is_not_sent() {
    let (pipeline, session) = start(&WareInStock::TABLE).await;
    run(
        &session,
        "ALTER TABLE shop.wares RENAME stock TO stored;
         INSERT INTO shop.wares VALUES (1, 'cup', 5), (2, 'jug', 0);
         ALTER TABLE shop.wares RENAME stored TO stock",
    )
    .await;
    assert_eq!(number(&session, "SELECT aurora_trigger.redrive()").await, 0);
    assert_eq!(number(&session, LETTERS).await, 2);
    run(&session, "UPDATE shop.wares SET name = 'can'").await;
    pipeline.drain().await;
    assert_eq!(
        pipeline.take_events::<WareInStock>().len(),
        1,
        "it fits again"
    );
}
