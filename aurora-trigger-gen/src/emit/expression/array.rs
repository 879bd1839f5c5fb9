//! An array as a JSON array, of arrays where it has more dimensions than one. One that has not as many as the struct's
//! type goes as the text that it is, which the struct refuses, where it could be taken for another value.

use super::{Place, pad, scalar, value};
use crate::describe::{Encoding, Shape, TypeDesc};
use crate::emit::layout::list;

/// What its innermost elements are.
pub(super) fn innermost(ty: &TypeDesc) -> &TypeDesc {
    match ty.shape() {
        Shape::Array(element) => innermost(element),
        _ => ty,
    }
}

/// How many dimensions an array of `element` has.
fn dimensions(element: &TypeDesc) -> usize {
    match element.shape() {
        Shape::Array(inner) => 1 + dimensions(inner),
        _ => 1,
    }
}

/// Whether an array of these elements is taken apart. The text of one would do for those of a single value, if the
/// character between them were the same for all types: it is another one for `box` and for PostGIS's `geometry`.
pub(in crate::emit) fn goes_by_element(element: &TypeDesc) -> bool {
    match element.shape() {
        Shape::Composite { .. } | Shape::Range(_) | Shape::Multirange(_) => true,
        Shape::Named(_) => element.encoding() == Encoding::Text,
        Shape::BuiltIn(_) | Shape::Enum { .. } | Shape::Array(_) => false,
    }
}

/// An array of `element`, which may be an array too.
pub(super) fn array(element: &TypeDesc, source: &str, place: Place) -> String {
    let part = innermost(element);
    match part.shape() {
        _ if goes_by_element(part) => by_element(element, source, place),
        Shape::BuiltIn(types) if types.iter().any(|name| matches!(*name, "json" | "jsonb")) => {
            of_json(element, source, place)
        }
        _ => scalar(part, source, "[]", place),
    }
}

/// An element of JSON can be an array itself, and null itself.
fn of_json(element: &TypeDesc, source: &str, place: Place) -> String {
    let pad = pad(place.indent);
    let without_null = if innermost(element).is_nullable() {
        String::new()
    } else {
        let part = format!("part_{}", place.in_array().arrays);
        format!(
            "\n\
             {pad}        OR EXISTS (\n\
             {pad}            SELECT FROM unnest({source}) AS {part} (value)\n\
             {pad}            WHERE {part}.value IS NULL\n\
             {pad}        )"
        )
    };
    format!(
        "CASE WHEN array_ndims({source}) <> {}{without_null}\n\
         {pad}    THEN to_json(format('%s', {source}))\n\
         {pad}    ELSE to_json({source})\n\
         {pad}END",
        dimensions(element)
    )
}

/// By subscript, so that a NULL element is told from an element of NULLs.
fn by_element(element: &TypeDesc, source: &str, place: Place) -> String {
    let pad = pad(place.indent);
    format!(
        "CASE WHEN array_ndims({source}) <> {}\n\
         {pad}    THEN to_json(format('%s', {source}))\n\
         {pad}WHEN {source} IS DISTINCT FROM NULL\n\
         {pad}    THEN coalesce({}, '[]'::json)\n\
         {pad}END",
        dimensions(element),
        one_dimension(element, source, "", 1, place.indented(4))
    )
}

/// The elements in the dimension, as a query. `subscripts` are those of the dimensions before.
fn one_dimension(
    element: &TypeDesc,
    source: &str,
    subscripts: &str,
    dimension: usize,
    place: Place,
) -> String {
    let place = place.in_array();
    // Inside of another array it needs names of its own.
    let subscript = format!("subscript_{}", place.arrays);
    let subscripts = format!("{subscripts}[{subscript}]");
    let pad = pad(place.indent);
    let numbers = list(
        "generate_subscripts(",
        &[source.to_owned(), dimension.to_string()],
        &format!(") AS {subscript}"),
        place.indent + 4,
        "FROM ".len(),
    );
    let (value, query) = if let Shape::Array(inner) = element.shape() {
        let dimension = dimension + 1;
        let inner = one_dimension(inner, source, &subscripts, dimension, place.indented(8));
        (inner, String::new())
    } else {
        let name = format!("element_{}", place.arrays);
        let query = format!(
            "\n\
             {pad}    CROSS JOIN LATERAL (\n\
             {pad}        SELECT ({source}){subscripts} AS value\n\
             {pad}    ) AS {name}"
        );
        let value = value(element, &format!("{name}.value"), place.indented(8));
        (value, query)
    };
    format!(
        "(\n\
         {pad}    SELECT json_agg(\n\
         {pad}        {value}\n\
         {pad}        ORDER BY {subscript}\n\
         {pad}    )\n\
         {pad}    FROM {numbers}{query}\n\
         {pad})"
    )
}
