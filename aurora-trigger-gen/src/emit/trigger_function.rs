//! The functions that a table's triggers call: one for each operation, or at row level one for all that have rows.

use askama::Template;

use super::capture::{self, Operation};
use super::expression::{self, Masks};
use super::layout::{block, list};
use super::sql::{Identifier, Literal, LiteralArray, Sql, unused_tag};
use super::way::{ASYNC_BYTES, SYNC_BYTES, Way};
use super::{image_type, pins, queue, rows};
use crate::describe::{
    ColumnDesc, Delivery, KeyDesc, Level, Shape, TableDesc, TypeDesc, Unchanged,
};

/// The parts of a trigger function that its templates print.
pub(super) struct TriggerFunction<'a> {
    table: &'a TableDesc,
    name: Identifier<'a>,
    body_tag: String,
    pins: Vec<Sql>,
    comment: Literal<'a>,
    way: Way,
    operation: Operation,
    queue: Option<&'a queue::Names>,
    keeps_dead_letters: bool,
    has_predicate: bool,
    skips_unchanged: bool,
    /// There are several changes, which have an order.
    has_places: bool,
    event_bytes: usize,
    schema: Literal<'a>,
    table_name: Literal<'a>,
    fingerprint: Literal<'a>,
    key_hash: &'static str,
    key: Sql,
    key_names: LiteralArray<'a>,
    source: Sql,
    send: Sql,
    misfit: Sql,
    keeps_misfits: bool,
    missing: Sql,
    fits: Sql,
    row_fits: Sql,
    row_is_read: Sql,
    open_names: Sql,
    guarded_names: Sql,
    key_column_names: Sql,
}

#[derive(Template)]
#[template(path = "table/insert.sql", escape = "none")]
struct Insert<'a> {
    function: &'a TriggerFunction<'a>,
    new_rows: String,
}

#[derive(Template)]
#[template(path = "table/update.sql", escape = "none")]
struct Update<'a> {
    function: &'a TriggerFunction<'a>,
    is_partitioned: String,
    changes: Changes,
}

/// The rows of both transition tables.
enum Changes {
    /// One after the other, for the queue.
    ToQueue(String),
    /// In pairs, in both ways.
    InPairs { by_place: String, by_key: String },
}

#[derive(Template)]
#[template(path = "table/delete.sql", escape = "none")]
struct Delete<'a> {
    function: &'a TriggerFunction<'a>,
    old_rows: String,
}

#[derive(Template)]
#[template(path = "table/truncate.sql", escape = "none")]
struct Truncate<'a> {
    function: &'a TriggerFunction<'a>,
}

#[derive(Template)]
#[template(path = "table/row.sql", escape = "none")]
struct Row<'a> {
    function: &'a TriggerFunction<'a>,
    old: RowImage,
    new: RowImage,
    /// Both as a row of the queue.
    queued: Option<String>,
}

/// A row that the trigger is called for.
struct RowImage {
    image: Sql,
    trust: Sql,
    chosen: Option<Sql>,
}

/// A transition table, or the row that a trigger is called for, as images of a queue.
struct QueuedImages<'a> {
    relation: &'a str,
    row: &'a str,
    image: Sql,
    chosen: Option<Sql>,
    trust: Option<Sql>,
}

/// A transition table's rows as those of a queue, with one image each.
#[derive(Template)]
#[template(path = "table/queued_rows.sql", escape = "none")]
struct QueuedRows<'a> {
    op: &'a str,
    rows: QueuedImages<'a>,
}

/// The rows of both transition tables as those of a queue, with both images.
#[derive(Template)]
#[template(path = "table/queued_pairs.sql", escape = "none")]
struct QueuedPairs {
    has_predicate: bool,
    old_images: String,
    new_images: String,
}

/// The images of a transition table in their order.
#[derive(Template)]
#[template(path = "table/queued_numbered.sql", escape = "none")]
struct QueuedNumbered<'a> {
    ordinal: &'a str,
    rows: QueuedImages<'a>,
}

