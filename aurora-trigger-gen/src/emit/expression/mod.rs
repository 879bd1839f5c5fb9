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

pub(super) use array::{goes_by_element, innermost};

use super::layout::{block, list, named, parts as in_a_line};
use super::mask;
use super::sql::{Identifier, Sql};
use crate::describe::{ColumnDesc, Encoding, Mask, Shape, TableDesc, TypeDesc};

/// What stands in the image for `column` of the row that `row` names, under its name there.
pub(super) fn image(table: &TableDesc, column: &ColumnDesc, row: &str) -> Sql {
    let value = value_of(table, column, row);
    Sql(named(&value, Identifier(column.json())))
}

/// The same without its name.
pub(super) fn value_of(table: &TableDesc, column: &ColumnDesc, row: &str) -> String {
    let plain = field(row, column.column());
    match column.mask() {
        None => value(column.ty(), &plain, 0),
        Some(mask) => masked(table, column, mask, &plain),
    }
}

/// What is sent in place of the column, a text.
fn masked(table: &TableDesc, column: &ColumnDesc, mask: Mask, plain: &str) -> String {
    let of_text = |masked: &dyn Fn(&str) -> String| of_text(column.ty(), plain, masked);
    match mask {
        Mask::Redact => unless_null(plain, "'***'"),
        Mask::LastFour => of_text(&|text| last_four(text, plain)),
        Mask::Sha256 => of_text(&mask::keyed_hash),
        Mask::Sql(_) => of_text(&|text| mask::by_expression(table, column, text)),
    }
}

/// A column as it is.
pub(super) fn field(row: &str, column: &str) -> String {
    format!("{row}.{}", Identifier(column))
}

/// The text that `masked` makes of the value's text. Of NULL it must make NULL.
fn of_text(ty: &TypeDesc, source: &str, masked: &dyn Fn(&str) -> String) -> String {
    match ty.shape() {
        Shape::BuiltIn(_) => guarded(source, &masked(&format!("{source}::text"))),
        _ => unless_null(source, &masked(&format!("format('%s', {source})"))),
    }
}

fn last_four(text: &str, source: &str) -> String {
    block(&format!(
        "CASE\n    \
         WHEN length({text}) > 4\n        \
         THEN '***' || right({text}, 4)\n    \
         WHEN {source} IS DISTINCT FROM NULL\n        \
         THEN '***'\n\
         END"
    ))
}

/// The condition that the type of `source` runs nobody else's code.
pub(super) fn is_trusted(source: &str) -> String {
    let result = format!("THEN {source}");
    let sample = in_a_line("CASE WHEN false", &[(4, &result), (0, "END")]);
    list("aurora_trigger.is_trusted(", &[sample], ")")
}

/// `cast`, which casts `source`, out of the planner's sight until it knows the type.
pub(super) fn guarded(source: &str, cast: &str) -> String {
    let condition = is_trusted(source);
    block(&format!("CASE WHEN {condition}\n    THEN {cast}\nEND"))
}

/// `arrays`: how many arrays the expression stands inside of.
fn value(ty: &TypeDesc, source: &str, arrays: usize) -> String {
    match ty.shape() {
        Shape::BuiltIn(_) | Shape::Named(_) | Shape::Enum { .. } => scalar(ty, source, ""),
        Shape::Composite { .. } => composite(ty, source, arrays),
        Shape::Range(element) => range::range(element, source, arrays),
        Shape::Multirange(range) => range::multirange(range, source, arrays),
        Shape::Array(element) => array::array(element, source, arrays),
    }
}

/// A scalar, or with `[]` for `dimensions` an array of them.
fn scalar(ty: &TypeDesc, source: &str, dimensions: &str) -> String {
    match (ty.shape(), ty.encoding()) {
        (_, Encoding::Json) => source.to_owned(),
        (Shape::BuiltIn(_), Encoding::Text) => {
            guarded(source, &format!("{source}::text{dimensions}"))
        }
        (_, Encoding::Text) => label(source, dimensions),
    }
}

