//! Names are names, whatever they hold.

use aurora_trigger_gen::describe::{
    ColumnDesc, Delivery, FieldDesc, KeyDesc, Level, OnFailure, QualifiedName, TableDesc, TypeDesc,
};
use aurora_trigger_gen::{PgType, emit};
use pipeline_tests::Pipeline;
use serde_json::Value;

const NAMES: &[&str] = &[
    "select",
    "Upper Case",
    " leading and trailing ",
    "a\"b",
    "\"",
    "a'b",
    "''",
    "back\\slash",
    "\\'; DROP TABLE canary; --",
    "\"; DROP TABLE canary; --",
    "'); DROP TABLE canary; --",
    "$$",
    "$$; DROP TABLE canary; --",
    "$body$",
    "$body$; DROP TABLE canary; DO $body$",
    "$body_1$",
    "line\nbreak",
    "line\r\nbreak; DROP TABLE canary;",
    "\n$body$;\nDROP TABLE canary;\n",
    "tab\t",
    "--comment",
    "/*comment",
    "*/",
    "{{ braces }}",
    "%I %s %%",
    ":variable :'variable'",
    "\\q",
    "\\! false",
    "CREATE TRIGGER",
    " EXECUTE PROCEDURE ",
    "old_row",
    "new_rows",
    "image",
    "candidate",
    "record_1",
    "present",
    "missing",
    "source_row",
    "made",
    "found",
    "fits",
    "misfit",
    "place",
    "turn",
    "ctid_",
    "naïve",
    "🙂🙂🙂",
    "[0].a->'b'",
    "null",
];

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table whose every name is `name`, or begins with it.
fn table(name: &'static str, delivery: Delivery) -> TableDesc {
    let enumeration: &'static TypeDesc = Box::leak(Box::new(TypeDesc::enumeration(
        QualifiedName::new(Some(name), leak(format!("{name}_e"))),
        Box::leak(Box::new([name])),
        false,
    )));
    let composite: &'static TypeDesc = Box::leak(Box::new(TypeDesc::composite(
        QualifiedName::new(Some(name), leak(format!("{name}_c"))),
        Box::leak(Box::new([FieldDesc::new(name, name, &String::TYPE)])),
    )));
    let columns: &'static [ColumnDesc] = Box::leak(Box::new([
        ColumnDesc::new("key", name, name, &i32::TYPE).with_key(),
        ColumnDesc::new(
            "text",
            leak(format!("{name}_t")),
            leak(format!("{name}_t")),
            &String::TYPE,
        ),
        ColumnDesc::new(
            "label",
            leak(format!("{name}_e")),
            leak(format!("{name}_e")),
            enumeration,
        ),
        ColumnDesc::new(
            "pair",
            leak(format!("{name}_c")),
            leak(format!("{name}_c")),
            composite,
        ),
    ]));
    TableDesc::new(
        leak(format!("app::{name}")),
        name,
        name,
        columns,
        KeyDesc::Columns,
        delivery,
    )
    .with_when(leak(format!(
        "{} <> '\\' AND {} <> ''",
        quoted(&format!("{name}_t")),
        quoted(&format!("{name}_e"))
    )))
}

/// The DDL of the table.
fn ddl(name: &str) -> String {
    let [plain, text, label, pair] =
        ["", "_t", "_e", "_c"].map(|suffix| quoted(&format!("{name}{suffix}")));
    // Doubled backslashes in the E form mean the same everywhere.
    let value = format!("E'{}'", name.replace('\\', "\\\\").replace('\'', "''"));
    format!(
        "CREATE SCHEMA {plain};
         CREATE TYPE {plain}.{label} AS ENUM ({value});
         CREATE TYPE {plain}.{pair} AS ({plain} text);
         CREATE TABLE {plain}.{plain} (
             {plain} integer PRIMARY KEY, {text} text NOT NULL,
             {label} {plain}.{label} NOT NULL, {pair} {plain}.{pair} NOT NULL
         );"
    )
}

fn write(name: &str) -> String {
    let table = format!("{0}.{0}", quoted(name));
    let value = format!("E'{}'", name.replace('\\', "\\\\").replace('\'', "''"));
    format!(
        "INSERT INTO {table} VALUES (1, {value}, {value}, ROW({value}));
         UPDATE {table} SET {text} = 'x';
         DELETE FROM {table};",
        text = quoted(&format!("{name}_t")),
    )
}

/// Three events, whose names and values are the table's.
fn assert_events(pipeline: &Pipeline, name: &str) {
    let payloads: Vec<Value> = pipeline
        .take_calls()
        .iter()
        .map(|call| serde_json::from_str(&call.payload).expect("the database sends JSON"))
        .collect();
    let batches = payloads.iter().flat_map(|payload| of(payload, "batches"));
    let events: Vec<&Value> = batches
        .flat_map(|batch| {
            assert_eq!(batch["source"]["schema"], name);
            assert_eq!(batch["source"]["table"], name);
            of(batch, "events")
        })
        .collect();
    assert_eq!(events.len(), 3, "of {name:?}");
    for (event, op) in events.into_iter().zip(["c", "u", "d"]) {
        assert_eq!(event["op"], op, "{name:?}: {event}");
        let image = if op == "c" {
            &event["after"]
        } else {
            &event["before"]
        };
        let text = if op == "d" { "x" } else { name };
        let expected = serde_json::json!({
            name: 1,
            (format!("{name}_t")): text,
            (format!("{name}_e")): name,
            (format!("{name}_c")): {name: name},
        });
        assert_eq!(*image, expected, "{name:?}");
    }
}

