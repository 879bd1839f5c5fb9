//! Events into the outbox.

use askama::Template;

use super::layout::pad;
use super::rows;
use super::sql::{Literal, Sql};
use super::way::Way;
use crate::describe::TableDesc;

#[derive(Template)]
#[template(path = "keep.sql", escape = "none")]
struct Keep<'a> {
    pad: String,
    schema: Literal<'a>,
    table: Literal<'a>,
    fingerprint: Literal<'a>,
    at_commit: bool,
    from: String,
}

#[derive(Template)]
#[template(path = "keep_rows.sql", escape = "none")]
struct KeepRows {
    pad: String,
    operation: char,
    key: Sql,
    before: &'static str,
    after: &'static str,
    rows: String,
    has_predicate: bool,
}

#[derive(Template)]
#[template(path = "keep_operations.sql", escape = "none")]
struct KeepOperations {
    pad: String,
    exit_unless_chosen: bool,
}

#[derive(Template)]
#[template(path = "keep_some.sql", escape = "none")]
struct KeepSome {
    pad: String,
    keep: String,
}

#[derive(Template)]
#[template(path = "keep_truncate.sql", escape = "none")]
struct KeepTruncate<'a> {
    pad: String,
    schema: Literal<'a>,
    table: Literal<'a>,
    fingerprint: Literal<'a>,
    at_commit: bool,
}

fn keep(table: &TableDesc, from: String, indent: usize) -> askama::Result<String> {
    Keep {
        pad: pad(indent),
        schema: Literal(table.schema()),
        table: Literal(table.table()),
        fingerprint: Literal(&table.fingerprint()),
        at_commit: Way::of(table).sends_at_commit(),
        from,
    }
    .render()
}

/// The rows of a transition table as inserted or deleted.
pub(super) fn rows(
    table: &TableDesc,
    relation: &str,
    row: &str,
    key: Sql,
    indent: usize,
) -> askama::Result<String> {
    let image = "row_to_json(image.*)";
    let (operation, before, after) = match relation {
        "old_rows" => ('d', image, "NULL::json"),
        _ => ('c', "NULL::json", image),
    };
    let from = KeepRows {
        pad: pad(indent),
        operation,
        key,
        before,
        after,
        rows: rows::rows(table, relation, row, indent + 4)?,
        has_predicate: table.when().is_some(),
    }
    .render()?;
    keep(table, from, indent)
}

/// What became of a row, into the arrays that are kept together.
pub(super) fn operations(indent: usize, exit_unless_chosen: bool) -> askama::Result<String> {
    KeepOperations {
        pad: pad(indent),
        exit_unless_chosen,
    }
    .render()
}

/// The gathered arrays.
pub(super) fn arrays(table: &TableDesc, indent: usize) -> askama::Result<String> {
    let inner = pad(indent);
    let from = format!(
        "unnest(kept_operations, kept_keys, kept_before, kept_after)\n\
         {inner}    AS kept (operation, row_key, before_image, after_image)"
    );
    keep(table, from, indent)
}

/// The gathered arrays, so far.
pub(super) fn some(table: &TableDesc, indent: usize) -> askama::Result<String> {
    KeepSome {
        pad: pad(indent),
        keep: arrays(table, indent)?,
    }
    .render()
}

pub(super) fn truncate(table: &TableDesc, indent: usize) -> askama::Result<String> {
    KeepTruncate {
        pad: pad(indent),
        schema: Literal(table.schema()),
        table: Literal(table.table()),
        fingerprint: Literal(&table.fingerprint()),
        at_commit: Way::of(table).sends_at_commit(),
    }
    .render()
}
