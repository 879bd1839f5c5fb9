//! The queue of a table: what its triggers write, and the function by which a drain makes events of that.
//!
//! Its objects have the version of the struct in their names: what was written before the struct changed stays as it is
//! until a drain has collected it.

use askama::Template;

use super::layout::list;
use super::sql::{Identifier, Literal, Sql, unused_tag};
use super::{capture, image_type, names, pins};
use crate::describe::{KeyDesc, TableDesc, Unchanged};

/// The names of a queue's objects.
pub(super) struct Names {
    /// The type of an image.
    pub(super) image: String,
    /// The tables that take turns.
    pub(super) parts: [String; 2],
    /// The function that makes events.
    pub(super) events: String,
}

impl Names {
    pub(super) fn of(table: &TableDesc) -> Self {
        let version = version(table);
        let name =
            |kind: &str, part: &str| names::object(table, &format!("_{kind}_{version}{part}"));
        Self {
            image: name("image", ""),
            parts: [name("queue", "_0"), name("queue", "_1")],
            events: name("events", ""),
        }
    }
}

/// The hash of all that rows of the queue have in common, and that a later struct may change.
fn version(table: &TableDesc) -> String {
    let hash = names::hash([
        &image_type::attributes(table).to_string(),
        &capture::key_text(table, "(q.after)").to_string(),
        &table.fingerprint(),
    ]);
    format!("{:08x}", hash >> 32)
}

#[derive(Template)]
#[template(path = "table/queue.sql", escape = "none")]
struct Queue<'a> {
    image: Identifier<'a>,
    image_name: Literal<'a>,
    attributes: Sql,
    parts: [(Identifier<'a>, Literal<'a>); 2],
    events: Identifier<'a>,
    events_name: Literal<'a>,
    events_tag: String,
    pins: Vec<Sql>,
    schema: Literal<'a>,
    table: Literal<'a>,
    fingerprint: Literal<'a>,
    old_key: Sql,
    new_key: Sql,
    key_object: Sql,
    has_key: bool,
    skips_unchanged: bool,
}

/// The objects of the table's queue, as SQL.
pub(super) fn objects(table: &TableDesc) -> askama::Result<String> {
    let names = Names::of(table);
    let fingerprint = table.fingerprint();
    let part = |number: usize| {
        (
            Identifier(&names.parts[number]),
            Literal(&names.parts[number]),
        )
    };
    let mut queue = Queue {
        image: Identifier(&names.image),
        image_name: Literal(&names.image),
        attributes: image_type::attributes(table),
        parts: [part(0), part(1)],
        events: Identifier(&names.events),
        events_name: Literal(&names.events),
        events_tag: String::new(),
        pins: pins::of_printed_values(table),
        schema: Literal(table.schema()),
        table: Literal(table.table()),
        fingerprint: Literal(&fingerprint),
        old_key: capture::key_text(table, "(q.before)"),
        new_key: capture::key_text(table, "(q.after)"),
        key_object: key_object(table),
        has_key: matches!(table.key(), KeyDesc::Columns),
        skips_unchanged: table.unchanged() == Unchanged::Skip,
    };
    queue.events_tag = unused_tag("body", &queue.render()?);
    queue.render()
}

/// The key of an event, as all that is left of it.
fn key_object(table: &TableDesc) -> Sql {
    let members: Vec<String> = capture::key_names(table)
        .into_iter()
        .map(|name| {
            format!(
                "{}, (CASE WHEN e.op = 'd' THEN e.before ELSE e.after END).{}",
                Literal(name),
                Identifier(name)
            )
        })
        .collect();
    Sql(list("json_build_object(", &members, ")"))
}
