//! A column's value as SQL that `row_to_json` writes as the image has it.
//!
//! Trigger functions run as their owner, so no code of anybody else may run in them. A cast from a type to json, or to
//! text, is code of whoever owns the type: `row_to_json` calls the first, `::text` the second. So values of enums and
//! other types that users make go through their output function (`format('%s', …)`), which is always PostgreSQL's own,
//! and composite types are taken apart. All else must be of a built-in type, which [`untrusted`] has checked when the
//! function's queries are planned, since a column can get another type after the installation.

use super::layout::pad;
use super::sql::{Identifier, Sql};
use crate::describe::{ColumnDesc, Encoding, Mask, Shape, TypeDesc};

/// What stands in the image for `column` of the row that `row` names, in a line that begins at `indent`.
pub(super) fn image(column: &ColumnDesc, row: &str, indent: usize) -> Sql {
    let plain = field(row, column.column());
    Sql(match column.mask() {
        None => value(column.ty(), &plain, indent),
        Some(mask) => masked(column.ty(), mask, &plain, indent),
    })
}

/// A column as it is.
pub(super) fn field(row: &str, column: &str) -> String {
    format!("{row}.{}", Identifier(column))
}

fn masked(ty: &TypeDesc, mask: Mask, source: &str, indent: usize) -> String {
    match mask {
        Mask::Redact => unless_null(source, "'***'", indent),
        Mask::LastFour => {
            let pad = pad(indent);
            let text = match ty.shape() {
                Shape::BuiltIn(_) => format!("{source}::text"),
                _ => format!("format('%s', {source})"),
            };
            format!(
                "CASE\n\
                 {pad}    WHEN length({text}) > 4\n\
                 {pad}        THEN '***' || right({text}, 4)\n\
                 {pad}    WHEN {source} IS DISTINCT FROM NULL\n\
                 {pad}        THEN '***'\n\
                 {pad}END"
            )
        }
    }
}

fn value(ty: &TypeDesc, source: &str, indent: usize) -> String {
    match ty.shape() {
        Shape::BuiltIn(_) | Shape::Named(_) | Shape::Enum { .. } => scalar(ty, source, "", indent),
        Shape::Composite { .. } => composite(ty, source, indent),
        Shape::Array(_) => {
            let element = innermost(ty);
            match element.shape() {
                Shape::Composite { .. } => array_of_composites(element, source, indent),
                _ => scalar(element, source, "[]", indent),
            }
        }
    }
}

/// A scalar, or with `[]` for `dimensions` an array of them.
fn scalar(ty: &TypeDesc, source: &str, dimensions: &str, indent: usize) -> String {
    match (ty.shape(), ty.encoding()) {
        (_, Encoding::Json) => source.to_owned(),
        (Shape::BuiltIn(_), Encoding::Text) => format!("{source}::text{dimensions}"),
        (_, Encoding::Text) => {
            let cast = if dimensions.is_empty() {
                String::new()
            } else {
                format!("::text{dimensions}")
            };
            unless_null(source, &format!("format('%s', {source}){cast}"), indent)
        }
    }
}

/// `IS NOT NULL` would be false for a composite value with one NULL in it. `then` is laid out for `indent + 4`.
fn unless_null(source: &str, then: &str, indent: usize) -> String {
    let pad = pad(indent);
    format!("CASE WHEN {source} IS DISTINCT FROM NULL\n{pad}    THEN {then}\n{pad}END")
}

/// Attribute by attribute: one that is added to the type later is not sent, and runs no code here.
fn composite(ty: &TypeDesc, source: &str, indent: usize) -> String {
    unless_null(
        source,
        &object(ty, &format!("({source})"), indent + 4),
        indent,
    )
}

fn object(ty: &TypeDesc, source: &str, indent: usize) -> String {
    let Shape::Composite { fields, .. } = ty.shape() else {
        return value(ty, source, indent);
    };
    let pad = pad(indent);
    let members: Vec<String> = fields
        .iter()
        .map(|member| {
            let attribute = field(source, member.attribute());
            format!(
                "{} AS {}",
                value(member.ty(), &attribute, indent + 12),
                Identifier(member.json())
            )
        })
        .collect();
    format!(
        "(\n\
         {pad}    SELECT row_to_json(attributes.*)\n\
         {pad}    FROM (\n\
         {pad}        SELECT\n\
         {pad}            {}\n\
         {pad}    ) AS attributes\n\
         {pad})",
        members.join(&format!(",\n{pad}            "))
    )
}

/// By subscript, so that a NULL element is told from an element of NULLs. One dimension only: an array of more goes as
/// the text that it is, which the struct refuses, instead of losing elements.
fn array_of_composites(element: &TypeDesc, source: &str, indent: usize) -> String {
    // An array inside of an array's element needs a subscript of its own.
    let subscript = format!("subscript_{}", 1 + source.matches("[subscript_").count());
    let each = format!("({source})[{subscript}]");
    let pad = pad(indent);
    format!(
        "CASE\n\
         {pad}    WHEN array_ndims({source}) > 1\n\
         {pad}        THEN to_json(format('%s', {source}))\n\
         {pad}    WHEN {source} IS DISTINCT FROM NULL\n\
         {pad}        THEN coalesce((\n\
         {pad}            SELECT json_agg(\n\
         {pad}                {}\n\
         {pad}                ORDER BY {subscript}\n\
         {pad}            )\n\
         {pad}            FROM generate_subscripts({source}, 1) AS {subscript}\n\
         {pad}        ), '[]'::json)\n\
         {pad}END",
        composite(element, &each, indent + 16)
    )
}

fn innermost(ty: &TypeDesc) -> &TypeDesc {
    match ty.shape() {
        Shape::Array(element) => innermost(element),
        _ => ty,
    }
}

/// The parts of a column that must be of a built-in type for [`image`] to run PostgreSQL's own code only.
pub(super) fn untrusted(column: &ColumnDesc, row: &str) -> Vec<Sql> {
    let mut found = Vec::new();
    collect_untrusted(column.ty(), &field(row, column.column()), &mut found);
    found
}

fn collect_untrusted(ty: &TypeDesc, source: &str, found: &mut Vec<Sql>) {
    match ty.shape() {
        Shape::BuiltIn(_) => found.push(Sql(source.to_owned())),
        Shape::Named(_) => {
            if ty.encoding() == Encoding::Json {
                found.push(Sql(source.to_owned()));
            }
        }
        Shape::Enum { .. } => {}
        Shape::Composite { fields, .. } => {
            for member in fields {
                let attribute = field(&format!("({source})"), member.attribute());
                collect_untrusted(member.ty(), &attribute, found);
            }
        }
        Shape::Array(_) => match innermost(ty).shape() {
            Shape::Composite { .. } => {
                collect_untrusted(innermost(ty), &format!("({source})[1]"), found);
            }
            _ => collect_untrusted(innermost(ty), source, found),
        },
    }
}