/// A row's change as a row of a queue.
#[derive(Template)]
#[template(path = "table/queued_row.sql", escape = "none")]
struct QueuedRow<'a> {
    old: QueuedImages<'a>,
    new: QueuedImages<'a>,
}

/// The images of both transition tables in pairs.
#[derive(Template)]
#[template(path = "table/pairs.sql", escape = "none")]
struct Pairs {
    by_key: bool,
    old_images: String,
    new_images: String,
}

/// The images of a transition table in their order, with what pairs them.
#[derive(Template)]
#[template(path = "table/images.sql", escape = "none")]
struct Images {
    by_key: bool,
    key: Sql,
    pair_key: &'static str,
    has_predicate: bool,
    rows: String,
}

impl TriggerFunction<'_> {
    /// All of a table, as SQL.
    pub(super) fn all(table: &TableDesc) -> askama::Result<Vec<String>> {
        let comment = format!(
            "{}, contract {}, aurora-trigger {}",
            table.rust_path(),
            table.fingerprint(),
            env!("CARGO_PKG_VERSION")
        );
        let fingerprint = table.fingerprint();
        let queue = Way::of(table).has_queue().then(|| queue::Names::of(table));
        let mut functions: Vec<String> = Vec::new();
        for (name, operation) in capture::trigger_functions(table) {
            let mut function = TriggerFunction {
                table,
                name: Identifier(&name),
                body_tag: String::new(),
                pins: match table.level() {
                    _ if Way::of(table).has_queue() => pins::of_kept_values(table),
                    Level::Statement => pins::of_statements(table),
                    Level::Row => pins::of(table),
                },
                comment: Literal(&comment),
                way: Way::of(table),
                operation,
                queue: queue.as_ref(),
                keeps_dead_letters: capture::keeps_dead_letters(table),
                has_predicate: table.when().is_some(),
                skips_unchanged: table.unchanged() == Unchanged::Skip,
                has_places: table.level() == Level::Statement,
                event_bytes: match table.delivery() {
                    Delivery::Sync => SYNC_BYTES,
                    _ => ASYNC_BYTES,
                },
                schema: Literal(table.schema()),
                table_name: Literal(table.table()),
                fingerprint: Literal(&fingerprint),
                key_hash: match operation {
                    // It has no key: all others wait for it.
                    Operation::Truncate => "NULL::bigint",
                    _ => "aurora_trigger.key_hash(event.row_key)",
                },
                key: capture::key_text(table, "image"),
                key_names: LiteralArray(capture::key_names(table)),
                source: source(table),
                send: send(table),
                misfit: misfit(table),
                keeps_misfits: capture::keeps_misfits(table),
                missing: missing(table),
                fits: fits(table, ""),
                row_fits: fits(table, "NEW."),
                row_is_read: row_is_read(table),
                open_names: names_of(table, |column| {
                    !column.is_skipped() && column.mask().is_none()
                }),
                guarded_names: names_of(table, |column| {
                    column.is_skipped() || column.mask().is_some()
                }),
                key_column_names: names_of(table, ColumnDesc::is_key),
            };
            function.body_tag = unused_tag("body", &function.render(operation)?);
            functions.push(function.render(operation)?);
        }
        Ok(functions)
    }

    fn render(&self, operation: Operation) -> askama::Result<String> {
        let function = self;
        match (operation, self.table.level()) {
            (Operation::Truncate, _) => Truncate { function }.render(),
            (_, Level::Row) => Row {
                function,
                old: self.row_image("OLD"),
                new: self.row_image("NEW"),
                queued: self.queue.map(|queue| self.queued_row(queue)).transpose()?,
            }
            .render(),
            (Operation::Insert, Level::Statement) => Insert {
                function,
                new_rows: self.created_rows()?,
            }
            .render(),
            (Operation::Update, Level::Statement) => Update {
                function,
                is_partitioned: list(
                    "aurora_trigger.is_partitioned(",
                    &[self.schema.to_string(), self.table_name.to_string()],
                    ")",
                ),
                changes: match self.queue {
                    Some(queue) => Changes::ToQueue(self.queued_pairs(queue)?),
                    None => Changes::InPairs {
                        by_place: self.pairs(false)?,
                        by_key: self.pairs(true)?,
                    },
                },
            }
            .render(),
            (Operation::Delete, Level::Statement) => Delete {
                function,
                old_rows: self.deleted_rows()?,
            }
            .render(),
        }
    }

    /// A variable holds the name of the capture. From a queue a drain gives the events of a statement one.
    fn has_capture(&self) -> bool {
        self.queue.is_none() || self.operation == Operation::Truncate
    }

    fn capture_text(&self) -> &'static str {
        "to_hex(captured_us) || to_hex((random() * 281474976710655)::bigint)"
    }

    fn created_rows(&self) -> askama::Result<String> {
        let (relation, row) = ("new_rows", "new_row");
        match self.queue {
            Some(queue) => self.queued_rows(queue, "'c'::\"char\"", relation, row),
            None => rows::rows(self.table, relation, row),
        }
    }

    fn deleted_rows(&self) -> askama::Result<String> {
        let (relation, row) = ("old_rows", "old_row");
        match self.queue {
            Some(queue) => self.queued_rows(queue, "'d'::\"char\"", relation, row),
            None => rows::rows(self.table, relation, row),
        }
    }

    fn queued_rows(
        &self,
        queue: &queue::Names,
        op: &str,
        relation: &str,
        row: &str,
    ) -> askama::Result<String> {
        let rows = QueuedRows {
            op,
            rows: self.queued_images(queue, relation, row),
        };
        Ok(block(&rows.render()?))
    }

    /// Where rows are lost, no number is on both sides.
    fn queued_pairs(&self, queue: &queue::Names) -> askama::Result<String> {
        let images = |ordinal: &str, relation: &str, row: &str| {
            let images = QueuedNumbered {
                ordinal,
                rows: self.queued_images(queue, relation, row),
            };
            images.render().map(|images| block(&images))
        };
        let pairs = QueuedPairs {
            has_predicate: self.has_predicate,
            old_images: images(
                "CASE WHEN rows_are_lost THEN -1 ELSE 1 END * row_number() OVER ()",
                "old_rows",
                "old_row",
            )?,
            new_images: images("row_number() OVER ()", "new_rows", "new_row")?,
        };
        Ok(block(&pairs.render()?))
    }

    fn queued_row(&self, queue: &queue::Names) -> askama::Result<String> {
        let row = QueuedRow {
            old: self.queued_images(queue, "", "OLD"),
            new: self.queued_images(queue, "", "NEW"),
        };
        Ok(block(&row.render()?))
    }

    fn queued_images<'b>(
        &self,
        queue: &queue::Names,
        relation: &'b str,
        row: &'b str,
    ) -> QueuedImages<'b> {
        QueuedImages {
            relation,
            row,
            image: image_type::value(self.table, row, &queue.image),
            chosen: rows::chosen(self.table, row, Masks::AreThere),
            trust: rows::trust_to_keep(self.table, row),
        }
    }

    fn row_image(&self, row: &str) -> RowImage {
        RowImage {
            image: rows::image(self.table, row),
            trust: rows::trust(self.table, row),
            chosen: rows::chosen(self.table, row, Masks::AreThere),
        }
    }

    fn pairs(&self, by_key: bool) -> askama::Result<String> {
        let pairs = Pairs {
            by_key,
            old_images: self.images("old_rows", "old_row", by_key)?,
            new_images: self.images("new_rows", "new_row", by_key)?,
        };
        Ok(block(&pairs.render()?))
    }

    fn images(&self, relation: &str, row: &str, by_key: bool) -> askama::Result<String> {
        let images = Images {
            by_key,
            key: self.key.clone(),
            pair_key: match self.table.key() {
                KeyDesc::Columns => "numbered.row_key",
                // Nothing says which of its rows became which.
                KeyDesc::PartitionBy(_) => "NULL::text",
            },
            has_predicate: self.has_predicate,
            rows: rows::rows(self.table, relation, row)?,
        };
        Ok(block(&images.render()?))
    }
}

