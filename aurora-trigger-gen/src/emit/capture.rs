//! The functions of one table: to JSON, and the trigger function that hands its images to the relay.

use askama::Template;

use super::expression::Masks;
use super::layout::{list, pad};
use super::sql::{DollarQuoted, Identifier, Literal, LiteralArray, Remark, Sql, unused_tag};
use super::way::{ASYNC_BYTES, CHUNK_BYTES, SYNC_BYTES, Way};
use super::{keep, mask, names, pins, register, rows};
use crate::describe::{Delivery, KeyDesc, Level, Operations, Oversize, TableDesc, Unchanged};

#[derive(Template)]
#[template(path = "to_json_body.sql", escape = "none")]
struct ToJsonBody<'a> {
    table: &'a TableDesc,
}

#[derive(Template)]
#[template(path = "statement.sql", escape = "none")]
struct StatementBody<'a> {
    table: &'a TableDesc,
    operations: Operations,
    way: Way,
    keeps_dead_letters: bool,
}

#[derive(Template)]
#[template(path = "row.sql", escape = "none")]
struct RowBody<'a> {
    table: &'a TableDesc,
    operations: Operations,
    way: Way,
    keeps_dead_letters: bool,
}

#[derive(Template)]
#[template(path = "add.sql", escape = "none")]
struct Add<'a> {
    pad: String,
    chunk_bytes: usize,
    event_bytes: usize,
    keeps_dead_letters: bool,
    key_names: LiteralArray<'a>,
    source: Sql,
    send: Sql,
}

#[derive(Template)]
#[template(path = "add_operations.sql", escape = "none")]
struct AddOperations {
    pad: String,
    add: String,
    exit_unless_chosen: bool,
}

#[derive(Template)]
#[template(path = "add_pair.sql", escape = "none")]
struct AddPair {
    pad: String,
    has_predicate: bool,
    skips_unchanged: bool,
    add_operations: String,
}

/// What an UPDATE that lost rows did, as rows of the outbox.
#[derive(Template)]
#[template(path = "lost_rows.sql", escape = "none")]
struct LostRows {
    pad: String,
    old_images: String,
    new_images: String,
    skips_unchanged: bool,
}

/// The images of a transition table, with the position of each and its number among those of its key.
#[derive(Template)]
#[template(path = "numbered_images.sql", escape = "none")]
struct NumberedImages {
    pad: String,
    key: Sql,
    pair_key: Sql,
    has_predicate: bool,
    rows: String,
}

/// The same as events of calls.
#[derive(Template)]
#[template(path = "lost_row_events.sql", escape = "none")]
struct LostRowEvents {
    pad: String,
    lost_rows: String,
    add: String,
}

#[derive(Template)]
#[template(path = "table.sql", escape = "none")]
struct TableFunctions<'a> {
    step: String,
    remark: Remark<'a>,
    table_remark: Remark<'a>,
    fingerprint: String,
    to_json: Identifier<'a>,
    to_json_body: DollarQuoted,
    mask: Option<String>,
    level: &'static str,
    way: String,
    capture: Identifier<'a>,
    capture_body: DollarQuoted,
    pins: Vec<Sql>,
    comment: Literal<'a>,
    registration: String,
}

/// The name of the table's trigger function.
pub(super) fn function_name(table: &TableDesc) -> String {
    names::object(
        table,
        match table.level() {
            Level::Statement => names::CAPTURE,
            Level::Row => names::CAPTURE_ROW,
        },
    )
}

/// The name of the table's level.
pub(super) fn level(table: &TableDesc) -> &'static str {
    match table.level() {
        Level::Statement => "statement",
        Level::Row => "row",
    }
}

/// The statements that are captured.
pub(super) fn operations(table: &TableDesc) -> Vec<&'static str> {
    let operations = table.operations();
    [
        (operations.insert, "INSERT"),
        (operations.update, "UPDATE"),
        (operations.delete, "DELETE"),
        (operations.truncate, "TRUNCATE"),
    ]
    .into_iter()
    .filter_map(|(wanted, name)| wanted.then_some(name))
    .collect()
}

