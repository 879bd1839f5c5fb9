//! Events into the outbox.

use askama::Template;

use super::layout::pad;
use super::rows;
use super::sql::{Literal, Sql};
use super::way::Way;
use crate::describe::TableDesc;

#[derive(Template)]
#[template(path = "keep.sql", escape = "none")]
struct Keep {
    pad: String,
    insert: String,
    at_commit: bool,
}

#[derive(Template)]
#[template(path = "keep_events.sql", escape = "none")]
struct KeepEvents<'a> {
    pad: String,
    lane: &'static str,
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

const LANE: &str = "aurora_trigger.lane_of(kept.row_key)";
/// The lane that all others wait for.
const TRUNCATION_LANE: &str = "-1";

/// `indent` is where it stands, and `from` what it keeps, by the indentation that it gets.
fn keep(
    table: &TableDesc,
    lane: &'static str,
    indent: usize,
    from: impl FnOnce(usize) -> askama::Result<String>,
) -> askama::Result<String> {
    let at_commit = Way::of(table).sends_at_commit();
    let inner = if at_commit { indent + 4 } else { indent };
    let insert = KeepEvents {
        pad: pad(inner),
        lane,
        schema: Literal(table.schema()),
        table: Literal(table.table()),
        fingerprint: Literal(&table.fingerprint()),
        at_commit,
        from: from(inner)?,
    }
    .render()?;
    Keep {
        pad: pad(indent),
        insert,
        at_commit,
    }
    .render()
}

/// The rows of a transition table as inserted or deleted; `key` by the indentation that it gets.
pub(super) fn rows(
    table: &TableDesc,
    relation: &str,
    row: &str,
    key: impl FnOnce(usize) -> Sql,
    indent: usize,
) -> askama::Result<String> {
    let image = "row_to_json(image.*)";
    let (operation, before, after) = match relation {
        "old_rows" => ('d', image, "NULL::json"),
        _ => ('c', "NULL::json", image),
    };
    keep(table, LANE, indent, |indent| {
        KeepRows {
            pad: pad(indent),
            operation,
            key: key(indent + 8),
            before,
            after,
            rows: rows::rows(table, relation, row, indent + 4)?,
            has_predicate: table.when().is_some(),
        }
        .render()
    })
}

/// What a query gives as `kept`, by the indentation that it gets.
pub(super) fn from(
    table: &TableDesc,
    indent: usize,
    query: impl FnOnce(usize) -> askama::Result<String>,
) -> askama::Result<String> {
    keep(table, LANE, indent, query)
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
    keep(table, LANE, indent, |indent| {
        Ok(format!(
            "unnest(kept_operations, kept_keys, kept_before, kept_after)\n\
             {}    AS kept (operation, row_key, before_image, after_image)",
            pad(indent)
        ))
    })
}

/// The gathered arrays, where they hold one event: an UPDATE of one row takes a fifth less so.
pub(super) fn one(table: &TableDesc, indent: usize) -> askama::Result<String> {
    keep(table, LANE, indent, |indent| {
        Ok(format!(
            "(VALUES (kept_operations[1], kept_keys[1], kept_before[1], kept_after[1]))\n\
             {}    AS kept (operation, row_key, before_image, after_image)",
            pad(indent)
        ))
    })
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
    keep(table, TRUNCATION_LANE, indent, |indent| {
        Ok(format!(
            "(VALUES ('t'::\"char\", NULL::json, NULL::json))\n\
             {}    AS kept (operation, before_image, after_image)",
            pad(indent)
        ))
    })
}
