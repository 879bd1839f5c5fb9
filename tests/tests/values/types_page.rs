//! The page on types does what it says: its literals stand in the event as they stand there, and are read or refused.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use aurora_trigger_gen::describe::{Shape, TypeDesc};
use aurora_trigger_gen::{
    Bits, Bytes, Float4, Float8, Interval, MacAddress, MacAddress8, Multirange, Oid, PgType, Range,
    time as time_columns,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::holder::{Holder, JsonRow, Row, Struct};

const PAGE: &str = include_str!("../../../aurora-trigger-gen/TYPES.md");

/// The lines of the table under a heading, and of each cell what is in backticks.
fn table(heading: &str) -> Vec<Vec<Vec<&'static str>>> {
    let (_, part) = PAGE
        .split_once(&format!("## {heading}\n"))
        .expect("the page has this part");
    let (part, _) = part.split_once("\n## ").unwrap_or((part, ""));
    part.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            line.split(" | ")
                .map(|cell| cell.split('`').skip(1).step_by(2).collect())
                .collect()
        })
        .collect()
}

/// A line of the table of PostgreSQL's types.
#[derive(Debug)]
struct Line<'a> {
    column: &'a str,
    rust: Vec<&'a str>,
    written: &'a str,
    json: &'a str,
    refused: Vec<&'a str>,
}

fn lines() -> Vec<Line<'static>> {
    table("Types of PostgreSQL")
        .into_iter()
        .map(|cells| {
            let [column, rust, written, json, refused] = cells.as_slice() else {
                panic!("five cells: {cells:?}");
            };
            Line {
                column: column[0],
                rust: rust.clone(),
                written: written[0],
                json: json[0],
                refused: refused.clone(),
            }
        })
        .collect()
}

/// A line of a table of recipes.
#[derive(Debug)]
struct Recipe<'a> {
    column: &'a str,
    /// With its attributes.
    rust: String,
    /// Each with how it stands in the event.
    written: Vec<(&'a str, &'a str)>,
}

const REST: &str = "What holds the rest";
const OTHERS: &str = "What no Rust type stands for";

fn recipes(heading: &str) -> Vec<Recipe<'static>> {
    table(heading)
        .into_iter()
        .map(|cells| {
            let [column, rust, written, json] = cells.as_slice() else {
                panic!("four cells: {cells:?}");
            };
            assert_eq!(written.len(), json.len(), "{cells:?}");
            Recipe {
                column: column[0],
                rust: rust.join(" with "),
                written: written.iter().copied().zip(json.iter().copied()).collect(),
            }
        })
        .collect()
}

/// The first version of PostgreSQL that has the value.
fn first_version(column: &str, literal: &str) -> i32 {
    match (column, literal) {
        ("jsonpath", _) => 120_000,
        ("xid8" | "pg_snapshot", _) => 130_000,
        ("int4multirange", _) | ("numeric", "'Infinity'") => 140_000,
        ("interval", "'infinity'") => 170_000,
        _ => 0,
    }
}

async fn has(holder: &Holder, column: &str, literal: &str) -> bool {
    let has = holder.server_version().await >= first_version(column, literal);
    if !has {
        println!("not tested: the {column} {literal}, which this PostgreSQL has not");
    }
    has
}

/// The text of a literal in the event, from a column that is read as the struct has it, and whether the struct reads it.
async fn written(
    holder: &Holder,
    of_struct: Struct,
    column: &str,
    literal: &str,
) -> (String, Result<(), String>) {
    #[derive(Deserialize)]
    struct Image<'a> {
        #[serde(borrow)]
        value: &'a RawValue,
    }
    holder
        .make_table(of_struct, &format!("{column} NOT NULL"))
        .await;
    holder
        .execute(&format!("INSERT INTO public.holder VALUES (1, {literal})"))
        .await;
    let calls = holder.take_calls().await;
    let payload = calls[0].payload();
    let image = payload.batches[0].events[0]
        .after
        .expect("a row was inserted");
    let image: Image<'_> = serde_json::from_str(image.get()).expect("it has the column");
    let outcome = of_struct.events(&calls).remove(&1).expect("it is there");
    (image.value.get().to_owned(), outcome.map(|_| ()))
}

async fn arrives(holder: &Holder, rust: &str, column: &str, literal: &str, json: &str) {
    let (sent, outcome) = written(holder, struct_of(rust), column, literal).await;
    match json.strip_suffix('…') {
        Some(start) => assert!(sent.starts_with(start), "{rust}: {literal}: {sent}"),
        None => assert_eq!(sent, json, "{rust}: {literal}"),
    }
    assert_eq!(outcome, Ok(()), "{rust}: {literal}");
}

