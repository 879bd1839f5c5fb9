use askama::Template;

use super::capture::Operation;
use super::check::TableCheck;
use super::layout::list;
use super::shared::Shared;
use super::sql::{DollarQuoted, Literal, LiteralArray, Remark, Sql};
use super::way::Way;
use super::{app, capture, encoding_guard, layout, names, queue};
use crate::describe::{Level, TableDesc};

/// Which function the triggers call, for an installation that also configures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// The relay's ARN, or its name.
    pub function: String,
    /// Its region, where the name has none.
    pub region: Option<String>,
}

#[derive(Template)]
#[template(path = "checks.sql", escape = "none")]
struct Checks;

#[derive(Template)]
#[template(path = "triggers.sql", escape = "none")]
struct Triggers<'a> {
    schema: Literal<'a>,
    table: Literal<'a>,
    level: &'static str,
    operations: String,
    wanted: Vec<Wanted>,
    unwanted: Vec<&'static str>,
    functions: Sql,
}

struct Wanted {
    name: &'static str,
    transition_tables: &'static str,
    level: &'static str,
    function: Sql,
}

#[derive(Template)]
#[template(path = "install.sql", escape = "none")]
struct Install<'a> {
    version: &'static str,
    table_count: String,
    shared: String,
    checks: String,
    configuration: Option<(Literal<'a>, Sql)>,
    check_tables: DollarQuoted,
    tables: Vec<String>,
    lock_tables: DollarQuoted,
    triggers: Vec<(String, DollarQuoted)>,
    leftovers: DollarQuoted,
    encoding_guard: Option<String>,
}

#[derive(Template)]
#[template(path = "lock_tables.sql", escape = "none")]
struct LockTables<'a> {
    tables: Vec<LockedTable<'a>>,
}

struct LockedTable<'a> {
    schema: Literal<'a>,
    table: Literal<'a>,
    level: &'static str,
    operations: String,
    functions: Sql,
}

#[derive(Template)]
#[template(path = "remove_leftovers.sql", escape = "none")]
struct Leftovers<'a> {
    schemas: LiteralArray<'a>,
    tables: LiteralArray<'a>,
    apps: LiteralArray<'a>,
    is_whole: bool,
}

#[derive(Template)]
#[template(path = "check_tables.sql", escape = "none")]
struct CheckTables {
    table_checks: Vec<TableCheck>,
}

/// The installation of these tables, as SQL for PostgreSQL 11 to 18.
///
/// It holds no transaction control and can be run again at any time: it creates what is missing and mends what differs.
/// Run statement by statement it locks one table at a time, for milliseconds; its comments say which locks it takes.
/// Before it captures anything it refuses tables that do not fit their structs, with all differences at once.
///
/// ```
/// use aurora_trigger_gen::describe::{ColumnDesc, Delivery, KeyDesc, TableDesc};
/// use aurora_trigger_gen::{PgType, emit};
///
/// const COLUMNS: &[ColumnDesc] = &[ColumnDesc::new("id", "id", "id", &i64::TYPE).with_key()];
/// const NOTES: TableDesc = TableDesc::new(
///     "app::Note",
///     "public",
///     "notes",
///     COLUMNS,
///     KeyDesc::Columns,
///     Delivery::Async,
/// );
/// let sql = emit::install(&[&NOTES], None);
/// assert!(sql.contains("CREATE OR REPLACE FUNCTION aurora_trigger.\"public_notes_insert\"()"));
/// ```
#[must_use]
pub fn install(tables: &[&TableDesc], configuration: Option<&Configuration>) -> String {
    render(tables, configuration, true)
        .expect("templates fail on writing only, and a String takes everything")
}

/// The same for tables of a stream that has others, of which it says nothing.
pub(super) fn install_some(tables: &[&TableDesc], configuration: Option<&Configuration>) -> String {
    render(tables, configuration, false)
        .expect("templates fail on writing only, and a String takes everything")
}