/// The arguments by which the shared functions know where events come from, in two lines.
fn source(table: &TableDesc) -> Sql {
    Sql(block(&format!(
        "{}, {}, {},\ncapture, captured_us",
        Literal(table.schema()),
        Literal(table.table()),
        Literal(&table.fingerprint())
    )))
}

fn send(table: &TableDesc) -> Sql {
    let source = source(table);
    let invocation = match table.delivery() {
        Delivery::Sync => "RequestResponse",
        _ => "Event",
    };
    let call = match Way::of(table) {
        Way::CallOrWarn => format!(
            "failed_calls := aurora_trigger.send_or_warn(\n    \
             failed_calls, '{invocation}',\n    {source}, events\n);"
        ),
        Way::CallOrKeep => format!(
            "failed_calls := aurora_trigger.send_or_keep(\n    \
             failed_calls, '{invocation}',\n    {source},\n    \
             {}, events\n);",
            LiteralArray(capture::key_names(table))
        ),
        Way::Call | Way::Queue | Way::OutboxAtCommit => format!(
            "sent := aurora_trigger.send(\n    \
             '{invocation}',\n    {source}, events\n);"
        ),
    };
    Sql(block(&call))
}

/// The meaning of the error at hand, as a text.
fn misfit(table: &TableDesc) -> Sql {
    let columns: Vec<String> = table
        .streamed()
        .map(|column| Literal(column.column()).to_string())
        .collect();
    let arguments = [
        "TG_RELID".to_owned(),
        Literal(table.rust_path()).to_string(),
        list("ARRAY[", &columns, "]::text[]"),
        "SQLSTATE".to_owned(),
        "SQLERRM".to_owned(),
    ];
    Sql(list("aurora_trigger.misfit(", &arguments, ")"))
}