/// The table's functions, as SQL, and its entry in the registry.
pub(super) fn functions(table: &TableDesc) -> askama::Result<String> {
    let to_json = names::object(table, names::TO_JSON);
    let way = Way::of(table);
    let capture_body = match table.level() {
        Level::Statement => StatementBody {
            table,
            operations: table.operations(),
            way,
            keeps_dead_letters: keeps_dead_letters(table),
        }
        .render()?,
        Level::Row => RowBody {
            table,
            operations: table.operations(),
            way,
            keeps_dead_letters: keeps_dead_letters(table),
        }
        .render()?,
    };
    let fingerprint = table.fingerprint();
    let comment = format!(
        "{}, contract {fingerprint}, aurora-trigger {}",
        table.rust_path(),
        env!("CARGO_PKG_VERSION")
    );
    let mut functions = TableFunctions {
        step: String::new(),
        remark: Remark(table.rust_path()),
        table_remark: Remark(&format!("{}.{}", table.schema(), table.table())),
        fingerprint,
        to_json: Identifier(&to_json),
        to_json_body: DollarQuoted(ToJsonBody { table }.render()?),
        mask: mask::function(table)?,
        level: match table.level() {
            Level::Statement => "statement",
            Level::Row => "change of a row",
        },
        way: way.to_string(),
        capture: Identifier(&function_name(table)),
        capture_body: DollarQuoted(capture_body),
        pins: pins::of(table),
        comment: Literal(&comment),
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

pub(super) fn key_names(table: &TableDesc) -> Vec<&'static str> {
    table
        .key_columns()
        .iter()
        .map(|column| column.json())
        .collect()
}

/// The key of an image as text, by which two images are of one row.
fn key_text(table: &TableDesc, indent: usize) -> Sql {
    let columns: Vec<String> = key_names(table)
        .into_iter()
        .map(|name| format!("image.{}", Identifier(name)))
        .collect();
    Sql(match columns.as_slice() {
        [only] => format!("to_json({only})::text"),
        several => list("json_build_array(", several, ")::text", indent, 1),
    })
}

/// The arguments by which the shared functions know where events come from, in two lines at `indent`.
fn source(table: &TableDesc, indent: usize) -> Sql {
    Sql(format!(
        "{}, {}, {},\n{}capture, captured_us",
        Literal(table.schema()),
        Literal(table.table()),
        Literal(&table.fingerprint()),
        pad(indent)
    ))
}

fn send(table: &TableDesc, indent: usize) -> Sql {
    let source = source(table, indent + 4);
    let pad = pad(indent);
    let invocation = match table.delivery() {
        Delivery::Sync => "RequestResponse",
        _ => "Event",
    };
    Sql(match Way::of(table) {
        Way::CallOrWarn => format!(
            "failed_calls := aurora_trigger.send_or_warn(\n\
             {pad}    failed_calls, '{invocation}',\n{pad}    {source}, events\n{pad});"
        ),
        Way::CallOrKeep => format!(
            "failed_calls := aurora_trigger.send_or_keep(\n\
             {pad}    failed_calls, '{invocation}',\n{pad}    {source},\n\
             {pad}    {}, events\n{pad});",
            LiteralArray(key_names(table))
        ),
        Way::Call | Way::Outbox | Way::OutboxAtCommit => format!(
            "sent := aurora_trigger.send(\n\
             {pad}    '{invocation}',\n{pad}    {source}, events\n{pad});"
        ),
    })
}

/// What the error at hand means, as a text. Its line holds `others` characters besides.
fn misfit(table: &TableDesc, indent: usize, others: usize) -> Sql {
    let columns: Vec<String> = table
        .streamed()
        .map(|column| Literal(column.column()).to_string())
        .collect();
    let arguments = [
        "TG_RELID".to_owned(),
        Literal(table.rust_path()).to_string(),
        list("ARRAY[", &columns, "]::text[]", indent + 4, ",".len()),
        "SQLSTATE".to_owned(),
        "SQLERRM".to_owned(),
    ];
    Sql(list(
        "aurora_trigger.misfit(",
        &arguments,
        ")",
        indent,
        others,
    ))
}

fn add(table: &TableDesc, indent: usize) -> askama::Result<String> {
    Add {
        pad: pad(indent),
        chunk_bytes: CHUNK_BYTES,
        event_bytes: match table.delivery() {
            Delivery::Sync => SYNC_BYTES,
            _ => ASYNC_BYTES,
        },
        keeps_dead_letters: keeps_dead_letters(table),
        key_names: LiteralArray(key_names(table)),
        source: source(table, indent + 12),
        send: send(table, indent + 8),
    }
    .render()
}

fn add_operations(
    table: &TableDesc,
    indent: usize,
    exit_unless_chosen: bool,
) -> askama::Result<String> {
    if !Way::of(table).calls() {
        return keep::operations(indent, exit_unless_chosen);
    }
    AddOperations {
        pad: pad(indent),
        add: add(table, indent + 4)?,
        exit_unless_chosen,
    }
    .render()
}

fn skips_unchanged(table: &TableDesc) -> bool {
    table.unchanged() == Unchanged::Skip
}

impl ToJsonBody<'_> {
    fn image(&self, row: &str, indent: usize) -> Sql {
        rows::image(self.table, row, indent)
    }

    fn trust(&self, row: &str, indent: usize) -> Sql {
        rows::trust(self.table, row, indent)
    }
}

