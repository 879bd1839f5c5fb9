use serde_json::json;
use tokio_postgres::types::Type;

use super::database::Database;
use super::outcome::{Outcome, counted};

/// Pauses this table, or all that can be.
pub(super) async fn pause(database: &Database, table: Option<&str>) -> Result<Outcome, String> {
    let tables = set(database, "pause", table).await?;
    Ok(Outcome::fine(
        format!("{} paused", counted(tables, "table", "tables")),
        json!({"paused": tables}),
    ))
}

/// Resumes this table, or all that are paused.
pub(super) async fn resume(database: &Database, table: Option<&str>) -> Result<Outcome, String> {
    let tables = set(database, "resume", table).await?;
    Ok(Outcome::fine(
        format!("{} resumed", counted(tables, "table", "tables")),
        json!({"resumed": tables}),
    ))
}

async fn set(database: &Database, function: &str, table: Option<&str>) -> Result<i64, String> {
    let mut session = database.connect().await?;
    session
        .require(&format!("aurora_trigger.{function}(regclass)"))
        .await?;
    let sql = format!("SELECT aurora_trigger.{function}($1::pg_catalog.regclass)");
    Ok(session.value(&sql, &[(&table, Type::TEXT)]).await?)
}
