//! Columns and tables whose names our own SQL uses too, or that need quotes.

use aurora_trigger_gen::describe::Level;
use aurora_trigger_gen::{Change, ChangeEvent, ChangeStream, StreamTrigger};
use pipeline_tests::{Only, Pipeline, at_both_levels};
use serde::Deserialize;

use crate::capture::{created, deleted, updated};

at_both_levels!(
    columns_may_have_any_name,
    tables_may_have_any_name,
    a_column_that_is_added_later_changes_nothing,
    a_predicate_sees_the_columns_and_nothing_of_ours,
);

/// An identifier in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Declares a struct with columns of these names, which are also their keys in JSON.
macro_rules! oddly_named {
    ($($field:ident = $name:literal),+ $(,)?) => {
        /// With all that a trigger function can have: a predicate, dead letters, calls that may fail.
        #[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
        #[stream(
            table = "public.odd",
            delivery = "async",
            oversize = "dead_letter",
            when = r#"new > 0 AND "old" > 0 AND event > 0 AND "select" > 0 AND predicate > 0 AND candidate > 0
                AND chosen > 0 AND image > 0 AND rows_are_lost > 0 AND new_row > 0 AND source_row > 0
                AND "quote""d" > 0 AND "new
line" > 0 -- and so on"#
        )]
        struct Odd {
            #[serde(rename = "the \"key\"")]
            #[stream(key, column = "the \"key\"")]
            first_key: i32,
            #[serde(rename = "OLD")]
            #[stream(key, column = "OLD")]
            second_key: i32,
            $(
                #[serde(rename = $name)]
                #[stream(column = $name)]
                $field: i32,
            )+
        }

        const NAMES: &[&str] = &["the \"key\"", "OLD", $($name),+];

        impl Odd {
            fn values(&self) -> Vec<i32> {
                vec![self.first_key, self.second_key, $(self.$field),+]
            }
        }
    };
}

oddly_named!(
    c01 = "new",
    c02 = "old",
    c03 = "n",
    c04 = "o",
    c05 = "payload",
    c06 = "image",
    c07 = "event",
    c08 = "events",
    c09 = "after",
    c10 = "before",
    c11 = "candidate",
    c12 = "predicate",
    c13 = "new_row",
    c14 = "old_row",
    c15 = "new_rows",
    c16 = "old_rows",
    c17 = "capture",
    c18 = "captured_us",
    c19 = "size",
    c20 = "event_size",
    c21 = "chunk_size",
    c22 = "rows_are_lost",
    c23 = "seq",
    c24 = "op",
    c25 = "chosen",
    c26 = "change",
    c27 = "old_image",
    c28 = "new_image",
    c29 = "numbered",
    c30 = "number",
    c31 = "place",
    c32 = "pair",
    c33 = "pair_key",
    c34 = "failed_calls",
    c35 = "sent",
    c36 = "kept",
    c37 = "source_row",
    c38 = "attributes",
    c39 = "tg_op",
    c40 = "TG_OP",
    c41 = "found",
    c42 = "select",
    c43 = "user",
    c44 = "table",
    c45 = "order",
    c46 = "null",
    c47 = "row",
    c48 = "record",
    c49 = "key",
    c50 = "to_json",
    c51 = "row_to_json",
    c52 = "nextval",
    c53 = "aurora_trigger",
    c54 = "public",
    c55 = "odd",
    c56 = "is_trusted",
    c57 = "Capital",
    c58 = "with space",
    c59 = "quote\"d",
    c60 = "apos'trophe",
    c61 = "back\\slash",
    c62 = "new\nline",
    c63 = "tab\tbed",
    c64 = "🙂",
    c65 = "$body$",
    c66 = "%s %I",
    c67 = "--",
    c68 = "/* */",
    c69 = "{}",
    c70 = "a.b",
    c71 = "$1",
    c72 = ":name",
    c73 = "NEW",
    c74 = "a_name_of_sixty_three_bytes_which_is_as_long_as_postgres_takes_",
    c75 = "row_key",
    c76 = "old_key",
    c77 = "new_key",
    c78 = "old_place",
);

