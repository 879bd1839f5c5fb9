//! Which app captures a table, so that the files of two apps do not undo each other.

use askama::Template;

use super::sql::{DollarQuoted, Literal, Sql};
use crate::describe::TableDesc;

#[derive(Template)]
#[template(path = "ownership.sql", escape = "none")]
struct Ownership<'a> {
    tables: Vec<(Literal<'a>, Literal<'a>, Literal<'a>)>,
    removes: bool,
    apps: Sql,
    version: &'static str,
    version_numbers: String,
}

/// The app that captures the table: the crate of its struct.
pub(super) fn of(table: &TableDesc) -> &'static str {
    let path = table.rust_path();
    path.split_once("::").map_or(path, |(name, _)| name)
}

/// The apps of these tables, each once.
pub(super) fn of_all(tables: &[&TableDesc]) -> Vec<&'static str> {
    let mut apps: Vec<_> = tables.iter().map(|table| of(table)).collect();
    apps.sort_unstable();
    apps.dedup();
    apps
}

/// The refusal of tables that another app captures.
pub(super) fn ownership(tables: &[&TableDesc], removes: bool) -> askama::Result<DollarQuoted> {
    let apps: Vec<String> = of_all(tables)
        .into_iter()
        .map(|app| Literal(app).to_string())
        .collect();
    let version = env!("CARGO_PKG_VERSION");
    let body = Ownership {
        tables: tables
            .iter()
            .map(|table| {
                (
                    Literal(table.schema()),
                    Literal(table.table()),
                    Literal(of(table)),
                )
            })
            .collect(),
        removes,
        apps: Sql(apps.join(", ")),
        version,
        version_numbers: version_numbers(version),
    }
    .render()?;
    Ok(DollarQuoted(body))
}

/// `1.2.3-beta` as `1, 2, 3`.
fn version_numbers(version: &str) -> String {
    version
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .next()
        .unwrap_or_default()
        .split('.')
        .collect::<Vec<_>>()
        .join(", ")
}
