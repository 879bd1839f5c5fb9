//! Masks that are more than an expression of PostgreSQL's own: calls of functions that hide the value also when they fail.

use askama::Template;

use super::layout::{list, verbatim};
use super::names;
use super::sql::{DollarQuoted, Identifier, Literal, Sql};
use crate::describe::{ColumnDesc, Mask, TableDesc};

/// The columns that are masked by an expression of the author's, with it.
fn expressions(table: &TableDesc) -> impl Iterator<Item = (&'static ColumnDesc, &'static str)> {
    table.streamed().filter_map(|column| match column.mask() {
        Some(Mask::Sql(expression)) => Some((column, expression)),
        _ => None,
    })
}

/// Whether the table needs the database's key for masks.
pub(super) fn hashes(table: &TableDesc) -> bool {
    table
        .streamed()
        .any(|column| column.mask() == Some(Mask::Sha256))
}

/// Whether an expression of the author's masks a column of the table.
pub(super) fn has_expressions(table: &TableDesc) -> bool {
    expressions(table).next().is_some()
}

/// The hash of a text.
pub(super) fn keyed_hash(text: &str) -> String {
    list("aurora_trigger.keyed_hash(", &[text.to_owned()], ")")
}

/// The text that the expression for the column makes of a text.
pub(super) fn by_expression(table: &TableDesc, column: &ColumnDesc, text: &str) -> String {
    list(
        &format!("aurora_trigger.{}(", Identifier(&name(table))),
        &[Literal(column.column()).to_string(), text.to_owned()],
        ")",
    )
}

fn name(table: &TableDesc) -> String {
    names::object(table, names::MASK)
}

#[derive(Template)]
#[template(path = "table/mask.sql", escape = "none")]
struct MaskFunction<'a> {
    function: Identifier<'a>,
    body: DollarQuoted,
}

#[derive(Template)]
#[template(path = "table/mask_body.sql", escape = "none")]
struct MaskBody<'a> {
    table: Literal<'a>,
    masks: Vec<(Literal<'a>, Sql)>,
}

/// The function that masks the table's columns by the author's expressions, where there are such.
pub(super) fn function(table: &TableDesc) -> askama::Result<Option<String>> {
    if !has_expressions(table) {
        return Ok(None);
    }
    let body = MaskBody {
        table: Literal(&format!("{}.{}", table.schema(), table.table())),
        masks: expressions(table)
            .map(|(column, expression)| (Literal(column.column()), Sql(verbatim(expression))))
            .collect(),
    }
    .render()?;
    let function = MaskFunction {
        function: Identifier(&name(table)),
        body: DollarQuoted(body),
    };
    function.render().map(Some)
}

/// What each expression is called, and a query that holds it as the function does, over a made-up value. OFFSET keeps
/// the planner from computing it.
pub(super) fn queries(table: &TableDesc) -> impl Iterator<Item = (String, String)> {
    expressions(table).map(|(column, expression)| {
        let what = format!(
            "the mask_sql of column {}",
            Identifier(column.column()).quoted()
        );
        let query = format!(
            "SELECT CASE WHEN true THEN (\n{expression}\n)::text END\n\
             FROM (\n    SELECT NULL::text\n    OFFSET 0\n) AS made_up (value)\n\
             LIMIT 0"
        );
        (what, query)
    })
}
