use serde_json::json;

use super::database::Database;
use super::outcome::Outcome;

/// Begins a new epoch.
pub(super) async fn raise(database: &Database) -> Result<Outcome, String> {
    let mut session = database.connect().await?;
    session.require("aurora_trigger.new_epoch()").await?;
    let epoch: i64 = session
        .value("SELECT aurora_trigger.new_epoch()", &[])
        .await?;
    Ok(Outcome {
        text: format!("this is epoch {epoch} now"),
        json: json!({"epoch": epoch}),
    })
}
