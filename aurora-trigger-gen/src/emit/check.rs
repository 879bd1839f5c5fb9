//! What the installation checks of a table, as the arguments of `aurora_trigger.table_differences`.

use serde_json::{Value, json};

use super::expression::Masks;
use super::layout::{list, verbatim};
use super::sql::{Literal, LiteralArray, Sql};
use super::{capture, layout, mask, rows};
use crate::describe::{KeyDesc, QualifiedName, Shape, TableDesc, TypeDesc};

pub(super) struct TableCheck {
    pub(super) schema: Literal<'static>,
    pub(super) table: Literal<'static>,
    pub(super) columns: Sql,
    pub(super) key_columns: Sql,
    pub(super) expressions: Sql,
    pub(super) level: &'static str,
}

impl TableCheck {
    /// Laid out for lines that begin at `indent`.
    pub(super) fn of(table: &TableDesc, indent: usize) -> Self {
        let columns: Vec<Value> = table
            .columns()
            .iter()
            .map(|column| {
                json!({
                    "column": column.column(),
                    "field": column.field(),
                    "nullable": column.ty().is_nullable(),
                    "type": described(column.ty()),
                })
            })
            .collect();
        let columns = layout::json(&Value::from(columns), indent, "'',".len());
        let key_columns = match table.key() {
            KeyDesc::PartitionBy(_) => "NULL".to_owned(),
            KeyDesc::Columns => {
                let names = table
                    .key_columns()
                    .iter()
                    .map(|column| column.column())
                    .collect();
                LiteralArray(names).to_string()
            }
        };
        Self {
            schema: Literal(table.schema()),
            table: Literal(table.table()),
            columns: Sql(verbatim(&Literal(&columns).quoted())),
            key_columns: Sql(key_columns),
            expressions: Sql(expressions(table)),
            level: capture::level(table),
        }
    }
}

/// What the author wrote in SQL: what it is called, and a query that holds it.
fn expressions(table: &TableDesc) -> String {
    let predicate = predicate(table).map(|query| ("the predicate of when".to_owned(), query));
    let expressions: Vec<String> = predicate
        .into_iter()
        .chain(mask::queries(table))
        .map(|(what, query)| {
            let query = verbatim(&Literal(&query).quoted());
            format!("[{}, {query}]", Literal(&what))
        })
        .collect();
    if expressions.is_empty() {
        return "NULL::text[]".to_owned();
    }
    list("ARRAY[", &expressions, "]::text[]")
}

/// The trigger's query for the predicate, over a made-up row. OFFSET keeps the planner from computing it.
fn predicate(table: &TableDesc) -> Option<String> {
    let chosen = rows::chosen(table, "(made_up.source_row)", Masks::AreNotYet)?;
    Some(layout::lay_out(&format!(
        "SELECT predicate.chosen\n\
         FROM (\n    SELECT NULL::{} AS source_row\n    OFFSET 0\n) AS made_up\n\
         CROSS JOIN LATERAL (\n    {chosen}\n) AS predicate\n\
         LIMIT 0",
        capture::qualified(table)
    )))
}

/// The types that the columns must have which the trigger functions name. An enum may have any labels.
pub(super) fn named_columns(table: &TableDesc) -> Value {
    capture::named_columns(table)
        .map(|column| {
            let mut ty = described(column.ty());
            open(&mut ty);
            json!({ "column": column.column(), "type": ty })
        })
        .collect()
}

/// An event with an unknown label is refused by itself.
fn open(ty: &mut Value) {
    match ty {
        Value::Object(members) => {
            if members.contains_key("enum") {
                members.remove("labels");
                members.insert("open".to_owned(), Value::Bool(true));
            }
            members.values_mut().for_each(open);
        }
        Value::Array(elements) => elements.iter_mut().for_each(open),
        _ => {}
    }
}

fn described(ty: &TypeDesc) -> Value {
    match ty.domain() {
        Some(name) => json!({ "domain": named(name), "over": shape(ty) }),
        None => shape(ty),
    }
}

fn shape(ty: &TypeDesc) -> Value {
    match ty.shape() {
        Shape::BuiltIn(types) => json!({ "types": types }),
        Shape::Named(name) => json!({ "named": named(name) }),
        Shape::Enum { name, labels, open } => {
            json!({ "enum": named(name), "labels": labels, "open": open })
        }
        Shape::Composite { name, fields } => {
            let fields: Vec<Value> = fields
                .iter()
                .map(|field| {
                    json!({ "attribute": field.attribute(), "type": described(field.ty()) })
                })
                .collect();
            json!({ "composite": named(name), "fields": fields })
        }
        Shape::Array(element) => json!({ "array": described(element) }),
        Shape::Range(element) => json!({ "range": described(element) }),
        Shape::Multirange(range) => json!({ "multirange": described(range) }),
    }
}

fn named(name: QualifiedName) -> Value {
    json!({ "schema": name.schema(), "name": name.name() })
}
