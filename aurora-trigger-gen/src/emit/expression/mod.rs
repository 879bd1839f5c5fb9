//! A column's value as SQL that `row_to_json` writes as the image has it.
//!
//! Trigger functions run as their owner, so no code of anybody else may run in them. A cast from a type to json, or to
//! text, is code of whoever owns the type: `row_to_json` calls the first, `::text` the second. So values of enums and
//! other types that users make go through their output function (`format('%s', …)`), which is always PostgreSQL's own,
//! and composite types are taken apart. All else must be of a built-in type, which `aurora_trigger.is_trusted` checks
//! when the function's queries are planned, since a column can get another type after the installation.
//!
//! `row_to_json` casts when the query runs, so the check may stand anywhere in it: [`untrusted`] is for its WHERE. A
//! cast that the query itself holds is another matter: before the planner comes to the WHERE, it has put the body of the
//! cast's function in its place and computed what is constant there. So such a cast stands behind a check of its own.

mod array;
mod range;

pub(super) use array::goes_by_element;
use array::innermost;

use super::layout::{fits, list, named, pad};
use super::mask;
use super::sql::{Identifier, Sql};
use crate::describe::{ColumnDesc, Encoding, Mask, Shape, TableDesc, TypeDesc};

/// What stands in the image for `column` of the row that `row` names, under its name there.
pub(super) fn image(table: &TableDesc, column: &ColumnDesc, row: &str, indent: usize) -> Sql {
    let plain = field(row, column.column());
    let place = Place { indent, arrays: 0 };
    let value = match column.mask() {
        None => value(column.ty(), &plain, place),
        Some(mask) => masked(table, column, mask, &plain, place),
    };
    Sql(named(&value, Identifier(column.json()), indent))
}