fn of<'a>(value: &'a Value, list: &str) -> &'a [Value] {
    value[list].as_array().map_or(&[], Vec::as_slice)
}

fn called(level: Level) -> impl Fn(&'static str) -> TableDesc {
    move |name| {
        table(name, Delivery::Async)
            .with_on_failure(OnFailure::Abort)
            .with_level(level)
    }
}

async fn names_mean_themselves(
    table: impl Fn(&'static str) -> TableDesc,
    settings: &str,
    by_psql: bool,
) {
    let pipeline = Pipeline::start().await;
    pipeline.run("CREATE TABLE canary ()").await;
    let longest: &'static str = leak("é".repeat(30) + "x");
    let names: Vec<&'static str> = NAMES.iter().copied().chain([longest]).collect();
    let tables: Vec<TableDesc> = names.iter().copied().map(table).collect();
    let tables: Vec<&TableDesc> = tables.iter().collect();
    for name in &names {
        pipeline.run(&ddl(name)).await;
    }

    let install = format!(
        "{settings}\n{}\nSELECT aurora_trigger.configure('relay');",
        emit::install(&tables, None)
    );
    let remove = format!("{settings}\n{}", emit::remove(&tables));
    let session = pipeline.session().await;
    let run = async |sql: &str| {
        if by_psql {
            let output = pipeline.psql(&["--single-transaction"], sql);
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        } else {
            session
                .batch_execute(sql)
                .await
                .unwrap_or_else(|error| panic!("{error:?}"));
        }
    };
    // Twice, so that names in the catalogue are compared with names in the file.
    run(&install).await;
    run(&install).await;
    for name in &names {
        session
            .batch_execute(&write(name))
            .await
            .unwrap_or_else(|error| panic!("{name:?}: {error:?}"));
        if tables[0].delivery() == Delivery::Outbox {
            pipeline.drain().await;
        }
        assert_events(&pipeline, name);
    }
    run(&remove).await;
    let left: i64 = session
        .query_one(
            "SELECT count(*) FROM pg_trigger AS t WHERE t.tgname LIKE 'aurora%' AND NOT t.tgisinternal",
            &[],
        )
        .await
        .expect("the catalogue can be read")
        .get(0);
    assert_eq!(left, 0);
    session
        .batch_execute("TABLE canary")
        .await
        .expect("nothing was injected");
}

#[tokio::test]
async fn names_mean_themselves_at_statement_level() {
    names_mean_themselves(called(Level::Statement), "", false).await;
}

#[tokio::test]
async fn names_mean_themselves_at_row_level() {
    names_mean_themselves(called(Level::Row), "", false).await;
}

#[tokio::test]
async fn names_mean_themselves_in_the_outbox() {
    names_mean_themselves(|name| table(name, Delivery::Outbox), "", false).await;
}

#[tokio::test]
async fn names_mean_themselves_at_the_commit() {
    names_mean_themselves(|name| table(name, Delivery::Commit), "", false).await;
}

#[tokio::test]
async fn names_mean_themselves_where_backslashes_escape() {
    names_mean_themselves(
        called(Level::Statement),
        "SET standard_conforming_strings = off; SET escape_string_warning = off;",
        false,
    )
    .await;
}

#[tokio::test]
async fn names_mean_themselves_where_all_names_are_quoted() {
    names_mean_themselves(
        called(Level::Statement),
        "SET quote_all_identifiers = on;",
        false,
    )
    .await;
}

#[tokio::test]
async fn names_mean_themselves_to_psql() {
    names_mean_themselves(called(Level::Statement), "", true).await;
}

#[tokio::test]
async fn names_mean_themselves_to_psql_where_backslashes_escape() {
    names_mean_themselves(
        called(Level::Row),
        "SET standard_conforming_strings = off;",
        true,
    )
    .await;
}

#[tokio::test]
async fn names_of_63_bytes_are_not_cut() {
    let pipeline = Pipeline::start().await;
    for end in ["a", "b"] {
        let name = leak("n".repeat(62) + end);
        let columns: &'static [ColumnDesc] =
            Box::leak(Box::new([
                ColumnDesc::new("key", name, name, &i32::TYPE).with_key()
            ]));
        let table = TableDesc::new(
            "app::Long",
            name,
            name,
            columns,
            KeyDesc::Columns,
            Delivery::Async,
        )
        .with_on_failure(OnFailure::Abort);
        pipeline
            .run(&format!(
                "CREATE SCHEMA {name}; CREATE TABLE {name}.{name} ({name} integer PRIMARY KEY)"
            ))
            .await;
        pipeline.install_tables(&[&table]).await;
        pipeline
            .run(&format!("INSERT INTO {name}.{name} VALUES (1)"))
            .await;
        let calls = pipeline.take_calls();
        let payload: Value =
            serde_json::from_str(&calls[0].payload).expect("the database sends JSON");
        assert_eq!(
            payload["batches"][0]["events"][0]["after"],
            serde_json::json!({name: 1})
        );
    }
}
