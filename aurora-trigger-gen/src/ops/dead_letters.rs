use serde_json::json;
use tokio_postgres::types::Type;

use super::command_line::{PurgeLetters, RedriveLetters};
use super::database::Database;
use super::outcome::{Outcome, counted};

/// Puts dead letters back into the outbox.
pub(super) async fn redrive(
    database: &Database,
    letters: &RedriveLetters,
) -> Result<Outcome, String> {
    let mut session = database.connect().await?;
    session
        .require("aurora_trigger.redrive(regclass, bigint)")
        .await?;
    let redriven: i64 = session
        .value(
            "SELECT aurora_trigger.redrive($1::pg_catalog.regclass, $2)",
            &[(&letters.table, Type::TEXT), (&letters.id, Type::INT8)],
        )
        .await?;
    Ok(Outcome {
        text: format!(
            "{} back in the outbox",
            counted(redriven, "dead letter", "dead letters")
        ),
        json: json!({"redriven": redriven}),
        problem: letters.id.filter(|_| redriven == 0).map(|id| {
            format!(
                "there is no dead letter {id} of a table that is captured: the ids are in \
                 aurora_trigger.dead_letter"
            )
        }),
    })
}

/// Deletes dead letters.
pub(super) async fn purge(database: &Database, letters: &PurgeLetters) -> Result<Outcome, String> {
    let mut session = database.connect().await?;
    session
        .require("aurora_trigger.purge(regclass, bigint, boolean)")
        .await?;
    let purged: i64 = session
        .value(
            "SELECT aurora_trigger.purge($1::pg_catalog.regclass, $2, $3)",
            &[
                (&letters.table, Type::TEXT),
                (&letters.id, Type::INT8),
                (&letters.all, Type::BOOL),
            ],
        )
        .await?;
    Ok(Outcome {
        text: format!("{} deleted", counted(purged, "dead letter", "dead letters")),
        json: json!({"purged": purged}),
        problem: letters.id.filter(|_| purged == 0).map(|id| {
            format!("there is no dead letter {id}: the ids are in aurora_trigger.dead_letter")
        }),
    })
}
