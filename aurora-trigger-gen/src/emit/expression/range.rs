//! A range as an object of its bounds, each as a column of its type stands in an image. PostgreSQL's text for a range
//! depends on settings, and is no JSON that a struct could read.

use super::{block, unless_null, value};
use crate::describe::TypeDesc;

pub(super) fn range(element: &TypeDesc, source: &str, arrays: usize) -> String {
    let bound = |function: &str| value(element, &format!("{function}({source})"), arrays);
    let (lower, upper) = (bound("lower"), bound("upper"));
    let object = format!(
        "(SELECT row_to_json(bounds.*) FROM (SELECT\n    \
         {lower} AS lower,\n    \
         {upper} AS upper,\n    \
         CASE\n        \
         WHEN isempty({source}) THEN 'empty'\n        \
         WHEN lower_inc({source}) THEN '['\n        \
         ELSE '('\n    \
         END || CASE\n        \
         WHEN isempty({source}) THEN ''\n        \
         WHEN upper_inc({source}) THEN ']'\n        \
         ELSE ')'\n    \
         END AS bounds\n\
         ) AS bounds)"
    );
    unless_null(source, &block(&object))
}

pub(super) fn multirange(element: &TypeDesc, source: &str, arrays: usize) -> String {
    // Inside of another array it needs a name of its own.
    let arrays = arrays + 1;
    let part = format!("part_{arrays}");
    let array = format!(
        "coalesce((\n    \
         SELECT json_agg(\n        \
         {}\n        \
         ORDER BY {part}.place\n    \
         )\n    \
         FROM unnest({source}) WITH ORDINALITY AS {part} (value, place)\n\
         ), '[]'::json)",
        value(element, &format!("{part}.value"), arrays)
    );
    unless_null(source, &block(&array))
}
