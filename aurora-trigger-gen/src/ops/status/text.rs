use super::columns::{Side, columns};
use super::{Capture, Lane, Status, Table};
use crate::ops::text::{age_of, one_line};

/// What a cell without a value holds.
const NONE: &str = "-";

/// The captures, and the tables' outboxes; then their last errors, and the lanes that wait after one, if there are any.
pub(super) fn text(status: &Status) -> String {
    if status.tables.is_empty() && status.captures.is_empty() {
        return "no table is streamed\n".to_owned();
    }
    let mut parts = Vec::new();
    if !status.captures.is_empty() {
        parts.push(captures(&status.captures));
    }
    if !status.tables.is_empty() {
        parts.push(tables(&status.tables));
    }
    let failed: Vec<&Table> = status
        .tables
        .iter()
        .filter(|table| table.last_error_seconds.is_some())
        .collect();
    if !failed.is_empty() {
        parts.push(last_errors(&failed));
    }
    let waiting: Vec<&Lane> = status
        .lanes
        .iter()
        .filter(|lane| lane.failures > 0)
        .collect();
    if !waiting.is_empty() {
        parts.push(lanes(&waiting));
    }
    parts.join("\n")
}

fn captures(captures: &[Capture]) -> String {
    let mut lines = vec![["table", "captured", "app", "since", "problem"].map(str::to_owned)];
    lines.extend(captures.iter().map(|capture| {
        let text =
            |text: &Option<String>| text.as_deref().map_or_else(|| NONE.to_owned(), one_line);
        [
            one_line(&capture.name),
            if capture.captured { "yes" } else { "no" }.to_owned(),
            text(&capture.app),
            capture
                .installed_seconds
                .map_or_else(|| NONE.to_owned(), age_of),
            text(&capture.problem),
        ]
    }));
    let [left, right] = [Side::Left, Side::Right];
    columns([left, left, left, right, left], &lines)
}

fn tables(tables: &[Table]) -> String {
    let mut lines = vec![
        [
            "table",
            "delivery",
            "on failure",
            "paused",
            "pending",
            "oldest",
            "dead letters",
            "calls",
            "sent",
            "refused",
            "failed calls",
        ]
        .map(str::to_owned),
    ];
    lines.extend(tables.iter().map(|table| {
        [
            one_line(&table.name),
            table.delivery.clone(),
            table.on_failure.clone().unwrap_or_else(|| NONE.to_owned()),
            if table.paused { "yes" } else { NONE }.to_owned(),
            table.pending.to_string(),
            table
                .oldest_pending_seconds
                .map_or_else(|| NONE.to_owned(), age_of),
            table.dead_letters.to_string(),
            or_none(table.calls),
            or_none(table.sent),
            or_none(table.refused),
            table.failed_calls.to_string(),
        ]
    }));
    let [left, right] = [Side::Left, Side::Right];
    columns(
        [
            left, left, left, left, right, right, right, right, right, right, right,
        ],
        &lines,
    )
}

fn or_none(count: Option<i64>) -> String {
    count.map_or_else(|| NONE.to_owned(), |count| count.to_string())
}

fn last_errors(tables: &[&Table]) -> String {
    let mut lines = vec![["table", "last error", ""].map(str::to_owned)];
    lines.extend(tables.iter().map(|table| {
        let ago = table.last_error_seconds.map(age_of).unwrap_or_default();
        let error = table.last_error.as_deref().unwrap_or(NONE);
        [one_line(&table.name), format!("{ago} ago"), one_line(error)]
    }));
    columns([Side::Left, Side::Right, Side::Left], &lines)
}

fn lanes(lanes: &[&Lane]) -> String {
    let mut lines = vec![["lane", "failures", "next try", "last error"].map(str::to_owned)];
    lines.extend(lanes.iter().map(|lane| {
        let next = match lane.retry_in_seconds {
            Some(seconds @ 1..) => format!("in {}", age_of(seconds)),
            _ => "now".to_owned(),
        };
        let error = lane.last_error.as_deref().unwrap_or(NONE);
        [
            lane.lane.to_string(),
            lane.failures.to_string(),
            next,
            one_line(error),
        ]
    }));
    columns([Side::Right, Side::Right, Side::Right, Side::Left], &lines)
}