async fn columns_may_have_any_name(level: Level) {
    let columns: Vec<String> = NAMES
        .iter()
        .map(|name| format!("{} integer NOT NULL", quoted(name)))
        .collect();
    let pipeline = Pipeline::with_tables::<Only<Odd>>(
        level,
        &format!(
            r#"CREATE TABLE odd ({}, PRIMARY KEY ("the ""key""", "OLD"))"#,
            columns.join(", ")
        ),
    )
    .await;
    let values = |offset: i32| -> Vec<i32> { (offset..).take(NAMES.len()).collect() };
    let list = |offset| {
        let texts: Vec<String> = values(offset).iter().map(i32::to_string).collect();
        texts.join(", ")
    };
    pipeline
        .run(&format!("INSERT INTO odd VALUES ({})", list(1)))
        .await;
    // All but the key.
    let assignments: Vec<String> = NAMES[2..]
        .iter()
        .map(|name| format!("{0} = {0} + 1000", quoted(name)))
        .collect();
    pipeline
        .run(&format!("UPDATE odd SET {}", assignments.join(", ")))
        .await;
    pipeline.run(r#"UPDATE odd SET "OLD" = 7"#).await;
    // Out of the subset.
    pipeline.run(r#"UPDATE odd SET "select" = 0"#).await;
    pipeline.run("DELETE FROM odd").await;

    let events: Vec<_> = pipeline
        .take_changes::<Only<Odd>>()
        .iter()
        .map(|Only(change)| {
            let operation = match change.event {
                ChangeEvent::Created(_) => 'c',
                ChangeEvent::Updated { .. } => 'u',
                ChangeEvent::Deleted(_) => 'd',
                _ => '?',
            };
            (
                operation,
                change.before().map(Odd::values),
                change.after().map(Odd::values),
            )
        })
        .collect();
    let first = values(1);
    let mut second = values(1001);
    second[..2].copy_from_slice(&[1, 2]);
    let mut third = second.clone();
    third[1] = 7;
    assert_eq!(
        events,
        [
            ('c', None, Some(first.clone())),
            ('u', Some(first), Some(second.clone())),
            ('d', Some(second), None),
            ('c', None, Some(third.clone())),
            ('d', Some(third), None),
        ]
    );
}

/// Declares tables of these names, and the stream of them.
macro_rules! oddly_named_tables {
    ($($name:ident = $table:literal),+ $(,)?) => {
        $(
            #[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
            #[stream(table = $table, delivery = "async", on_failure = "abort", when = "id > 0")]
            struct $name {
                #[stream(key)]
                id: i32,
                value: Option<i32>,
            }
        )+

        #[derive(Debug, ChangeStream)]
        enum OddTables {
            $($name(Change<$name>)),+
        }

        impl OddTables {
            /// The table's place in the list, and what happened: the operation, the old value and the new one.
            fn summary(&self) -> (usize, char, Option<i32>, Option<i32>) {
                let tables = [$($table),+];
                match self {
                    $(OddTables::$name(change) => {
                        let operation = match change.event {
                            ChangeEvent::Created(_) => 'c',
                            ChangeEvent::Updated { .. } => 'u',
                            ChangeEvent::Deleted(_) => 'd',
                            _ => '?',
                        };
                        (
                            tables
                                .iter()
                                .position(|table| *table == $table)
                                .expect("it is one of them"),
                            operation,
                            change.before().and_then(|row| row.value),
                            change.after().and_then(|row| row.value),
                        )
                    })+
                }
            }
        }
    };
}

oddly_named_tables!(
    NewRows = "public.new_rows",
    OldRows = "public.old_rows",
    Image = "public.image",
    Event = "public.event",
    Settings = "public.settings",
    User = "public.user",
    Emoji = "\"🙂\".\"🙂\"",
    Quoted = "\"Sche\"\"ma\".\"Ta'ble\n -- $body$ \\\"",
    Capital = "public.\"Event\"",
);

async fn tables_may_have_any_name(level: Level) {
    let pipeline = Pipeline::start().await;
    let tables: Vec<String> = OddTables::TABLES
        .iter()
        .map(|table| format!("{}.{}", quoted(table.schema()), quoted(table.table())))
        .collect();
    for (table, name) in OddTables::TABLES.iter().zip(&tables) {
        pipeline
            .run(&format!(
                "CREATE SCHEMA IF NOT EXISTS {};
                 CREATE TABLE {name} (id integer PRIMARY KEY, value integer)",
                quoted(table.schema())
            ))
            .await;
    }
    pipeline.install_at::<OddTables>(level).await;
    for name in &tables {
        pipeline
            .run(&format!(
                "INSERT INTO {name} VALUES (1, 1); UPDATE {name} SET value = 2; DELETE FROM {name}"
            ))
            .await;
    }
    let summaries: Vec<_> = pipeline
        .take_changes::<OddTables>()
        .iter()
        .map(OddTables::summary)
        .collect();
    let expected: Vec<_> = (0..tables.len())
        .flat_map(|place| {
            [
                (place, 'c', None, Some(1)),
                (place, 'u', Some(1), Some(2)),
                (place, 'd', Some(2), None),
            ]
        })
        .collect();
    assert_eq!(summaries, expected);
}

/// A row of few columns, so that ours are free for others.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "public.plain",
    delivery = "async",
    on_failure = "abort",
    when = "value > 0"
)]
struct Plain {
    #[stream(key)]
    id: i32,
    value: i32,
}