fn render(
    tables: &[&TableDesc],
    configuration: Option<&Configuration>,
    is_whole: bool,
) -> askama::Result<String> {
    let shared = Shared::of(tables)?;
    let functions: askama::Result<Vec<String>> = tables
        .iter()
        .map(|table| capture::functions(table))
        .collect();
    let triggers: askama::Result<Vec<(String, DollarQuoted)>> = tables
        .iter()
        .map(|table| {
            let remark = Remark(&format!("{}.{}", table.schema(), table.table())).to_string();
            Ok((remark, DollarQuoted(triggers(table)?)))
        })
        .collect();
    let leftovers = Leftovers {
        schemas: LiteralArray(tables.iter().map(|table| table.schema()).collect()),
        tables: LiteralArray(tables.iter().map(|table| table.table()).collect()),
        apps: LiteralArray(app::of_all(tables)),
        is_whole,
    };
    let check_tables = CheckTables {
        table_checks: tables
            .iter()
            .map(|table| TableCheck::of(table, 12))
            .collect(),
    };
    let mut installation = Install {
        version: env!("CARGO_PKG_VERSION"),
        table_count: count(tables),
        shared: shared.render()?,
        checks: Checks.render()?,
        configuration: configuration.map(|configuration| {
            let region = configuration
                .region
                .as_deref()
                .map_or_else(|| "NULL".to_owned(), |region| Literal(region).to_string());
            (Literal(&configuration.function), Sql(region))
        }),
        check_tables: DollarQuoted(check_tables.render()?),
        tables: functions?,
        lock_tables: DollarQuoted(
            LockTables {
                tables: tables.iter().map(|table| locked_table(table)).collect(),
            }
            .render()?,
        ),
        triggers: triggers?,
        leftovers: DollarQuoted(leftovers.render()?),
        encoding_guard: None,
    };
    installation.encoding_guard = encoding_guard::of(&installation.render()?)?;
    let text = layout::lay_out(&installation.render()?);
    Ok(format!("{}\n", text.trim_end()))
}

pub(super) fn count(tables: &[&TableDesc]) -> String {
    match tables.len() {
        1 => "one table".to_owned(),
        number => format!("{number} tables"),
    }
}

fn locked_table(table: &TableDesc) -> LockedTable<'_> {
    LockedTable {
        schema: Literal(table.schema()),
        table: Literal(table.table()),
        level: capture::level(table),
        operations: operation_names(table),
        functions: array(trigger_function_names(table)),
    }
}

fn trigger_function_names(table: &TableDesc) -> impl Iterator<Item = String> {
    capture::trigger_functions(table)
        .into_iter()
        .map(|(name, _)| name)
}

fn array(names: impl Iterator<Item = String>) -> Sql {
    let names: Vec<String> = names.map(|name| Literal(&name).to_string()).collect();
    Sql(list("ARRAY[", &names, "]::text[]"))
}

/// The operations that are captured, as the members of an array in the order of the alphabet.
fn operation_names(table: &TableDesc) -> String {
    let mut names: Vec<String> = capture::operations(table)
        .map(|operation| operation.name().to_ascii_lowercase())
        .collect();
    names.sort_unstable();
    format!("{{{}}}", names.join(","))
}

fn triggers(table: &TableDesc) -> askama::Result<String> {
    let statement = table.level() == Level::Statement;
    Triggers {
        schema: Literal(table.schema()),
        table: Literal(table.table()),
        level: capture::level(table),
        operations: operation_names(table),
        wanted: capture::operations(table)
            .map(|operation| Wanted {
                name: operation.name(),
                transition_tables: match operation {
                    Operation::Insert if statement => "REFERENCING NEW TABLE AS new_rows ",
                    Operation::Update if statement => {
                        "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows "
                    }
                    Operation::Delete if statement => "REFERENCING OLD TABLE AS old_rows ",
                    _ => "",
                },
                level: if statement || operation == Operation::Truncate {
                    "STATEMENT"
                } else {
                    "ROW"
                },
                function: Sql(Literal(&operation.function_name(table)).to_string()),
            })
            .collect(),
        unwanted: Operation::ALL
            .into_iter()
            .filter(|operation| !operation.is_captured(table))
            .map(Operation::name)
            .collect(),
        functions: array(
            // Also where the struct has no mask any more: a write that began before may still call its function.
            [names::TO_JSON, names::MASK]
                .into_iter()
                .map(|suffix| names::object(table, suffix))
                .chain(trigger_function_names(table))
                .chain(
                    Way::of(table)
                        .has_queue()
                        .then(|| queue::Names::of(table).events),
                ),
        ),
    }
    .render()
}
