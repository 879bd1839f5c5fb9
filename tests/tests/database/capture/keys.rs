//! By what rows are told apart: their keys, and the names of their tables.

use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::{Change, ChangeEvent, ChangeStream, StreamTrigger};
use pipeline_tests::{Only, Pipeline, at_both_levels};
use serde::Deserialize;

use crate::capture::replay::Replay;
use crate::capture::{ITEMS, Item, created, deleted, item, updated};

at_both_levels!(
    a_row_with_another_key_is_another_row,
    rows_that_hand_on_their_keys_can_be_followed,
    any_changed_part_of_a_key_makes_another_row,
    a_key_that_is_written_in_another_way_is_another_key,
    rows_without_a_key_are_updated_while_what_spreads_them_stays,
    rows_that_are_equal_are_sent_one_by_one,
    tables_of_one_name_in_two_schemas_are_told_apart,
    tables_whose_long_names_begin_alike_are_told_apart,
);

async fn a_row_with_another_key_is_another_row(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Item>>(level, ITEMS).await;
    pipeline
        .run("INSERT INTO shop.items VALUES (1, 'cup', 5), (2, 'jug', 6)")
        .await;
    drop(pipeline.take_calls());
    pipeline
        .run("UPDATE shop.items SET id = CASE id WHEN 1 THEN 9 ELSE id END, stock = stock + 1")
        .await;
    assert_eq!(
        pipeline.take_events(),
        [
            deleted(item(1, "cup", 5)),
            created(item(9, "cup", 6)),
            updated(item(2, "jug", 6), item(2, "jug", 7)),
        ]
    );
}

async fn rows_that_hand_on_their_keys_can_be_followed(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Item>>(level, ITEMS).await;
    // From the highest on, so that each finds its new key free.
    pipeline
        .run("INSERT INTO shop.items SELECT n, 'n', n FROM generate_series(50, 1, -1) AS n")
        .await;
    pipeline.run("UPDATE shop.items SET id = id + 1").await;
    let events = pipeline.take_events();
    assert_eq!(events.len(), 50 + 100);
    let mut replay = Replay::new(|item: &Item| item.id);
    events.iter().for_each(|event| replay.apply(event));
    let expected: Vec<Item> = (1..=50).map(|n| item(n + 1, "n", n)).collect();
    assert_eq!(replay.rows(), expected);
}

/// A seat, known by all of its first three columns.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.seats", delivery = "async", on_failure = "abort")]
struct Seat {
    guest: Option<String>,
    #[stream(key)]
    hall: String,
    #[stream(key)]
    row: i16,
    #[stream(key)]
    number: i32,
}

fn seat(hall: &str, row: i16, number: i32, guest: Option<&str>) -> Seat {
    Seat {
        guest: guest.map(str::to_owned),
        hall: hall.to_owned(),
        row,
        number,
    }
}

async fn any_changed_part_of_a_key_makes_another_row(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Seat>>(
        level,
        // No primary key: any unique index will do, with its columns in any order.
        "CREATE TABLE seats (hall text NOT NULL, row smallint NOT NULL, number integer NOT NULL, guest text,
             UNIQUE (number, hall, row))",
    )
    .await;
    pipeline
        .run("INSERT INTO seats VALUES ('A', 1, 1, NULL), ('A', 1, 2, 'Eve')")
        .await;
    pipeline
        .run("UPDATE seats SET guest = 'Ada' WHERE number = 1")
        .await;
    pipeline
        .run("UPDATE seats SET row = 2 WHERE number = 1")
        .await;
    pipeline
        .run("UPDATE seats SET hall = 'B' WHERE number = 1")
        .await;
    pipeline
        .run("UPDATE seats SET number = 3 WHERE number = 1")
        .await;
    pipeline.run("DELETE FROM seats WHERE number = 3").await;
    assert_eq!(
        pipeline.take_events(),
        [
            created(seat("A", 1, 1, None)),
            created(seat("A", 1, 2, Some("Eve"))),
            updated(seat("A", 1, 1, None), seat("A", 1, 1, Some("Ada"))),
            deleted(seat("A", 1, 1, Some("Ada"))),
            created(seat("A", 2, 1, Some("Ada"))),
            deleted(seat("A", 2, 1, Some("Ada"))),
            created(seat("B", 2, 1, Some("Ada"))),
            deleted(seat("B", 2, 1, Some("Ada"))),
            created(seat("B", 2, 3, Some("Ada"))),
            deleted(seat("B", 2, 3, Some("Ada"))),
        ]
    );
}

/// A price, known by the text of a number.
#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.prices", delivery = "async", on_failure = "abort")]
struct Price {
    #[stream(key, sql_type = "pg_catalog.numeric", encoding = "text")]
    amount: String,
}

fn price(amount: &str) -> Price {
    Price {
        amount: amount.to_owned(),
    }
}

/// Consumers find rows by the key's text, in a partition key and in maps.
async fn a_key_that_is_written_in_another_way_is_another_key(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Price>>(
        level,
        "CREATE TABLE prices (amount numeric PRIMARY KEY)",
    )
    .await;
    pipeline.run("INSERT INTO prices VALUES (1.5)").await;
    pipeline.run("UPDATE prices SET amount = 1.50").await;
    assert_eq!(
        pipeline.take_events(),
        [
            created(price("1.5")),
            deleted(price("1.5")),
            created(price("1.50")),
        ]
    );
}

