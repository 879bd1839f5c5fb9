//! What all tables share, as SQL: only what one of them needs.

use askama::Template;

use super::sql::DollarQuoted;
use super::way::{
    ASYNC_BYTES, CALL_EVENTS, LEAST_DRAIN_BYTES, LEAST_STEP_EVENTS, STEP_EVENTS, SYNC_BYTES, Way,
};
use super::{app, capture, mask};
use crate::describe::{Level, TableDesc};
use crate::wire::FORMAT_VERSION;

#[derive(Template)]
#[template(path = "shared.sql", escape = "none")]
pub(super) struct Shared {
    format_version: u32,
    masks_by_hash: bool,
    pairs_rows: bool,
    ownership: DollarQuoted,
    warns: bool,
    explains_misfits: bool,
    sends_keys: bool,
    has_dead_letters: bool,
    keeps_dead_letters: bool,
    keeps_events: bool,
    sends_at_commit: bool,
    commit_bytes: usize,
    drain_bytes: usize,
    least_drain_bytes: usize,
    call_events: usize,
    step_events: usize,
    least_step_events: usize,
}

impl Shared {
    pub(super) fn of(tables: &[&TableDesc]) -> askama::Result<Self> {
        let any = |predicate: fn(Way) -> bool| tables.iter().any(|table| predicate(Way::of(table)));
        let keeps_dead_letters = tables
            .iter()
            .any(|table| capture::keeps_dead_letters(table));
        let keeps_events = any(Way::has_outbox);
        Ok(Self {
            format_version: FORMAT_VERSION,
            ownership: app::ownership(tables, false)?,
            pairs_rows: tables
                .iter()
                .any(|table| table.level() == Level::Statement && table.operations().update),
            masks_by_hash: tables.iter().any(|table| mask::hashes(table)),
            warns: any(Way::warns),
            explains_misfits: any(Way::explains_misfits),
            sends_keys: tables
                .iter()
                .any(|table| Way::of(table).calls() && !capture::keeps_dead_letters(table)),
            has_dead_letters: keeps_dead_letters || keeps_events,
            keeps_dead_letters,
            keeps_events,
            sends_at_commit: any(Way::sends_at_commit),
            commit_bytes: ASYNC_BYTES,
            drain_bytes: SYNC_BYTES,
            least_drain_bytes: LEAST_DRAIN_BYTES,
            call_events: CALL_EVENTS,
            step_events: STEP_EVENTS,
            least_step_events: LEAST_STEP_EVENTS,
        })
    }
}
