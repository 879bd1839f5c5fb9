use askama::Template;

use super::expression;
use super::layout::{list, pad};
use super::sql::{Identifier, Sql};
use crate::describe::{Shape, TableDesc};

/// A transition table's rows with their images, and with the predicate's answer where the table has one.
#[derive(Template)]
#[template(path = "rows.sql", escape = "none")]
struct Rows<'a> {
    relation: &'a str,
    row: &'a str,
    pad: String,
    image: Sql,
    predicate: Option<&'a str>,
    candidate: Sql,
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
        predicate: table.when(),
        candidate: candidate(table, row, indent + 12),
        trust: trust(table, row, indent + 4),
    }
    .render()
}

/// The columns of the image, one a line. Not indented afterwards: a name can hold a line break.
pub(super) fn image(table: &TableDesc, row: &str, indent: usize) -> Sql {
    let columns: Vec<String> = table
        .streamed()
        .map(|column| expression::image(column, row, indent).to_string())
        .collect();
    Sql(columns.join(&format!(",\n{}", pad(indent))))
}

/// All columns that a predicate may name, under their own names, one a line.
pub(super) fn candidate(table: &TableDesc, row: &str, indent: usize) -> Sql {
    let columns: Vec<String> = table
        .columns()
        .iter()
        .map(|column| {
            let name = Identifier(column.column());
            format!("{row}.{name} AS {name}")
        })
        .collect();
    Sql(columns.join(&format!(",\n{}", pad(indent))))
}

/// The condition that the columns' types run nobody else's code, one a line.
pub(super) fn trust(table: &TableDesc, row: &str, indent: usize) -> Sql {
    let ask = |part: &dyn std::fmt::Display, in_expression: bool| {
        let arguments = format!("CASE WHEN false THEN {part} END, {in_expression}");
        list(
            "aurora_trigger.is_trusted(",
            &[arguments],
            ")",
            indent,
            "AND ".len(),
        )
    };
    let mut conditions: Vec<String> = table
        .streamed()
        .flat_map(|column| expression::untrusted(column, row))
        .map(|part| ask(&part, false))
        .collect();
    if table.when().is_some() {
        let strictly_checked = |shape| matches!(shape, Shape::BuiltIn(_));
        conditions.extend(
            table
                .columns()
                .iter()
                .filter(|column| column.is_skipped() || !strictly_checked(column.ty().shape()))
                .map(|column| ask(&expression::field(row, column.column()), true)),
        );
    }
    if conditions.is_empty() {
        return Sql("true".to_owned());
    }
    Sql(conditions.join(&format!("\n{}AND ", pad(indent))))
}
