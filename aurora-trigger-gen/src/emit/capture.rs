//! The functions of one table: to JSON, and those of its triggers, which hand its images to the relay.

use askama::Template;

use super::sql::{Identifier, Remark, Sql, unused_tag};
use super::trigger_function::TriggerFunction;
use super::way::Way;
use super::{layout, mask, names, pins, queue, register, rows};
use crate::describe::{ColumnDesc, Level, Oversize, TableDesc};

#[derive(Template)]
#[template(path = "table/functions.sql", escape = "none")]
struct TableFunctions<'a> {
    step: String,
    remark: Remark<'a>,
    table_remark: Remark<'a>,
    fingerprint: String,
    to_json: Identifier<'a>,
    to_json_tag: String,
    to_json_image: Sql,
    to_json_trust: Sql,
    mask: Option<String>,
    queue: Option<String>,
    pins: Vec<Sql>,
    trigger_functions: Vec<String>,
    registration: String,
}

/// The name of the table's level.
pub(super) fn level(table: &TableDesc) -> &'static str {
    match table.level() {
        Level::Statement => "statement",
        Level::Row => "row",
    }
}

/// An operation that is captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Insert,
    Update,
    Delete,
    Truncate,
}

impl Operation {
    pub(super) const ALL: [Self; 4] = [Self::Insert, Self::Update, Self::Delete, Self::Truncate];

    /// As SQL has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Truncate => "TRUNCATE",
        }
    }

    pub(super) fn is_captured(self, table: &TableDesc) -> bool {
        let operations = table.operations();
        match self {
            Self::Insert => operations.insert,
            Self::Update => operations.update,
            Self::Delete => operations.delete,
            Self::Truncate => operations.truncate,
        }
    }

    /// The name of the function that its trigger calls.
    pub(super) fn function_name(self, table: &TableDesc) -> String {
        let suffix = match (self, table.level()) {
            (Self::Truncate, _) => names::TRUNCATE,
            (_, Level::Row) => names::ROW,
            (Self::Insert, Level::Statement) => names::INSERT,
            (Self::Update, Level::Statement) => names::UPDATE,
            (Self::Delete, Level::Statement) => names::DELETE,
        };
        names::object(table, suffix)
    }
}

/// The operations that are captured.
pub(super) fn operations(table: &TableDesc) -> impl Iterator<Item = Operation> {
    Operation::ALL
        .into_iter()
        .filter(|operation| operation.is_captured(table))
}

/// The functions that the table's triggers call, each once: its name, and the first operation that calls it.
pub(super) fn trigger_functions(table: &TableDesc) -> Vec<(String, Operation)> {
    let mut functions: Vec<(String, Operation)> = operations(table)
        .map(|operation| (operation.function_name(table), operation))
        .collect();
    functions.dedup_by(|next, first| next.0 == first.0);
    functions
}

/// The table's functions, as SQL, and its entry in the registry.
pub(super) fn functions(table: &TableDesc) -> askama::Result<String> {
    let to_json = names::object(table, names::TO_JSON);
    let (image, trust) = (
        rows::image(table, "source_row"),
        rows::trust(table, "source_row"),
    );
    let mut functions = TableFunctions {
        step: String::new(),
        remark: Remark(table.rust_path()),
        table_remark: Remark(&format!("{}.{}", table.schema(), table.table())),
        fingerprint: table.fingerprint(),
        to_json: Identifier(&to_json),
        to_json_tag: unused_tag("body", &format!("{image}{trust}")),
        to_json_image: image,
        to_json_trust: trust,
        mask: mask::function(table)?,
        queue: Way::of(table)
            .has_queue()
            .then(|| queue::objects(table))
            .transpose()?,
        pins: pins::of(table),
        trigger_functions: TriggerFunction::all(table)?,
        registration: register::table(table)?,
    };
    functions.step = unused_tag("step", &functions.render()?);
    functions.render()
}

/// `"schema"."table"`.
pub(super) fn qualified(table: &TableDesc) -> Sql {
    Sql(format!(
        "{}.{}",
        Identifier(table.schema()),
        Identifier(table.table())
    ))
}

/// Whether the trigger keeps an event that is too big instead of reducing it to its key.
pub(super) fn keeps_dead_letters(table: &TableDesc) -> bool {
    Way::of(table).calls() && table.oversize() == Oversize::DeadLetter
}

/// A write goes on though its table no longer fits the struct.
pub(super) fn keeps_misfits(table: &TableDesc) -> bool {
    Way::of(table).keeps_misfits()
}

/// The columns that the trigger functions name: the streamed ones, and with a predicate all.
pub(super) fn named_columns(table: &TableDesc) -> impl Iterator<Item = &'static ColumnDesc> {
    let has_predicate = table.when().is_some();
    table
        .columns()
        .iter()
        .filter(move |column| has_predicate || !column.is_skipped())
}

/// The key of the image that `image` names, as text: by it two images are of one row, and a row has its lane.
pub(super) fn key_text(table: &TableDesc, image: &str) -> Sql {
    let columns: Vec<String> = key_names(table)
        .into_iter()
        .map(|name| format!("{image}.{}", Identifier(name)))
        .collect();
    Sql(match columns.as_slice() {
        [only] => format!("to_json({only})::text"),
        several => layout::list("json_build_array(", several, ")::text"),
    })
}

pub(super) fn key_names(table: &TableDesc) -> Vec<&'static str> {
    table
        .key_columns()
        .iter()
        .map(|column| column.json())
        .collect()
}
