//! The type of an image in a table's queue. `row_to_json` writes a value of it as the struct has the image.
//!
//! Its attributes are of built-in types alone, so that nothing here depends on a type of the application: a type that
//! users made could not be dropped any more. Which these are depends on the struct alone, and not on the table: one that
//! takes several types has the widest of them, of which JSON has the same text.

use super::expression;
use super::layout::{block, list};
use super::sql::{Identifier, Sql};
use crate::describe::{ColumnDesc, Encoding, Shape, TableDesc};

/// The attributes of the type, one a line.
pub(super) fn attributes(table: &TableDesc) -> Sql {
    let attributes: Vec<String> = table
        .streamed()
        .map(|column| {
            format!(
                "{} {}",
                Identifier(column.json()),
                attribute(table, column, "").ty
            )
        })
        .collect();
    Sql(block(&attributes.join(",\n")))
}

/// The image of the row that `row` names, as a value of the type, which has this name.
pub(super) fn value(table: &TableDesc, row: &str, type_name: &str) -> Sql {
    let values: Vec<String> = table
        .streamed()
        .map(|column| attribute(table, column, row).value)
        .collect();
    Sql(block(&format!(
        "ROW(\n    {}\n)::aurora_trigger.{}",
        values.join(",\n    "),
        Identifier(type_name)
    )))
}

/// True if the type holds the column as it is, so that its text is made when an event is.
pub(super) fn keeps(column: &ColumnDesc) -> bool {
    column.mask().is_none() && as_it_is(column).is_some()
}

/// The type of `pg_catalog` that does.
fn as_it_is(column: &ColumnDesc) -> Option<&'static str> {
    match (column.ty().shape(), column.ty().encoding()) {
        (Shape::BuiltIn(types), Encoding::Json) => widest(types),
        _ => None,
    }
}

struct Attribute {
    ty: String,
    value: String,
}

fn attribute(table: &TableDesc, column: &ColumnDesc, row: &str) -> Attribute {
    let value = expression::value_of(table, column, row);
    if column.mask().is_some() {
        return text(value);
    }
    if let Some(ty) = as_it_is(column) {
        let source = expression::field(row, column.column());
        let ty = format!("pg_catalog.{}", Identifier(ty));
        return Attribute {
            // The trigger has found that the column is of a type of `pg_catalog` that the field takes.
            value: format!("{source}::{ty}"),
            ty,
        };
    }
    match (column.ty().shape(), column.ty().encoding()) {
        (Shape::BuiltIn(_) | Shape::Named(_) | Shape::Enum { .. }, Encoding::Text) => text(value),
        _ => json(&value),
    }
}

fn text(value: String) -> Attribute {
    Attribute {
        ty: "pg_catalog.text".to_owned(),
        value,
    }
}

fn json(value: &str) -> Attribute {
    Attribute {
        ty: "pg_catalog.json".to_owned(),
        value: list("pg_catalog.to_json(", &[value.to_owned()], ")"),
    }
}

/// The type of `pg_catalog` that holds each value of these as it is, and prints it as they do. None: none is known.
fn widest(types: &[&'static str]) -> Option<&'static str> {
    const INTEGERS: [&str; 3] = ["int8", "int4", "int2"];
    // No cast from one of these to bpchar, of no length, alters a value. One from bpchar to text takes spaces away.
    const TEXTS: [&str; 4] = ["bpchar", "varchar", "text", "name"];
    const OTHERS: [&str; 8] = [
        "bool",
        "date",
        "float4",
        "float8",
        "time",
        "timestamp",
        "timestamptz",
        "uuid",
    ];
    let of = |family: &[&'static str]| {
        types
            .iter()
            .all(|ty| family.contains(ty))
            .then(|| family.iter().copied().find(|ty| types.contains(ty)))
            .flatten()
    };
    of(&INTEGERS)
        .or_else(|| of(&TEXTS).map(|_| TEXTS[0]))
        .or_else(|| of(&OTHERS).filter(|_| types.len() == 1))
}
