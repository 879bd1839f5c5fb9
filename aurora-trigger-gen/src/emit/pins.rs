//! The settings that change how a value prints, or how long that takes, pinned on a trigger function. Each costs a third
//! of a microsecond a call, so a table pins those that its columns' types depend on.

use super::sql::{Literal, Sql};
use super::{expression, image_type, mask};
use crate::describe::{ColumnDesc, Encoding, Shape, TableDesc, TypeDesc};

const TIME_ZONE: (&str, &str) = ("\"TimeZone\"", "UTC");
const INTERVAL_STYLE: (&str, &str) = ("\"IntervalStyle\"", "iso_8601");
const DATE_STYLE: (&str, &str) = ("\"DateStyle\"", "ISO, YMD");
const BYTEA_OUTPUT: (&str, &str) = ("bytea_output", "hex");
// 3 is what PostgreSQL 11 needs to write every digit; later versions take it as 1.
const FLOAT_DIGITS: (&str, &str) = ("extra_float_digits", "3");
/// How a NULL among labels reads: an array of them goes through its text.
const ARRAY_NULLS: (&str, &str) = ("array_nulls", "on");

/// How `money` prints, which no type but the escape hatch's takes.
const MONEY: (&str, &str) = ("lc_monetary", "C");

/// What an author's expression can call besides.
const OF_EXPRESSIONS: [(&str, &str); 4] = [
    ("lc_numeric", "C"),
    ("lc_time", "C"),
    ("default_text_search_config", "pg_catalog.simple"),
    ("xmloption", "content"),
];

/// A role that may write rows and not read them could see what is masked in the plans that are shown to it.
const PLANS: (&str, &str) = ("debug_print_plan", "off");

/// How a literal with a backslash reads.
const STRINGS: (&str, &str) = ("standard_conforming_strings", "on");

/// For queries that take arrays apart. The planner takes each array for a thousand elements, and each inside of it for as
/// many again, so even for one row it would compile what then runs for some microseconds. And for the trigger functions
/// of statements: a plan that is made for millions of rows, and kept, would be compiled for each single row, too.
const JIT: (&str, &str) = ("jit", "off");

const ALL: [(&str, &str); 7] = [
    TIME_ZONE,
    INTERVAL_STYLE,
    DATE_STYLE,
    BYTEA_OUTPUT,
    FLOAT_DIGITS,
    ARRAY_NULLS,
    MONEY,
];

/// The `SET` clauses' names and values for the table.
pub(super) fn of(table: &TableDesc) -> Vec<Sql> {
    clauses(table, false, &|_| true)
}

/// The same for a trigger function of statements.
pub(super) fn of_statements(table: &TableDesc) -> Vec<Sql> {
    clauses(table, true, &|_| true)
}

/// The same where the function keeps values as they are.
pub(super) fn of_kept_values(table: &TableDesc) -> Vec<Sql> {
    clauses(table, true, &|column| !image_type::keeps(column))
}

/// The same for the function that prints these values. That one has no plan compiled anyway.
pub(super) fn of_printed_values(table: &TableDesc) -> Vec<Sql> {
    ALL.iter()
        .filter(|pin| {
            table
                .streamed()
                .any(|column| image_type::keeps(column) && depends(column.ty(), pin.0))
        })
        .map(clause)
        .collect()
}

fn clause((name, value): &(&str, &str)) -> Sql {
    Sql(format!("{name} = {}", Literal(value)))
}

fn clauses(
    table: &TableDesc,
    is_not_compiled: bool,
    prints: &dyn Fn(&ColumnDesc) -> bool,
) -> Vec<Sql> {
    // A predicate can depend on any of them, and so can a mask.
    let all = table.when().is_some() || mask::has_expressions(table);
    ALL.iter()
        .filter(|pin| {
            all || table
                .streamed()
                .any(|column| prints(column) && depends(column.ty(), pin.0))
        })
        .chain(OF_EXPRESSIONS.iter().filter(|_| all))
        .chain(
            table
                .streamed()
                .any(|column| column.mask().is_some())
                .then_some(&PLANS),
        )
        .chain(
            table
                .when()
                .is_some_and(|predicate| predicate.contains('\\'))
                .then_some(&STRINGS),
        )
        .chain(
            (is_not_compiled
                || table
                    .streamed()
                    .any(|column| has_array_by_element(column.ty())))
            .then_some(&JIT),
        )
        .map(clause)
        .collect()
}

fn depends(ty: &TypeDesc, setting: &str) -> bool {
    match ty.shape() {
        Shape::BuiltIn(types) => types
            .iter()
            .any(|name| built_in_depends(name, ty.encoding(), setting)),
        // What a type that we do not know prints can depend on all of them.
        Shape::Named(_) => true,
        Shape::Enum { .. } => false,
        Shape::Composite { fields, .. } => fields.iter().any(|field| depends(field.ty(), setting)),
        Shape::Array(element) => {
            let is_label = matches!(element.shape(), Shape::Enum { .. });
            (is_label && setting == ARRAY_NULLS.0) || depends(element, setting)
        }
        Shape::Range(part) | Shape::Multirange(part) => depends(part, setting),
    }
}

fn has_array_by_element(ty: &TypeDesc) -> bool {
    match ty.shape() {
        Shape::Array(element) => expression::goes_by_element(element),
        Shape::Multirange(_) => true,
        Shape::Range(element) => has_array_by_element(element),
        Shape::Composite { fields, .. } => {
            fields.iter().any(|field| has_array_by_element(field.ty()))
        }
        _ => false,
    }
}

fn built_in_depends(name: &str, encoding: Encoding, setting: &str) -> bool {
    let text = encoding == Encoding::Text;
    match name {
        "timestamptz" => setting == TIME_ZONE.0 || (text && setting == DATE_STYLE.0),
        "date" | "timestamp" => text && setting == DATE_STYLE.0,
        "interval" => setting == INTERVAL_STYLE.0,
        "bytea" => setting == BYTEA_OUTPUT.0,
        "float4" | "float8" => setting == FLOAT_DIGITS.0,
        "bool" | "int2" | "int4" | "int8" | "oid" | "numeric" | "text" | "varchar" | "bpchar"
        | "name" | "json" | "jsonb" | "uuid" | "time" | "inet" | "cidr" | "macaddr"
        | "macaddr8" | "bit" | "varbit" => false,
        _ => true,
    }
}
