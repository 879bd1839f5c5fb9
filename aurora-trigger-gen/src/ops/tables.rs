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

/// Ends the capture of this table.
pub(super) async fn end_capture(database: &Database, table: &str) -> Result<Outcome, String> {
    let mut session = database.connect().await?;
    session.require("aurora_trigger.stop_capture(text)").await?;
    let pending: i64 = session
        .value(
            "SELECT aurora_trigger.stop_capture($1)",
            &[(&table, Type::TEXT)],
        )
        .await?;
    let rest = if pending > 0 {
        format!(
            ", and {} in the outbox: drain, then run this again to remove its registration",
            counted(pending, "event of it waits", "events of it wait")
        )
    } else {
        String::new()
    };
    Ok(Outcome::fine(
        format!("{table} is no longer captured{rest}"),
        json!({"removed": table, "pending": pending}),
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
