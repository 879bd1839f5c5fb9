//! A column's value as SQL that `row_to_json` writes as the image has it.
//!
//! Trigger functions run as their owner, so no code of anybody else may run in them. A cast from a type to json, or to
//! text, is code of whoever owns the type: `row_to_json` calls the first, `::text` the second. So values of enums and
//! other types that users make go through their output function (`format('%s', …)`), which is always PostgreSQL's own,
//! and composite types are taken apart. All else must be of a built-in type, which [`untrusted`] has checked when the
//! function's queries are planned, since a column can get another type after the installation.

use super::layout::{fits, list, named, pad};
use super::sql::{Identifier, Sql};
use crate::describe::{ColumnDesc, Encoding, Mask, Shape, TypeDesc};

/// What stands in the image for `column` of the row that `row` names, under its name there.
pub(super) fn image(column: &ColumnDesc, row: &str, indent: usize) -> Sql {
    let plain = field(row, column.column());
    let place = Place { indent, arrays: 0 };
    let value = match column.mask() {
        None => value(column.ty(), &plain, place),
        Some(mask) => masked(column.ty(), mask, &plain, place),
    };
    Sql(named(&value, Identifier(column.json()), indent))
}

/// A column as it is.
pub(super) fn field(row: &str, column: &str) -> String {
    format!("{row}.{}", Identifier(column))
}

/// Where an expression stands.
#[derive(Clone, Copy)]
struct Place {
    /// Where its line begins.
    indent: usize,
    /// How many arrays it is inside of.
    arrays: usize,
}

impl Place {
    fn indented(self, by: usize) -> Self {
        Self {
            indent: self.indent + by,
            ..self
        }
    }

    fn in_array(self) -> Self {
        Self {
            arrays: self.arrays + 1,
            ..self
        }
    }
}

fn masked(ty: &TypeDesc, mask: Mask, source: &str, place: Place) -> String {
    match mask {
        Mask::Redact => unless_null(source, "'***'", place),
        Mask::LastFour => {
            let pad = pad(place.indent);
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

fn value(ty: &TypeDesc, source: &str, place: Place) -> String {
    match ty.shape() {
        Shape::BuiltIn(_) | Shape::Named(_) | Shape::Enum { .. } => scalar(ty, source, "", place),
        Shape::Composite { .. } => composite(ty, source, place),
        Shape::Array(_) => {
            let element = innermost(ty);
            match element.shape() {
                Shape::Composite { .. } => array_of_composites(element, source, place),
                _ => scalar(element, source, "[]", place),
            }
        }
    }
}

/// A scalar, or with `[]` for `dimensions` an array of them.
fn scalar(ty: &TypeDesc, source: &str, dimensions: &str, place: Place) -> String {
    match (ty.shape(), ty.encoding()) {
        (_, Encoding::Json) => source.to_owned(),
        (Shape::BuiltIn(_), Encoding::Text) => format!("{source}::text{dimensions}"),
        (_, Encoding::Text) => {
            let cast = if dimensions.is_empty() {
                String::new()
            } else {
                format!("::text{dimensions}")
            };
            unless_null(source, &format!("format('%s', {source}){cast}"), place)
        }
    }
}

/// `IS NOT NULL` would be false for a composite value with one NULL in it. `then` is laid out for four columns more.
fn unless_null(source: &str, then: &str, place: Place) -> String {
    let (pad, test) = (pad(place.indent), "IS DISTINCT FROM NULL");
    let line = format!("CASE WHEN {source} {test}");
    let condition = if fits(&line, place.indent) {
        line
    } else {
        format!("CASE WHEN {source}\n{pad}        {test}")
    };
    format!("{condition}\n{pad}    THEN {then}\n{pad}END")
}

/// Attribute by attribute: one that is added to the type later is not sent, and runs no code here.
fn composite(ty: &TypeDesc, source: &str, place: Place) -> String {
    let Shape::Composite { fields, .. } = ty.shape() else {
        return value(ty, source, place);
    };
    let inner = place.indented(8);
    let members: Vec<String> = fields
        .iter()
        .map(|member| {
            let attribute = field(&format!("({source})"), member.attribute());
            let value = value(member.ty(), &attribute, inner);
            named(&value, Identifier(member.json()), inner.indent)
        })
        .collect();
    let pad = pad(place.indent);
    let object = format!(
        "(SELECT row_to_json(attributes.*) FROM (SELECT\n\
         {pad}        {}\n\
         {pad}    ) AS attributes)",
        members.join(&format!(",\n{pad}        "))
    );
    unless_null(source, &object, place)
}

/// By subscript, so that a NULL element is told from an element of NULLs. One dimension only: an array of more goes as
/// the text that it is, which the struct refuses, instead of losing elements.
fn array_of_composites(element: &TypeDesc, source: &str, place: Place) -> String {
    let place = place.in_array();
    // Inside of another array it needs names of its own.
    let (subscript, name) = (
        format!("subscript_{}", place.arrays),
        format!("element_{}", place.arrays),
    );
    let pad = pad(place.indent);
    let subscripts = list(
        "generate_subscripts(",
        &[source.to_owned(), "1".to_owned()],
        &format!(") AS {subscript}"),
        place.indent + 8,
        "FROM ".len(),
    );
    format!(
        "CASE WHEN array_ndims({source}) > 1\n\
         {pad}    THEN to_json(format('%s', {source}))\n\
         {pad}WHEN {source} IS DISTINCT FROM NULL\n\
         {pad}    THEN coalesce((\n\
         {pad}        SELECT json_agg(\n\
         {pad}            {}\n\
         {pad}            ORDER BY {subscript}\n\
         {pad}        )\n\
         {pad}        FROM {subscripts}\n\
         {pad}        CROSS JOIN LATERAL (\n\
         {pad}            SELECT ({source})[{subscript}] AS value\n\
         {pad}        ) AS {name}\n\
         {pad}    ), '[]'::json)\n\
         {pad}END",
        composite(element, &format!("{name}.value"), place.indented(12))
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
