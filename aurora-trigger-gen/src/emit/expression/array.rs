//! An array as a JSON array, of arrays where it has more dimensions than one. One that has not as many as the struct's
//! type goes as the text that it is, which the struct refuses, where it could be taken for another value.

use super::{block, scalar, value};
use crate::describe::{Encoding, Shape, TypeDesc};

/// What the elements of an array of `element` are. A domain over an array is a value: PostgreSQL has no dimension more
/// for it.
pub(in crate::emit) fn innermost(element: &TypeDesc) -> &TypeDesc {
    match element.shape() {
        Shape::Array(inner) if element.domain().is_none() => innermost(inner),
        _ => element,
    }
}

/// How many dimensions an array of `element` has.
fn dimensions(element: &TypeDesc) -> usize {
    match element.shape() {
        Shape::Array(inner) if element.domain().is_none() => 1 + dimensions(inner),
        _ => 1,
    }
}

/// Whether an array of `element` is taken apart. The text of one would do for those of a single value, if the
/// character between them were the same for all types: it is another one for `box` and for PostGIS's `geometry`.
pub(in crate::emit) fn goes_by_element(element: &TypeDesc) -> bool {
    let element = innermost(element);
    match element.shape() {
        Shape::Composite { .. } | Shape::Range(_) | Shape::Multirange(_) | Shape::Array(_) => true,
        Shape::Named(_) => element.encoding() == Encoding::Text,
        Shape::BuiltIn(_) | Shape::Enum { .. } => false,
    }
}

/// An array of `element`, which may be an array too.
pub(super) fn array(element: &TypeDesc, source: &str, arrays: usize) -> String {
    let part = innermost(element);
    match part.shape() {
        _ if goes_by_element(element) => by_element(element, source, arrays),
        Shape::BuiltIn(types) if types.iter().any(|name| matches!(*name, "json" | "jsonb")) => {
            of_json(element, source, arrays)
        }
        Shape::Named(_) => of_json(element, source, arrays),
        _ => scalar(part, source, "[]"),
    }
}

/// An element of JSON can be an array itself, and null itself.
fn of_json(element: &TypeDesc, source: &str, arrays: usize) -> String {
    let without_null = if innermost(element).is_nullable() {
        String::new()
    } else {
        let part = format!("part_{}", arrays + 1);
        format!(
            "\n        \
             OR EXISTS (\n            \
             SELECT FROM (SELECT unnest({source}) AS value) AS {part}\n            \
             WHERE {part}.value IS NOT DISTINCT FROM NULL\n        \
             )"
        )
    };
    block(&format!(
        "CASE WHEN array_ndims({source}) <> {}{without_null}\n    \
         THEN to_json(format('%s', {source}))\n    \
         ELSE to_json({source})\n\
         END",
        dimensions(element)
    ))
}

/// Each element is read once, since one by its subscript would be searched from the array's beginning.
fn by_element(element: &TypeDesc, source: &str, arrays: usize) -> String {
    let dimensions = dimensions(element);
    block(&format!(
        "CASE WHEN array_ndims({source}) <> {dimensions}\n    \
         THEN to_json(format('%s', {source}))\n\
         WHEN {source} IS DISTINCT FROM NULL\n    \
         THEN coalesce((\n        \
         {}\n    \
         ), '[]'::json)\n\
         END",
        dimension(innermost(element), source, 1, dimensions, arrays)
    ))
}

/// The query of what stands in a dimension: one row, or for each place in the dimensions before one.
fn dimension(
    part: &TypeDesc,
    source: &str,
    dimension_number: usize,
    dimensions: usize,
    arrays: usize,
) -> String {
    // Inside of another array it needs a name of its own.
    let arrays = arrays + 1;
    let name = format!("element_{arrays}");
    let (element, elements) = if dimension_number == dimensions {
        let elements = block(&format!(
            "SELECT\n    unnest({source}) AS value,\n    \
             generate_series(0, cardinality({source}) - 1) AS place"
        ));
        // In the list of a SELECT a NULL is told from a composite value of NULLs, and in FROM not.
        let element = value(part, &format!("{name}.value"), arrays);
        (element, elements)
    } else {
        let inner = dimension(part, source, dimension_number + 1, dimensions, arrays);
        (format!("{name}.value"), inner)
    };
    let (place_before, group) = if dimension_number == 1 {
        (String::new(), String::new())
    } else {
        let length = format!("(SELECT array_length({source}, {dimension_number}))");
        (
            format!(" AS value, {name}.place / {length} AS place"),
            "\nGROUP BY 2".to_owned(),
        )
    };
    block(&format!(
        "SELECT json_agg(\n    \
         {element}\n    \
         ORDER BY {name}.place\n\
         ){place_before}\n\
         FROM (\n    \
         {elements}\n\
         ) AS {name}{group}"
    ))
}
