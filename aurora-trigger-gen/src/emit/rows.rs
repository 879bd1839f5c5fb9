use askama::Template;

use super::expression::{self, Masks};
use super::image_type;
use super::layout::{self, block, list};
use super::sql::Sql;
use super::way::Way;
use crate::describe::TableDesc;

/// A transition table's rows with their images, and with the predicate's answer where the table has one.
#[derive(Template)]
#[template(path = "table/rows.sql", escape = "none")]
struct Rows<'a> {
    relation: &'a str,
    row: &'a str,
    image: Sql,
    chosen: Option<Sql>,
    trust: Sql,
    /// A condition that fails where a column is a virtual generated one, of which a transition table has NULL. None: what
    /// finds out whether the table fits has found it.
    present: Option<Sql>,
}

pub(super) fn rows(table: &TableDesc, relation: &str, row: &str) -> askama::Result<String> {
    let rows = Rows {
        relation,
        row,
        image: image(table, row),
        chosen: chosen(table, row, Masks::AreThere),
        trust: trust(table, row),
        present: (!Way::of(table).keeps_misfits()).then(|| present(table, row)),
    };
    Ok(block(&rows.render()?))
}

fn present(table: &TableDesc, row: &str) -> Sql {
    let values: Vec<String> = table
        .streamed()
        .map(|column| expression::field(row, column.column()))
        .collect();
    read_all(&values)
}

/// A condition that is true, and reads each of these values, which the planner does not leave out.
pub(super) fn read_all(values: &[String]) -> Sql {
    /// A function of PostgreSQL takes no more.
    const ARGUMENTS: usize = 100;
    let counts: Vec<String> = values
        .chunks(ARGUMENTS)
        .map(|values| list("num_nulls(", values, ")"))
        .collect();
    Sql(block(&format!("{} IS NOT NULL", counts.join("\n+ "))))
}

/// The columns of the image, one a line.
pub(super) fn image(table: &TableDesc, row: &str) -> Sql {
    let columns: Vec<String> = table
        .streamed()
        .map(|column| expression::image(table, column, row).to_string())
        .collect();
    Sql(block(&columns.join(",\n")))
}

/// The predicate's answer for a row, as a query of one row whose column is `chosen`.
///
/// The planner computes what is constant in a predicate, so it must not see it before the types are checked.
pub(super) fn chosen(table: &TableDesc, row: &str, masks: Masks) -> Option<Sql> {
    let predicate = table.when()?;
    let parts = table
        .columns()
        .iter()
        .flat_map(|column| expression::untrusted_in_predicate(column, row));
    let types_are_trusted = conditions(parts);
    let candidate = expression::candidate(table, row, masks);
    let predicate = layout::verbatim(predicate);
    Some(Sql(block(&format!(
        "SELECT\n    \
         CASE WHEN\n        \
         {types_are_trusted}\n    \
         THEN coalesce((\n\
         {predicate}\n    \
         )::boolean, false) END AS chosen\n\
         FROM (\n    \
         {candidate}\n\
         ) AS candidate"
    ))))
}

/// The condition that the images run nobody else's code, one type a line.
pub(super) fn trust(table: &TableDesc, row: &str) -> Sql {
    let parts = table
        .streamed()
        .flat_map(|column| expression::untrusted(column, row));
    Sql(conditions(parts))
}

/// The same where values are kept as they are, which checks the types of these. None: there are no others.
pub(super) fn trust_to_keep(table: &TableDesc, row: &str) -> Option<Sql> {
    let parts: Vec<String> = table
        .streamed()
        .filter(|column| !image_type::keeps(column))
        .flat_map(|column| expression::untrusted(column, row))
        .collect();
    (!parts.is_empty()).then(|| Sql(conditions(parts.into_iter())))
}

fn conditions(parts: impl Iterator<Item = String>) -> String {
    let conditions: Vec<String> = parts.map(|part| expression::is_trusted(&part)).collect();
    if conditions.is_empty() {
        return "true".to_owned();
    }
    block(&conditions.join("\nAND "))
}
