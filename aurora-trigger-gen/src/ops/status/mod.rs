//! What the installation says of its tables and lanes.

mod columns;
mod text;

use serde::{Deserialize, Serialize};

use super::command_line::Format;
use super::database::{Database, DatabaseError, Session};

/// All in one statement, so that it is of one moment; as JSON, since that is what becomes of it.
const READ: &str = include_str!("read.sql");

/// The captured tables: every installation has this view, also one without an outbox.
const READ_CAPTURES: &str = include_str!("captures.sql");

/// The tables and lanes of an installation.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Status {
    #[serde(default)]
    captures: Vec<Capture>,
    pub(super) tables: Vec<Table>,
    pub(super) lanes: Vec<Lane>,
}

/// A row of `aurora_trigger.capture_status`, and how long ago its time is.
#[derive(Debug, Deserialize, Serialize)]
struct Capture {
    schema_name: String,
    table_name: String,
    /// Whose file captures it.
    app: Option<String>,
    rust_path: Option<String>,
    version: Option<String>,
    installed_at: Option<String>,
    installed_seconds: Option<i64>,
    captured: bool,
    problem: Option<String>,
    /// As in SQL.
    #[serde(skip_serializing)]
    name: String,
}

/// A row of `aurora_trigger.status`, and how long ago its times are.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Table {
    pub(super) schema_name: String,
    pub(super) table_name: String,
    delivery: String,
    on_failure: Option<String>,
    pub(super) paused: bool,
    pub(super) pending: i64,
    oldest_pending_at: Option<String>,
    oldest_pending_seconds: Option<i64>,
    dead_letters: i64,
    /// These three are of what a drain has sent: not counted is what the triggers send themselves.
    calls: Option<i64>,
    sent: Option<i64>,
    refused: Option<i64>,
    failed_calls: i64,
    last_error_at: Option<String>,
    last_error_seconds: Option<i64>,
    last_error: Option<String>,
    /// As in SQL.
    #[serde(skip_serializing)]
    pub(super) name: String,
}

/// A row of `aurora_trigger.lane_status`, and in how long it is tried again.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Lane {
    pub(super) lane: i16,
    retry_at: Option<String>,
    pub(super) retry_in_seconds: Option<i64>,
    pub(super) failures: i32,
    pub(super) last_error: Option<String>,
}

/// Reads it.
pub(super) async fn read(database: &Database) -> Result<Status, DatabaseError> {
    let mut session = database.connect().await?;
    session
        .require_view("aurora_trigger.capture_status")
        .await?;
    let captures: String = session.value(READ_CAPTURES, &[]).await?;
    let captures =
        serde_json::from_str(&captures).map_err(|error| session.outdated(&error.to_string()))?;
    let has_outbox: bool = session
        .value(
            "SELECT pg_catalog.to_regclass('aurora_trigger.status') IS NOT NULL",
            &[],
        )
        .await?;
    if !has_outbox {
        return Ok(Status {
            captures,
            tables: Vec::new(),
            lanes: Vec::new(),
        });
    }
    let status = of(&mut session).await?;
    Ok(Status { captures, ..status })
}

/// Reads the outbox and its lanes in a session, without the captures.
pub(super) async fn of(session: &mut Session) -> Result<Status, DatabaseError> {
    session.require_view("aurora_trigger.status").await?;
    session.require_view("aurora_trigger.lane_status").await?;
    let json: String = session.value(READ, &[]).await?;
    serde_json::from_str(&json).map_err(|error| session.outdated(&error.to_string()))
}

impl Status {
    pub(super) fn print(&self, format: Format) -> String {
        match format {
            Format::Text => text::text(self),
            Format::Json => {
                let json = serde_json::to_string(self).expect("texts and numbers are JSON");
                format!("{json}\n")
            }
        }
    }
}
