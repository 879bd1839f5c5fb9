//! The app that captures a table, so that the files of two apps do not undo each other.

use askama::Template;

use super::sql::{DollarQuoted, Literal, LiteralArray};
use crate::describe::TableDesc;

#[derive(Template)]
#[template(path = "ownership.sql", escape = "none")]
struct Ownership<'a> {
    tables: Vec<(Literal<'a>, Literal<'a>, Literal<'a>)>,
    removes: bool,
    apps: LiteralArray<'a>,
    version: &'static str,
    version_numbers: &'static str,
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
        apps: LiteralArray(of_all(tables)),
        version: env!("CARGO_PKG_VERSION"),
        version_numbers: concat!(
            env!("CARGO_PKG_VERSION_MAJOR"),
            ", ",
            env!("CARGO_PKG_VERSION_MINOR"),
            ", ",
            env!("CARGO_PKG_VERSION_PATCH")
        ),
    }
    .render()?;
    Ok(DollarQuoted(body))
}