macro_rules! by_name {
    ($($name:literal => $ty:ty,)+) => {
        const TYPES: &[(&str, TypeDesc)] = &[$(($name, <$ty>::TYPE)),+];

        fn struct_of(rust: &str) -> Struct {
            match rust {
                $($name => Struct::of::<Row<$ty>>(),)+
                "Box<serde_json::value::RawValue> with json" => Struct::of::<JsonRow<Box<RawValue>>>(),
                recipe => struct_of_recipe(recipe),
            }
        }
    };
}

by_name! {
    "bool" => bool,
    "i16" => i16,
    "i32" => i32,
    "i64" => i64,
    "Oid" => Oid,
    "f32" => f32,
    "f64" => f64,
    "Float4" => Float4,
    "Float8" => Float8,
    "rust_decimal::Decimal" => rust_decimal::Decimal,
    "bigdecimal::BigDecimal" => bigdecimal::BigDecimal,
    "String" => String,
    "Bytes" => Bytes,
    "Bits" => Bits,
    "uuid::Uuid" => uuid::Uuid,
    "chrono::NaiveDate" => chrono::NaiveDate,
    "chrono::NaiveTime" => chrono::NaiveTime,
    "chrono::NaiveDateTime" => chrono::NaiveDateTime,
    "chrono::DateTime<Utc>" => chrono::DateTime<chrono::Utc>,
    "chrono::DateTime<FixedOffset>" => chrono::DateTime<chrono::FixedOffset>,
    "jiff::civil::Date" => jiff::civil::Date,
    "jiff::civil::Time" => jiff::civil::Time,
    "jiff::civil::DateTime" => jiff::civil::DateTime,
    "jiff::Timestamp" => jiff::Timestamp,
    "aurora_trigger_gen::time::Date" => time_columns::Date,
    "aurora_trigger_gen::time::Time" => time_columns::Time,
    "aurora_trigger_gen::time::PrimitiveDateTime" => time_columns::PrimitiveDateTime,
    "aurora_trigger_gen::time::OffsetDateTime" => time_columns::OffsetDateTime,
    "Interval" => Interval,
    "serde_json::Value" => serde_json::Value,
    "std::net::IpAddr" => IpAddr,
    "std::net::Ipv4Addr" => Ipv4Addr,
    "std::net::Ipv6Addr" => Ipv6Addr,
    "cidr::IpInet" => cidr::IpInet,
    "cidr::Ipv4Inet" => cidr::Ipv4Inet,
    "cidr::Ipv6Inet" => cidr::Ipv6Inet,
    "cidr::IpCidr" => cidr::IpCidr,
    "cidr::Ipv4Cidr" => cidr::Ipv4Cidr,
    "cidr::Ipv6Cidr" => cidr::Ipv6Cidr,
    "MacAddress" => MacAddress,
    "MacAddress8" => MacAddress8,
    "Range<i32>" => Range<i32>,
    "Range<rust_decimal::Decimal>" => Range<rust_decimal::Decimal>,
    "Range<chrono::NaiveDate>" => Range<chrono::NaiveDate>,
    "Multirange<i32>" => Multirange<i32>,
    "Vec<i32>" => Vec<i32>,
    "Vec<Option<i32>>" => Vec<Option<i32>>,
    "Vec<Vec<i32>>" => Vec<Vec<i32>>,
}