impl StatementBody<'_> {
    fn misfit(&self, indent: usize, others: usize) -> Sql {
        misfit(self.table, indent, others)
    }

    fn has_predicate(&self) -> bool {
        self.table.when().is_some()
    }

    fn key_text(&self, indent: usize) -> Sql {
        key_text(self.table, indent)
    }

    fn rows(&self, relation: &str, row: &str, indent: usize) -> askama::Result<String> {
        rows::rows(self.table, relation, row, indent)
    }

    fn add(&self, indent: usize) -> askama::Result<String> {
        add(self.table, indent)
    }

    fn keep_rows(&self, relation: &str, row: &str, indent: usize) -> askama::Result<String> {
        keep::rows(
            self.table,
            relation,
            row,
            |indent| self.key_text(indent),
            indent,
        )
    }

    fn add_pair(&self, indent: usize) -> askama::Result<String> {
        AddPair {
            pad: pad(indent),
            has_predicate: self.has_predicate(),
            skips_unchanged: skips_unchanged(self.table),
            add_operations: add_operations(self.table, indent, self.has_predicate())?,
        }
        .render()
    }

    fn is_partitioned(&self, indent: usize) -> Sql {
        let names = [
            Literal(self.table.schema()).to_string(),
            Literal(self.table.table()).to_string(),
        ];
        Sql(list(
            "aurora_trigger.is_partitioned(",
            &names,
            ")",
            indent,
            "IF TG_OP = 'UPDATE' AND  THEN".len(),
        ))
    }

    /// What an UPDATE did whose transition tables differ in length.
    fn lost_rows(&self, indent: usize) -> askama::Result<String> {
        if self.way.calls() {
            return LostRowEvents {
                pad: pad(indent),
                lost_rows: self.rows_by_key(indent + 4)?,
                add: self.add(indent + 4)?,
            }
            .render();
        }
        keep::from(self.table, indent, |indent| self.rows_by_key(indent))
    }

    fn rows_by_key(&self, indent: usize) -> askama::Result<String> {
        LostRows {
            pad: pad(indent),
            old_images: self.numbered_images("old_rows", "old_row", indent + 8)?,
            new_images: self.numbered_images("new_rows", "new_row", indent + 8)?,
            skips_unchanged: skips_unchanged(self.table),
        }
        .render()
    }

    fn numbered_images(&self, relation: &str, row: &str, indent: usize) -> askama::Result<String> {
        let key = self.key_text(indent + 8);
        NumberedImages {
            pad: pad(indent),
            pair_key: match self.table.key() {
                KeyDesc::Columns => key.clone(),
                // Nothing says which of its rows became which.
                KeyDesc::PartitionBy(_) => Sql("NULL::text".to_owned()),
            },
            key,
            has_predicate: self.has_predicate(),
            rows: self.rows(relation, row, indent + 4)?,
        }
        .render()
    }

    fn send(&self, indent: usize) -> Sql {
        send(self.table, indent)
    }
}

impl RowBody<'_> {
    fn misfit(&self, indent: usize, others: usize) -> Sql {
        misfit(self.table, indent, others)
    }

    fn skips_unchanged(&self) -> bool {
        skips_unchanged(self.table)
    }

    fn key_text(&self, indent: usize) -> Sql {
        key_text(self.table, indent)
    }

    fn image(&self, row: &str, indent: usize) -> Sql {
        rows::image(self.table, row, indent)
    }

    fn trust(&self, row: &str, indent: usize) -> Sql {
        rows::trust(self.table, row, indent)
    }

    fn chosen(&self, row: &str, indent: usize) -> Sql {
        let pad = pad(indent);
        rows::chosen(self.table, row, Masks::AreThere, indent + 4).map_or_else(
            || Sql("true".to_owned()),
            |query| Sql(format!("(\n{pad}    {query}\n{pad})")),
        )
    }

    fn add_operations(&self, indent: usize) -> askama::Result<String> {
        add_operations(self.table, indent, true)
    }

    fn send(&self, indent: usize) -> Sql {
        send(self.table, indent)
    }
}