/// A line of a log that has no key.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "public.lines",
    delivery = "async",
    on_failure = "abort",
    key = "none",
    partition_by = "host"
)]
struct Line {
    host: Option<String>,
    text: String,
}

fn line(host: Option<&str>, text: &str) -> Line {
    Line {
        host: host.map(str::to_owned),
        text: text.to_owned(),
    }
}

const LINES: &str = "CREATE TABLE lines (host text, text text NOT NULL)";

async fn rows_without_a_key_are_updated_while_what_spreads_them_stays(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Line>>(level, LINES).await;
    pipeline
        .run("INSERT INTO lines VALUES ('a', 'x'), (NULL, 'y')")
        .await;
    drop(pipeline.take_calls());
    pipeline.run("UPDATE lines SET text = text || '!'").await;
    assert_eq!(
        pipeline.take_events(),
        [
            updated(line(Some("a"), "x"), line(Some("a"), "x!")),
            updated(line(None, "y"), line(None, "y!")),
        ]
    );
    pipeline.run("UPDATE lines SET host = 'b'").await;
    assert_eq!(
        pipeline.take_events(),
        [
            deleted(line(Some("a"), "x!")),
            created(line(Some("b"), "x!")),
            deleted(line(None, "y!")),
            created(line(Some("b"), "y!")),
        ]
    );
}

async fn rows_that_are_equal_are_sent_one_by_one(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Line>>(level, LINES).await;
    pipeline
        .run("INSERT INTO lines VALUES ('a', 'x'), ('a', 'x')")
        .await;
    pipeline.run("UPDATE lines SET text = 'y'").await;
    pipeline.run("DELETE FROM lines").await;
    let (x, y) = (line(Some("a"), "x"), line(Some("a"), "y"));
    assert_eq!(
        pipeline.take_events(),
        [
            created(x.clone()),
            created(x.clone()),
            updated(x.clone(), y.clone()),
            updated(x, y.clone()),
            deleted(y.clone()),
            deleted(y),
        ]
    );
}

/// Declares tables of one form, and the stream of them.
macro_rules! numbered_tables {
    ($stream:ident: $($name:ident = $table:literal),+) => {
        $(
            #[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
            #[stream(table = $table, delivery = "async", on_failure = "abort")]
            struct $name {
                #[stream(key)]
                id: i32,
            }
        )+

        #[derive(Debug, ChangeStream)]
        enum $stream {
            $($name(Change<$name>)),+
        }
    };
}

numbered_tables!(Tenants: Blue = "blue.users", Red = "red.users", Underscored = "red_users.x");

async fn tables_of_one_name_in_two_schemas_are_told_apart(level: Level) {
    let pipeline = Pipeline::with_tables::<Tenants>(
        level,
        "CREATE SCHEMA blue;
         CREATE SCHEMA red;
         CREATE SCHEMA red_users;
         CREATE TABLE blue.users (id integer PRIMARY KEY);
         CREATE TABLE red.users (id integer PRIMARY KEY);
         CREATE TABLE red_users.x (id integer PRIMARY KEY)",
    )
    .await;
    let session = pipeline.session().await;
    for sql in [
        "SET search_path = red; INSERT INTO users VALUES (1); SET search_path = blue; DELETE FROM red.users",
        "INSERT INTO users VALUES (2)",
        "INSERT INTO red_users.x VALUES (3)",
    ] {
        session.batch_execute(sql).await.expect("all may write");
    }
    let changes = pipeline.take_changes::<Tenants>();
    assert!(
        matches!(
            changes.as_slice(),
            [
                Tenants::Red(Change { event: ChangeEvent::Created(first), .. }),
                Tenants::Red(Change { event: ChangeEvent::Deleted(second), .. }),
                Tenants::Blue(Change { event: ChangeEvent::Created(third), .. }),
                Tenants::Underscored(Change { event: ChangeEvent::Created(fourth), .. }),
            ] if [first.id, second.id, third.id, fourth.id] == [1, 1, 2, 3]
        ),
        "{changes:?}"
    );
}

numbered_tables!(
    Long: Left = "public.a_name_that_is_as_long_as_postgresql_takes_names_for_tables_lft",
    Right = "public.a_name_that_is_as_long_as_postgresql_takes_names_for_tables_rgt"
);

async fn tables_whose_long_names_begin_alike_are_told_apart(level: Level) {
    assert!(Long::TABLES.iter().all(|table| table.table().len() == 63));
    let pipeline = Pipeline::start().await;
    for table in Long::TABLES {
        pipeline
            .run(&format!(
                "CREATE TABLE {} (id integer PRIMARY KEY)",
                table.table()
            ))
            .await;
    }
    pipeline.install_at::<Long>(level).await;
    for (id, table) in Long::TABLES.iter().enumerate() {
        pipeline
            .run(&format!("INSERT INTO {} VALUES ({id})", table.table()))
            .await;
    }
    let changes = pipeline.take_changes::<Long>();
    assert!(
        matches!(
            changes.as_slice(),
            [
                Long::Left(Change { event: ChangeEvent::Created(first), .. }),
                Long::Right(Change { event: ChangeEvent::Created(second), .. }),
            ] if (first.id, second.id) == (0, 1)
        ),
        "{changes:?}"
    );
}