/// Recipes: a newtype with these attributes, which a field can have too.
macro_rules! by_recipe {
    ($($newtype:ident($ty:ty as $name:literal): $sql:literal, $encoding:literal;)+) => {
        $(#[derive(Debug, Deserialize, PgType)]
        #[stream(sql_type = $sql, encoding = $encoding)]
        struct $newtype(#[expect(dead_code, reason = "that it is read is all")] $ty);)+

        fn struct_of_recipe(recipe: &str) -> Struct {
            $(if recipe
                == concat!($name, " with sql_type = \"", $sql, "\", encoding = \"", $encoding, "\"")
            {
                return Struct::of::<Row<$newtype>>();
            })+
            panic!("{recipe} is not among the test's types and recipes")
        }
    };
}

by_recipe! {
    AnyNumeric(String as "String"): "numeric", "text";
    AnyDate(String as "String"): "date", "text";
    AnyTime(String as "String"): "time", "text";
    AnyTimestamp(String as "String"): "timestamp", "text";
    AnyInstant(String as "String"): "timestamptz", "text";
    AnyInterval(String as "String"): "interval", "text";
    JsonText(String as "String"): "json", "text";
    JsonbText(String as "String"): "jsonb", "text";
    AnyNumericRange(String as "String"): "numrange", "text";
    AnyDateRange(String as "String"): "daterange", "text";
    AnyIntegers(serde_json::Value as "serde_json::Value"): "_int4", "json";
    Money(String as "String"): "money", "text";
    Xml(String as "String"): "xml", "text";
    SearchVector(String as "String"): "tsvector", "text";
    SearchQuery(String as "String"): "tsquery", "text";
    Point(String as "String"): "point", "text";
    EndlessLine(String as "String"): "line", "text";
    Segment(String as "String"): "lseg", "text";
    Rectangle(String as "String"): "box", "text";
    GeometricPath(String as "String"): "path", "text";
    Polygon(String as "String"): "polygon", "text";
    Circle(String as "String"): "circle", "text";
    TimeWithZone(String as "String"): "timetz", "text";
    LogPosition(String as "String"): "pg_lsn", "text";
    RowPlace(String as "String"): "tid", "text";
    JsonPath(String as "String"): "jsonpath", "text";
    OneByte(String as "String"): "char", "text";
    TransactionNumber(String as "String"): "xid", "text";
    Snapshot(String as "String"): "txid_snapshot", "text";
    Relation(String as "String"): "regclass", "text";
    TypeName(String as "String"): "regtype", "text";
    Cursor(String as "String"): "refcursor", "text";
    LongTransactionNumber(String as "String"): "xid8", "text";
    NewSnapshot(String as "String"): "pg_snapshot", "text";
    CaseInsensitive(String as "String"): "public.citext", "text";
    Labels(String as "String"): "public.ltree", "text";
    LabelQuery(String as "String"): "public.lquery", "text";
    Attributes(BTreeMap<String, Option<String>> as "BTreeMap<String, Option<String>>"): "public.hstore", "json";
    Geometry(String as "String"): "public.geometry", "text";
    GeometryJson(serde_json::Value as "serde_json::Value"): "public.geometry", "json";
}

#[tokio::test]
async fn every_line_of_the_page_is_true() {
    let holder = Holder::plain().await;
    for line in lines() {
        if !has(&holder, line.column, line.written).await {
            continue;
        }
        for rust in &line.rust {
            arrives(&holder, rust, line.column, line.written, line.json).await;
            for literal in &line.refused {
                if has(&holder, line.column, literal).await {
                    let (_, outcome) =
                        written(&holder, struct_of(rust), line.column, literal).await;
                    outcome.expect_err(&format!("{rust} takes {literal}: {line:?}"));
                }
            }
        }
    }
}

#[tokio::test]
async fn every_recipe_of_the_page_reads_what_it_says() {
    let holder = Holder::plain().await;
    let mut lacks = BTreeSet::new();
    for (column, needs) in [
        ("citext", "CREATE EXTENSION citext"),
        ("ltree", "CREATE EXTENSION ltree"),
        ("lquery", "SELECT NULL::public.lquery"),
        ("hstore", "CREATE EXTENSION hstore"),
        ("geometry", "CREATE EXTENSION postgis"),
        ("xml", "SELECT '<a/>'::xml"),
    ] {
        if let Err(error) = holder.try_run(needs).await {
            assert!(std::env::var_os("CI").is_none(), "{column}: {error:?}");
            println!("not tested: {column}, which this PostgreSQL has not");
            lacks.insert(column);
        }
    }
    for recipe in recipes(REST).into_iter().chain(recipes(OTHERS)) {
        if lacks.contains(recipe.column) {
            continue;
        }
        for (literal, json) in recipe.written {
            if has(&holder, recipe.column, literal).await {
                arrives(&holder, &recipe.rust, recipe.column, literal, json).await;
            }
        }
    }
}

#[test]
fn every_literal_that_is_refused_is_read_by_a_recipe() {
    let read: BTreeSet<(&str, &str)> = recipes(REST)
        .iter()
        .flat_map(|recipe| {
            recipe
                .written
                .iter()
                .map(|(literal, _)| (recipe.column, *literal))
        })
        .collect();
    for line in lines() {
        for literal in line.refused {
            assert!(
                read.contains(&(line.column, literal)),
                "nothing is named for the {} {literal}",
                line.column
            );
        }
    }
}

/// A type that takes a column more than the page says, or has no line at all, is found here.
#[tokio::test]
async fn every_type_has_a_line_for_each_column_that_it_takes() {
    let holder = Holder::plain().await;
    let mut said: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for line in lines() {
        let name = holder
            .session()
            .query_opt(
                "SELECT t.typname::text FROM pg_type AS t WHERE t.oid = to_regtype($1)",
                &[&line.column],
            )
            .await
            .expect("the catalogue can be read");
        for rust in line.rust {
            let columns = said.entry(rust).or_default();
            columns.extend(name.as_ref().map(|row| row.get::<_, String>(0)));
        }
    }
    for (name, ty) in TYPES {
        let said = said
            .remove(name)
            .unwrap_or_else(|| panic!("{name} has no line"));
        if let Shape::BuiltIn(columns) = ty.shape() {
            let taken: BTreeSet<String> = columns.iter().copied().map(str::to_owned).collect();
            assert_eq!(said, taken, "{name}");
        }
    }
    assert!(said.is_empty(), "{said:?}");
}

/// What the server keeps for itself, in some of its versions, or names its own things by.
const OF_THE_SERVER: [&str; 22] = [
    "abstime",
    "aclitem",
    "cid",
    "gtsvector",
    "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary",
    "pg_dependencies",
    "pg_mcv_list",
    "pg_ndistinct",
    "pg_node_tree",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "reltime",
    "smgr",
    "tinterval",
];

/// Arrays, ranges and multiranges have a sentence.
#[tokio::test]
async fn every_type_of_the_server_is_on_the_page() {
    let holder = Holder::plain().await;
    let columns: Vec<&str> = lines()
        .iter()
        .map(|line| line.column)
        .chain(recipes(OTHERS).iter().map(|recipe| recipe.column))
        .collect();
    let missing: Vec<String> = holder
        .session()
        .query(
            "SELECT t.typname::text FROM pg_type AS t
             WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype = 'b' AND t.typcategory <> 'A'
                AND t.oid NOT IN (
                    SELECT to_regtype(c.name) FROM unnest($1::text[]) AS c (name)
                    WHERE to_regtype(c.name) IS NOT NULL
                )
             ORDER BY t.typname",
            &[&columns],
        )
        .await
        .expect("the catalogue can be read")
        .iter()
        .map(|row| row.get(0))
        .collect();
    let missing: Vec<_> = missing
        .iter()
        .filter(|name| !OF_THE_SERVER.contains(&name.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Said in the sentence behind the table.
const SAID_IN_WORDS: [&str; 4] = ["Option<T>", "Box<T>", "Cow<'_, T>", "str"];

/// Of the crates that have features a file is named for each.
const CRATES: [&str; 7] = [
    "bigdecimal",
    "chrono",
    "cidr",
    "jiff",
    "rust_decimal",
    "time",
    "uuid",
];

/// The types that one file of the code implements the trait for.
fn types_in(source: &str) -> BTreeSet<String> {
    let by_hand = source.lines().filter_map(|line| {
        let (_, rest) = line.strip_prefix("impl")?.split_once("PgType for ")?;
        Some(rest.trim_end_matches([' ', '{']))
    });
    let listed = source
        .lines()
        .filter_map(|line| Some(line.split_once(" => [")?.0.trim()));
    let made = ["newtype!(", "float!(", "mac_address!("]
        .into_iter()
        .flat_map(|name| source.split(name).skip(1))
        .filter_map(|call| call.trim_start().split([',', '(']).next());
    by_hand
        .chain(listed)
        .chain(made)
        .filter(|name| !name.contains('$'))
        .map(|name| name.strip_prefix("serde_json::").unwrap_or(name).to_owned())
        .collect()
}

/// Whether `name` on the page is the type of the code: `jiff::civil::Date` is its `Date`, `Range<i32>` its `Range<T>`.
fn is_named(name: &str, ty: &str) -> bool {
    let (path, arguments) = name.split_at(name.find('<').unwrap_or(name.len()));
    let last = path.rsplit("::").next().expect("there is one");
    match ty.strip_suffix("<T>") {
        Some(generic) => last == generic,
        None => format!("{last}{arguments}") == ty,
    }
}

#[test]
fn every_type_of_the_code_is_on_the_page() {
    let directory =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../aurora-trigger-gen/src/column_types");
    for file in fs::read_dir(directory).expect("it is there") {
        let file = file.expect("it can be listed").path();
        let stem = file.file_stem().and_then(|stem| stem.to_str());
        let stem = stem.expect("files of code have plain names");
        if ["columns", "from_text", "mod", "or_text"].contains(&stem) {
            continue;
        }
        let source = fs::read_to_string(&file).expect("it can be read");
        let types = types_in(&source);
        assert!(!types.is_empty(), "no type was found in {}", file.display());
        for ty in types {
            let is_named = TYPES.iter().any(|(name, _)| {
                is_named(name, &ty)
                    && (!CRATES.contains(&stem) || name.split("::").any(|part| part == stem))
            });
            assert!(
                is_named || SAID_IN_WORDS.contains(&&*ty),
                "{ty} of {} has no line on the page, and none in this test",
                file.display()
            );
        }
    }
}
