use askama::Template;

use super::expression::{self, Masks};
use super::layout::pad;
use super::sql::Sql;
use crate::describe::TableDesc;

/// A transition table's rows with their images, and with the predicate's answer where the table has one.
#[derive(Template)]
#[template(path = "rows.sql", escape = "none")]
struct Rows<'a> {
    relation: &'a str,
    row: &'a str,
    pad: String,
    image: Sql,
    chosen: Option<Sql>,
    trust: Sql,
}

pub(super) fn rows(
    table: &TableDesc,
    relation: &str,
    row: &str,
    indent: usize,
) -> askama::Result<String> {
    Rows {
        relation,
        row,
        pad: pad(indent),
        image: image(table, row, indent + 8),
        chosen: chosen(table, row, Masks::AreThere, indent + 4),
        trust: trust(table, row, indent + 4),
    }
    .render()
}

/// The columns of the image, one a line. Not indented afterwards: a name can hold a line break.
pub(super) fn image(table: &TableDesc, row: &str, indent: usize) -> Sql {
    let columns: Vec<String> = table
        .streamed()
        .map(|column| expression::image(table, column, row, indent).to_string())
        .collect();
    Sql(columns.join(&format!(",\n{}", pad(indent))))
}

/// The predicate's answer for a row, as a query of one row whose column is `chosen`.
///
/// The planner computes what is constant in a predicate, so it must not see it before the types are checked.
pub(super) fn chosen(table: &TableDesc, row: &str, masks: Masks, indent: usize) -> Option<Sql> {
    let predicate = table.when()?;
    let parts = table
        .columns()
        .iter()
        .flat_map(|column| expression::untrusted_in_predicate(column, row));
    let types_are_trusted = conditions(parts, indent + 8);
    let candidate = expression::candidate(table, row, masks, indent + 4);
    let pad = pad(indent);
    Some(Sql(format!(
        "SELECT\n\
         {pad}    CASE WHEN\n\
         {pad}        {types_are_trusted}\n\
         {pad}    THEN coalesce((\n\
         {predicate}\n\
         {pad}    )::boolean, false) END AS chosen\n\
         {pad}FROM (\n\
         {pad}    {candidate}\n\
         {pad}) AS candidate"
    )))
}

/// The condition that the images run nobody else's code, one type a line.
pub(super) fn trust(table: &TableDesc, row: &str, indent: usize) -> Sql {
    let parts = table
        .streamed()
        .flat_map(|column| expression::untrusted(column, row));
    Sql(conditions(parts, indent))
}

fn conditions(parts: impl Iterator<Item = String>, indent: usize) -> String {
    let conditions: Vec<String> = parts
        .map(|part| expression::is_trusted(&part, indent, "AND ".len()))
        .collect();
    if conditions.is_empty() {
        return "true".to_owned();
    }
    conditions.join(&format!("\n{}AND ", pad(indent)))
}