/// What is sent in place of the column, a text.
fn masked(table: &TableDesc, column: &ColumnDesc, mask: Mask, plain: &str, place: Place) -> String {
    let of_text =
        |masked: &dyn Fn(&str, usize) -> String| of_text(column.ty(), plain, place, masked);
    match mask {
        Mask::Redact => unless_null(plain, "'***'", place),
        Mask::LastFour => of_text(&|text, indent| last_four(text, plain, indent)),
        Mask::Sha256 => of_text(&mask::keyed_hash),
        Mask::Sql(_) => of_text(&|text, indent| mask::by_expression(table, column, text, indent)),
    }
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

/// What `masked` makes of the value's text, given where its line begins. Of NULL it must make NULL.
fn of_text(
    ty: &TypeDesc,
    source: &str,
    place: Place,
    masked: &dyn Fn(&str, usize) -> String,
) -> String {
    let indent = place.indent + 4;
    match ty.shape() {
        Shape::BuiltIn(_) => guarded(source, &masked(&format!("{source}::text"), indent), place),
        _ => unless_null(
            source,
            &masked(&format!("format('%s', {source})"), indent),
            place,
        ),
    }
}

fn last_four(text: &str, source: &str, indent: usize) -> String {
    let pad = pad(indent);
    format!(
        "CASE\n\
         {pad}    WHEN length({text}) > 4\n\
         {pad}        THEN '***' || right({text}, 4)\n\
         {pad}    WHEN {source} IS DISTINCT FROM NULL\n\
         {pad}        THEN '***'\n\
         {pad}END"
    )
}

/// The condition that the type of `source` runs nobody else's code, in a line that begins at `indent` and holds `others`
/// characters besides.
pub(super) fn is_trusted(source: &str, indent: usize, others: usize) -> String {
    let mut sample = format!("CASE WHEN false THEN {source} END");
    if !fits(&sample, indent + 4) {
        let pad = pad(indent + 4);
        sample = format!("CASE WHEN false\n{pad}    THEN {source}\n{pad}END");
    }
    list("aurora_trigger.is_trusted(", &[sample], ")", indent, others)
}

/// `cast`, which casts `source` and is laid out for four columns more, out of the planner's sight until it knows the type.
fn guarded(source: &str, cast: &str, place: Place) -> String {
    let condition = is_trusted(source, place.indent, "CASE WHEN ".len());
    let pad = pad(place.indent);
    format!("CASE WHEN {condition}\n{pad}    THEN {cast}\n{pad}END")
}

fn value(ty: &TypeDesc, source: &str, place: Place) -> String {
    match ty.shape() {
        Shape::BuiltIn(_) | Shape::Named(_) | Shape::Enum { .. } => scalar(ty, source, "", place),
        Shape::Composite { .. } => composite(ty, source, place),
        Shape::Range(element) => range::range(element, source, place),
        Shape::Multirange(range) => range::multirange(range, source, place),
        Shape::Array(element) => array::array(element, source, place),
    }
}

/// A scalar, or with `[]` for `dimensions` an array of them.
fn scalar(ty: &TypeDesc, source: &str, dimensions: &str, place: Place) -> String {
    match (ty.shape(), ty.encoding()) {
        (_, Encoding::Json) => source.to_owned(),
        (Shape::BuiltIn(_), Encoding::Text) => {
            guarded(source, &format!("{source}::text{dimensions}"), place)
        }
        (_, Encoding::Text) => label(source, dimensions, place),
    }
}

/// The text of a value whose type may be anybody's, or with `[]` for `dimensions` an array of its elements' texts.
fn label(source: &str, dimensions: &str, place: Place) -> String {
    let cast = if dimensions.is_empty() {
        String::new()
    } else {
        format!("::text{dimensions}")
    };
    unless_null(source, &format!("format('%s', {source}){cast}"), place)
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

/// The parts of a column that `row_to_json` writes in the way of their types, so that these must be trusted.
pub(super) fn untrusted(column: &ColumnDesc, row: &str) -> Vec<String> {
    if column.mask().is_some() {
        return Vec::new();
    }
    let writes_itself = |ty: &TypeDesc| ty.encoding() == Encoding::Json;
    parts(column.ty(), field(row, column.column()), &writes_itself)
}

/// The parts of a column that a predicate gets by a cast, so that their types must be trusted.
pub(super) fn untrusted_in_predicate(column: &ColumnDesc, row: &str) -> Vec<String> {
    let is_cast = |ty: &TypeDesc| matches!(ty.shape(), Shape::BuiltIn(_));
    parts(column.ty(), field(row, column.column()), &is_cast)
}

fn parts(ty: &TypeDesc, source: String, is_wanted: &dyn Fn(&TypeDesc) -> bool) -> Vec<String> {
    match ty.shape() {
        Shape::BuiltIn(_) | Shape::Named(_) | Shape::Enum { .. } => {
            is_wanted(ty).then_some(source).into_iter().collect()
        }
        Shape::Composite { fields, .. } => fields
            .iter()
            .flat_map(|member| {
                let attribute = field(&format!("({source})"), member.attribute());
                parts(member.ty(), attribute, is_wanted)
            })
            .collect(),
        Shape::Range(element) => parts(element, format!("lower({source})"), is_wanted),
        Shape::Multirange(range) => match range.shape() {
            Shape::Range(element) => parts(element, format!("lower({source})"), is_wanted),
            _ => parts(range, source, is_wanted),
        },
        Shape::Array(element) => match innermost(element).shape() {
            Shape::BuiltIn(_) | Shape::Named(_) | Shape::Enum { .. } => {
                parts(innermost(element), source, is_wanted)
            }
            _ => parts(innermost(element), format!("({source})[1]"), is_wanted),
        },
    }
}

/// The columns that a predicate may name, as a query of one row in a line that begins at `indent`.
///
/// Of a type that users make it gets no value: a predicate can cast it, and the cast would be code of the type's owner,
/// also one that is made after the query was planned; and what it is compared with is read as such a value, which runs
/// the checks of domains, while the query is parsed. So a built-in type is named here, an enum or another type is its
/// text, and a composite type a record of the attributes that the struct has. An array of composite types, or of domains
/// over arrays, can't be taken apart like that, and is left out.
///
/// A masked column is what is sent in its place: PostgreSQL's own words for what a predicate can't do with a value hold
/// the value.
pub(super) fn candidate(table: &TableDesc, row: &str, masks: Masks, indent: usize) -> String {
    let values: Vec<Value<'_>> = table
        .columns()
        .iter()
        .map(|column| Value {
            ty: column.ty(),
            source: field(row, column.column()),
            name: column.column(),
            masked: column.mask().map(|mask| match masks {
                Masks::AreThere => {
                    let (plain, place) = (field(row, column.column()), in_row(indent));
                    masked(table, column, mask, &plain, place)
                }
                Masks::AreNotYet => "NULL::pg_catalog.text".to_owned(),
            }),
        })
        .collect();
    one_row(&values, &mut 0, indent)
}

/// Whether the functions that mask are there.
#[derive(Clone, Copy)]
pub(super) enum Masks {
    /// They are.
    AreThere,
    /// The installation makes them later.
    AreNotYet,
}

struct Value<'a> {
    ty: &'a TypeDesc,
    source: String,
    name: &'a str,
    masked: Option<String>,
}

/// The place of a value in [`one_row`].
fn in_row(indent: usize) -> Place {
    Place {
        indent: indent + 4,
        arrays: 0,
    }
}

fn one_row(values: &[Value<'_>], records: &mut usize, indent: usize) -> String {
    let pad = pad(indent);
    let place = in_row(indent);
    let mut selected = Vec::new();
    let mut taken_apart = Vec::new();
    for Value {
        ty,
        source,
        name,
        masked,
    } in values
    {
        if let Some(masked) = masked {
            selected.push(format!("{masked} AS {}", Identifier(name)));
            continue;
        }
        let value = match ty.shape() {
            Shape::Composite { fields, .. } => {
                *records += 1;
                let record = format!("record_{records}");
                let attributes: Vec<Value<'_>> = fields
                    .iter()
                    .map(|member| Value {
                        ty: member.ty(),
                        source: field(&format!("({source})"), member.attribute()),
                        name: member.attribute(),
                        masked: None,
                    })
                    .collect();
                let query = one_row(&attributes, records, indent + 8);
                taken_apart.push(format!("(\n{pad}        {query}\n{pad}    ) AS {record}"));
                record
            }
            Shape::Array(element) => match innermost(element).shape() {
                Shape::BuiltIn(types) => built_in(source, types, "[]"),
                Shape::Composite { .. } | Shape::Array(_) => continue,
                _ => label(source, "[]", place),
            },
            Shape::BuiltIn(types) => built_in(source, types, ""),
            _ => label(source, "", place),
        };
        selected.push(format!("{value} AS {}", Identifier(name)));
    }
    let mut query = format!(
        "SELECT\n{pad}    {}",
        selected.join(&format!(",\n{pad}    "))
    );
    if !taken_apart.is_empty() {
        query.push_str(&format!(
            "\n{pad}FROM\n{pad}    {}",
            taken_apart.join(&format!(",\n{pad}    "))
        ));
    }
    query
}

/// As the first of the types that the field takes: the widest, by how the descriptions list them.
fn built_in(source: &str, types: &[&str], dimensions: &str) -> String {
    match types.first() {
        Some(name) => format!("{source}::pg_catalog.{}{dimensions}", Identifier(name)),
        None => source.to_owned(),
    }
}
