use serde_json::json;

use super::database::Database;
use super::outcome::Outcome;

/// Begins a new epoch.
pub(super) async fn raise(database: &Database) -> Result<Outcome, String> {
    let mut session = database.connect().await?;
    session.require("aurora_trigger.new_epoch()").await?;
    let epoch: Option<i64> = session
        .value("SELECT aurora_trigger.new_epoch()", &[])
        .await?;
    let epoch = epoch.ok_or(
        "the table aurora_trigger.settings is empty, so there is no epoch: was the schema copied without its data, or \
         truncated? Run there again what emit-sql prints",
    )?;
    Ok(Outcome::fine(
        format!("this is epoch {epoch} now"),
        json!({"epoch": epoch}),
    ))
}