fn plain(id: i32, value: i32) -> Plain {
    Plain { id, value }
}

/// A migration must not make writes fail until the next installation.
async fn a_column_that_is_added_later_changes_nothing(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Plain>>(
        level,
        "CREATE TABLE plain (id integer PRIMARY KEY, value integer NOT NULL)",
    )
    .await;
    let session = pipeline.session().await;
    for (id, name) in [
        "new",
        "old",
        "new_row",
        "old_row",
        "image",
        "source_row",
        "candidate",
        "predicate",
        "event",
        "operation",
        "chosen",
        "change",
        "after_image",
        "seq",
        "new_rows",
    ]
    .iter()
    .zip(1..)
    .map(|(name, id)| (id, name))
    {
        let sql = format!(
            "ALTER TABLE plain ADD COLUMN {} text DEFAULT 'x';
             INSERT INTO plain VALUES ({id}, 1);
             UPDATE plain SET value = 2;
             DELETE FROM plain",
            quoted(name)
        );
        session
            .batch_execute(&sql)
            .await
            .unwrap_or_else(|error| panic!("with a column {name}: {error:?}"));
        assert_eq!(
            pipeline.take_events(),
            [
                created(plain(id, 1)),
                updated(plain(id, 1), plain(id, 2)),
                deleted(plain(id, 2)),
            ]
        );
    }
}

/// A predicate over names that are columns here and something else in the function.
#[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
#[stream(
    table = "public.plain",
    delivery = "async",
    on_failure = "abort",
    when = "CASE operation WHEN 'u' THEN false ELSE event END"
)]
struct Shadowing {
    #[stream(key)]
    id: i32,
    operation: String,
    event: bool,
}

async fn a_predicate_sees_the_columns_and_nothing_of_ours(level: Level) {
    let pipeline = Pipeline::with_tables::<Only<Shadowing>>(
        level,
        "CREATE TABLE plain (id integer PRIMARY KEY, operation text NOT NULL, event boolean NOT NULL)",
    )
    .await;
    pipeline
        .run("INSERT INTO plain VALUES (1, 'u', true), (2, 'x', true), (3, 'x', false)")
        .await;
    pipeline.run("UPDATE plain SET operation = 'y'").await;
    pipeline.run("DELETE FROM plain").await;
    let row = |id, operation: &str| Shadowing {
        id,
        operation: operation.to_owned(),
        event: true,
    };
    assert_eq!(
        pipeline.take_events(),
        [
            created(row(2, "x")),
            created(row(1, "y")),
            updated(row(2, "x"), row(2, "y")),
            deleted(row(1, "y")),
            deleted(row(2, "y")),
        ]
    );
}
