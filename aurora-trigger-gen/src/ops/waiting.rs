use serde_json::json;

use super::database::{DatabaseError, Session};
use super::outcome::{Outcome, counted};
use super::status::{self, Lane, Table};
use super::text::{age_of, one_line};

/// What `drain --once` says at its end: what still waits in the outbox, and why.
pub(super) async fn outcome(session: &mut Session, calls: i64) -> Result<Outcome, DatabaseError> {
    let status = status::of(session).await?;
    let tables: Vec<&Table> = status
        .tables
        .iter()
        .filter(|table| table.pending > 0)
        .collect();
    let lanes: Vec<&Lane> = status
        .lanes
        .iter()
        .filter(|lane| lane.last_error.is_some() || lane.failures > 0)
        .collect();
    let sum = |paused: bool| -> i64 {
        tables
            .iter()
            .filter(|table| table.paused == paused)
            .map(|table| table.pending)
            .sum()
    };
    let waiting = sum(false);
    // A lane can remember an error although nothing of it waits any more.
    let fails = waiting > 0 && !lanes.is_empty();

    let mut lines = vec![format!("drained in {}", counted(calls, "call", "calls"))];
    lines.extend(tables.iter().map(|table| {
        let why = match (table.paused, fails) {
            (true, _) => "the table is paused",
            (false, true) => "calls fail",
            (false, false) => "written meanwhile, or another drain has their lane",
        };
        format!(
            "{} of {} waiting: {why}",
            counted(table.pending, "event", "events"),
            one_line(&table.name)
        )
    }));
    if fails {
        lines.extend(lanes.iter().map(|lane| {
            format!(
                "lane {} fails, next try {}: {}",
                lane.lane,
                match lane.retry_in_seconds {
                    Some(seconds @ 1..) => format!("in {}", age_of(seconds)),
                    _ => "now".to_owned(),
                },
                one_line(lane.last_error.as_deref().unwrap_or("without a reason"))
            )
        }));
    }
    Ok(Outcome {
        text: lines.join("\n"),
        json: json!({
            "calls": calls,
            "pending": waiting + sum(true),
            "tables": tables
                .iter()
                .map(|table| json!({
                    "schema_name": table.schema_name,
                    "table_name": table.table_name,
                    "pending": table.pending,
                    "paused": table.paused,
                }))
                .collect::<Vec<_>>(),
            "failing_lanes": if fails { lanes } else { Vec::new() },
        }),
        problem: fails.then(|| {
            format!(
                "{} waiting, since calls fail: see aurora_trigger.failed_call, or aurora-trigger status",
                counted(waiting, "event is", "events are")
            )
        }),
    })
}
