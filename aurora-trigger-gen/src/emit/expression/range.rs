//! A range as an object of its bounds, each as a column of its type stands in an image. PostgreSQL's text for a range
//! depends on settings, and is no JSON that a struct could read.

use super::{Place, pad, unless_null, value};
use crate::describe::TypeDesc;

pub(super) fn range(element: &TypeDesc, source: &str, place: Place) -> String {
    let inner = place.indented(8);
    let bound = |function: &str| value(element, &format!("{function}({source})"), inner);
    let (lower, upper) = (bound("lower"), bound("upper"));
    let pad = pad(place.indent);
    let object = format!(
        "(SELECT row_to_json(bounds.*) FROM (SELECT\n\
         {pad}        {lower} AS lower,\n\
         {pad}        {upper} AS upper,\n\
         {pad}        CASE\n\
         {pad}            WHEN isempty({source}) THEN 'empty'\n\
         {pad}            WHEN lower_inc({source}) THEN '['\n\
         {pad}            ELSE '('\n\
         {pad}        END || CASE\n\
         {pad}            WHEN isempty({source}) THEN ''\n\
         {pad}            WHEN upper_inc({source}) THEN ']'\n\
         {pad}            ELSE ')'\n\
         {pad}        END AS bounds\n\
         {pad}    ) AS bounds)"
    );
    unless_null(source, &object, place)
}

pub(super) fn multirange(element: &TypeDesc, source: &str, place: Place) -> String {
    let place = place.in_array();
    // Inside of another array it needs a name of its own.
    let part = format!("part_{}", place.arrays);
    let pad = pad(place.indent);
    let array = format!(
        "coalesce((\n\
         {pad}        SELECT json_agg(\n\
         {pad}            {}\n\
         {pad}            ORDER BY {part}.place\n\
         {pad}        )\n\
         {pad}        FROM unnest({source}) WITH ORDINALITY AS {part} (value, place)\n\
         {pad}    ), '[]'::json)",
        value(element, &format!("{part}.value"), place.indented(12))
    );
    unless_null(source, &array, place)
}