/// The text of a value whose type may be anybody's, or with `[]` for `dimensions` an array of its elements' texts.
fn label(source: &str, dimensions: &str) -> String {
    let cast = if dimensions.is_empty() {
        String::new()
    } else {
        format!("::text{dimensions}")
    };
    unless_null(source, &format!("format('%s', {source}){cast}"))
}

/// `IS NOT NULL` would be false for a composite value with one NULL in it.
fn unless_null(source: &str, then: &str) -> String {
    let subject = format!("CASE WHEN {source}");
    let condition = in_a_line(&subject, &[(8, "IS DISTINCT FROM NULL")]);
    block(&format!("{condition}\n    THEN {then}\nEND"))
}

/// Attribute by attribute: one that is added to the type later is not sent, and runs no code here.
fn composite(ty: &TypeDesc, source: &str, arrays: usize) -> String {
    let Shape::Composite { fields, .. } = ty.shape() else {
        return value(ty, source, arrays);
    };
    let members: Vec<String> = fields
        .iter()
        .map(|member| {
            let attribute = field(&format!("({source})"), member.attribute());
            let value = value(member.ty(), &attribute, arrays);
            named(&value, Identifier(member.json()))
        })
        .collect();
    let object = block(&format!(
        "(SELECT row_to_json(attributes.*) FROM (SELECT\n    {}\n) AS attributes)",
        members.join(",\n    ")
    ));
    unless_null(source, &object)
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

/// The columns that a predicate may name, as a query of one row.
///
/// Of a type that users make it gets no value: a predicate can cast it, and the cast would be code of the type's owner,
/// also one that is made after the query was planned; and what it is compared with is read as such a value, which runs
/// the checks of domains, while the query is parsed. So a built-in type is named here, an enum or another type is its
/// text, and a composite type a record of the attributes that the struct has. An array of composite types, or of domains
/// over arrays, can't be taken apart like that, and is left out.
///
/// A masked column is what is sent in its place: PostgreSQL's own words for what a predicate can't do with a value hold
/// the value.
pub(super) fn candidate(table: &TableDesc, row: &str, masks: Masks) -> String {
    let values: Vec<Value<'_>> = table
        .columns()
        .iter()
        .map(|column| Value {
            ty: column.ty(),
            source: field(row, column.column()),
            name: column.column(),
            masked: column.mask().map(|mask| match masks {
                Masks::AreThere => masked(table, column, mask, &field(row, column.column())),
                Masks::AreNotYet => "NULL::pg_catalog.text".to_owned(),
            }),
        })
        .collect();
    one_row(&values, &mut 0)
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

fn one_row(values: &[Value<'_>], records: &mut usize) -> String {
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
                let query = one_row(&attributes, records);
                taken_apart.push(block(&format!("(\n    {query}\n) AS {record}")));
                record
            }
            Shape::Array(element) => match innermost(element).shape() {
                Shape::BuiltIn(types) => built_in(source, types, "[]"),
                Shape::Composite { .. } | Shape::Array(_) => continue,
                _ => label(source, "[]"),
            },
            Shape::BuiltIn(types) => built_in(source, types, ""),
            _ => label(source, ""),
        };
        selected.push(format!("{value} AS {}", Identifier(name)));
    }
    let mut query = format!("SELECT\n    {}", selected.join(",\n    "));
    if !taken_apart.is_empty() {
        query.push_str(&format!("\nFROM\n    {}", taken_apart.join(",\n    ")));
    }
    block(&query)
}

/// As the first of the types that the field takes: the widest, by how the descriptions list them.
fn built_in(source: &str, types: &[&str], dimensions: &str) -> String {
    match types.first() {
        Some(name) => format!("{source}::pg_catalog.{}{dimensions}", Identifier(name)),
        None => source.to_owned(),
    }
}
