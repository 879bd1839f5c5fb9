//! A table's entry in the registry, by which the drain and the daily commands know it.

use askama::Template;

use super::capture::{Operation, key_names};
use super::sql::{Literal, LiteralArray, Sql};
use super::{app, capture, check, layout, names};
use crate::describe::{Delivery, KeyDesc, OnFailure, Oversize, TableDesc};

#[derive(Template)]
#[template(path = "table/register.sql", escape = "none")]
struct Register<'a> {
    schema: Literal<'a>,
    table: Literal<'a>,
    delivery: &'static str,
    on_failure: &'static str,
    oversize: &'static str,
    key_names: LiteralArray<'a>,
    has_key: bool,
    app: Literal<'a>,
    rust_path: Literal<'a>,
    version: &'static str,
    level: &'static str,
    operations: LiteralArray<'a>,
    functions: Vec<Sql>,
    columns: Sql,
    fingerprint: Literal<'a>,
    has_predicate: bool,
}

pub(super) fn table(table: &TableDesc) -> askama::Result<String> {
    let fingerprint = table.fingerprint();
    Register {
        schema: Literal(table.schema()),
        table: Literal(table.table()),
        delivery: match table.delivery() {
            Delivery::Async => "async",
            Delivery::Sync => "sync",
            Delivery::Commit => "commit",
            Delivery::Outbox => "outbox",
        },
        on_failure: match table.on_failure() {
            OnFailure::Warn => "warn",
            OnFailure::Abort => "abort",
            OnFailure::Outbox => "outbox",
        },
        oversize: match table.oversize() {
            Oversize::KeyOnly => "key_only",
            Oversize::DeadLetter => "dead_letter",
        },
        key_names: LiteralArray(key_names(table)),
        has_key: matches!(table.key(), KeyDesc::Columns),
        app: Literal(app::of(table)),
        rust_path: Literal(table.rust_path()),
        version: env!("CARGO_PKG_VERSION"),
        level: capture::level(table),
        operations: LiteralArray(capture::operations(table).map(Operation::name).collect()),
        functions: names::all(table)
            .iter()
            .map(|name| Sql(Literal(name).to_string()))
            .collect(),
        columns: columns(table),
        fingerprint: Literal(&fingerprint),
        has_predicate: table.when().is_some(),
    }
    .render()
}

/// The types of columns that a write's trigger compares the table with.
fn columns(table: &TableDesc) -> Sql {
    if !capture::keeps_misfits(table) {
        return Sql("NULL".to_owned());
    }
    let columns = layout::json(&check::named_columns(table), 4, "'',".len());
    Sql(layout::verbatim(&Literal(&columns).quoted()))
}
