//! The least that any capture by triggers can do: statement triggers that run as their owner with a pinned path, and copy
//! the old and new columns into a table without index, order or number.

use aurora_trigger_gen::describe::{ColumnDesc, TableDesc};

/// The SQL that installs it on a table.
pub(crate) fn installation(table: &TableDesc) -> String {
    let (source, copy) = (
        format!("{}.{}", table.schema(), table.table()),
        format!("copies.{}", table.table()),
    );
    let names: Vec<&str> = table.columns().iter().map(ColumnDesc::column).collect();
    let each = |side: &str, of: &dyn Fn(&str) -> String| -> String {
        let columns: Vec<String> = names
            .iter()
            .map(|name| of(&format!("{side}_{name}")))
            .collect();
        columns.join(", ")
    };
    let copied = |side: &str| each(side, &str::to_owned);
    let nothing = |side: &str| each(side, &|_| "NULL".to_owned());
    let columns = names.join(", ");
    let definition: Vec<String> = ["old", "new"]
        .iter()
        .flat_map(|side| {
            names
                .iter()
                .map(move |name| format!("{side}.{name} AS {side}_{name}"))
        })
        .collect();
    let trigger = |operation: &str, transition_tables: &str, insert: &str| {
        format!(
            "CREATE FUNCTION {copy}_{operation}() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
            AS $body$
            BEGIN
                {insert};
                RETURN NULL;
            END
            $body$;
            CREATE TRIGGER copy_{operation} AFTER {operation} ON {source}
            REFERENCING {transition_tables} FOR EACH STATEMENT EXECUTE FUNCTION {copy}_{operation}();\n"
        )
    };
    let mut sql = format!(
        "CREATE SCHEMA IF NOT EXISTS copies;
        CREATE TABLE {copy} AS SELECT {} FROM {source} AS old CROSS JOIN {source} AS new WITH NO DATA;\n",
        definition.join(", ")
    );
    sql.push_str(&trigger(
        "insert",
        "NEW TABLE AS new_rows",
        &format!(
            "INSERT INTO {copy} ({}) SELECT {columns} FROM new_rows",
            copied("new")
        ),
    ));
    sql.push_str(&trigger(
        "update",
        "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        &format!(
            "INSERT INTO {copy} ({}, {})
            SELECT {columns}, {} FROM old_rows UNION ALL SELECT {}, {columns} FROM new_rows",
            copied("old"),
            copied("new"),
            nothing("new"),
            nothing("old"),
        ),
    ));
    sql.push_str(&trigger(
        "delete",
        "OLD TABLE AS old_rows",
        &format!(
            "INSERT INTO {copy} ({}) SELECT {columns} FROM old_rows",
            copied("old")
        ),
    ));
    sql
}

/// The SQL that empties the copy of a table.
pub(crate) fn emptying(table: &TableDesc) -> String {
    format!("TRUNCATE copies.{}", table.table())
}