/// The stand-in for each column that the functions name, where the table no longer has it.
fn missing(table: &TableDesc) -> Sql {
    let columns: Vec<String> = capture::named_columns(table)
        .map(|column| {
            format!(
                "NULL::aurora_trigger.no_column AS {}",
                Identifier(column.column())
            )
        })
        .collect();
    Sql(block(&columns.join(",\n")))
}

/// The condition that each of them is of a type that its field takes.
fn fits(table: &TableDesc, row: &str) -> Sql {
    let fingerprint = table.fingerprint();
    let conditions: Vec<String> = capture::named_columns(table)
        .map(|column| {
            let types = built_in_types(column.ty());
            let arguments = [
                format!(
                    "CASE WHEN false THEN {row}{} END",
                    Identifier(column.column())
                ),
                LiteralArray(types.iter().map(String::as_str).collect()).to_string(),
                Literal(&fingerprint).to_string(),
                Literal(column.column()).to_string(),
            ];
            list("aurora_trigger.fits(", &arguments, ")")
        })
        .collect();
    Sql(block(&conditions.join("\nAND ")))
}

/// A condition that fails where the row of a row's trigger has not the columns of the plan.
fn row_is_read(table: &TableDesc) -> Sql {
    let columns: Vec<String> = capture::named_columns(table)
        .map(|column| format!("NEW.{}", Identifier(column.column())))
        .collect();
    rows::read_all(&columns)
}

/// The types of `pg_catalog` that it takes as they are, by their names there. None where it takes others only.
fn built_in_types(ty: &TypeDesc) -> Vec<String> {
    if ty.domain().is_some() {
        return Vec::new();
    }
    match ty.shape() {
        Shape::BuiltIn(names) => names.iter().map(ToString::to_string).collect(),
        Shape::Array(element) => {
            let element = expression::innermost(element);
            match element.shape() {
                Shape::BuiltIn(names) if element.domain().is_none() => {
                    names.iter().map(|name| format!("_{name}")).collect()
                }
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

fn names_of(table: &TableDesc, is_wanted: fn(&ColumnDesc) -> bool) -> Sql {
    let names: Vec<String> = table
        .columns()
        .iter()
        .filter(|column| is_wanted(column))
        .map(|column| Literal(column.column()).to_string())
        .collect();
    Sql(list("ARRAY[", &names, "]::text[]"))
}
