use askama::Template;

use super::sql::{DollarQuoted, Identifier, Literal, Remark, Sql};
use super::{app, encoding_guard, install, layout, names};
use crate::describe::TableDesc;

#[derive(Template)]
#[template(path = "remove.sql", escape = "none")]
struct Remove<'a> {
    version: &'static str,
    table_count: String,
    lock_all: DollarQuoted,
    tables: Vec<(Remark<'a>, DollarQuoted)>,
    ownership: DollarQuoted,
    encoding_guard: Option<String>,
}

#[derive(Template)]
#[template(path = "remove_lock_all.sql", escape = "none")]
struct RemoveLockAll {
    functions: Vec<Sql>,
}

#[derive(Template)]
#[template(path = "remove_table.sql", escape = "none")]
struct RemoveTable {
    regclass: Sql,
    schema: Sql,
    table: Sql,
    triggers: [&'static str; 4],
    functions: Vec<Sql>,
}

/// The removal of these tables' triggers and functions, as SQL; with the last table also of what all share.
///
/// Dead letters and what waits in the outbox are kept: as long as there are some, the schema stays. So it does with the key
/// of `mask = "sha256"`, unless the session has `SET aurora_trigger.drop_mask_key = 'yes'`.
#[must_use]
pub fn remove(tables: &[&TableDesc]) -> String {
    render(tables).expect("templates fail on writing only, and a String takes everything")
}

fn render(tables: &[&TableDesc]) -> askama::Result<String> {
    let bodies: askama::Result<Vec<(Remark<'_>, DollarQuoted)>> = tables
        .iter()
        .map(|table| {
            let remark = Remark(table.rust_path());
            Ok((remark, DollarQuoted(remove_table(table).render()?)))
        })
        .collect();
    let lock_all = RemoveLockAll {
        functions: tables.iter().flat_map(|table| functions(table)).collect(),
    };
    let mut removal = Remove {
        version: env!("CARGO_PKG_VERSION"),
        table_count: install::count(tables),
        lock_all: DollarQuoted(lock_all.render()?),
        tables: bodies?,
        ownership: app::ownership(tables, true)?,
        encoding_guard: None,
    };
    removal.encoding_guard = encoding_guard::of(&removal.render()?)?;
    let text = layout::lay_out(&removal.render()?);
    Ok(format!("{}\n", text.trim_end()))
}

fn remove_table(table: &TableDesc) -> RemoveTable {
    let name = format!(
        "{}.{}",
        Identifier(table.schema()).quoted(),
        Identifier(table.table()).quoted()
    );
    RemoveTable {
        regclass: Sql(Literal(&name).to_string()),
        schema: Sql(Literal(table.schema()).to_string()),
        table: Sql(Literal(table.table()).to_string()),
        triggers: [
            "aurora_trigger_insert",
            "aurora_trigger_update",
            "aurora_trigger_delete",
            "aurora_trigger_truncate",
        ],
        functions: functions(table),
    }
}

/// The functions that a table can have.
fn functions(table: &TableDesc) -> Vec<Sql> {
    names::all(table)
        .map(|name| Sql(Literal(&name).to_string()))
        .into()
}
