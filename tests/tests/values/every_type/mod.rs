//! Random rows of a table with a column of every type: what the driver reads of each value is what the event holds.
//!
//! `AURORA_TRIGGER_RANDOM_VALUES` says how many values (5,000 without it), and `AURORA_TRIGGER_RANDOM_SEED` makes
//! others of them, the same for the same number. Besides there are values that a column's Rust type can't hold, all of
//! them once and then some more: of such a row the event must be refused, for that column.

mod column;
mod columns;
mod edges;
mod grid;
mod letters;
mod moments;
mod multirange;
mod raw;
mod recipes;
mod rows;
mod table;
mod unfit;
mod user_types;
mod wanted;

use std::collections::BTreeMap;

use self::columns::{Everything, columns};
use self::letters::Letters;
use self::rows::{Rows, TestRow};
use self::table::Table;
use crate::holder::{Capture, Holder, Settings, events};

/// So many rows at a time.
const BATCH: usize = 100;

/// Where the values are written.
struct Run {
    test: &'static str,
    encoding: &'static str,
    letters: Letters,
    client_encoding: &'static str,
    settings: Settings,
    capture: Capture,
}

macro_rules! runs {
    ($($name:ident: $encoding:literal, $letters:ident, $client_encoding:literal, $settings:ident, $capture:ident;)+) => {
        const RUNS: &[Run] = &[$(Run {
            test: stringify!($name),
            encoding: $encoding,
            letters: Letters::$letters,
            client_encoding: $client_encoding,
            settings: Settings::$settings,
            capture: Capture::$capture,
        }),+];

        $(#[tokio::test]
        async fn $name() {
            check(stringify!($name)).await;
        })+
    };
}

runs! {
    every_value_at_row_level: "UTF8", All, "UTF8", AsTheyCome, Row;
    every_value_at_statement_level: "UTF8", All, "SJIS", AsTheyCome, Statement;
    every_value_at_row_level_under_hostile_settings: "UTF8", All, "LATIN1", Hostile, Row;
    every_value_at_statement_level_under_hostile_settings: "UTF8", All, "UTF8", Hostile, Statement;
    every_value_in_a_queue: "UTF8", All, "SJIS", AsTheyCome, Queue;
    every_value_in_a_queue_under_hostile_settings: "UTF8", All, "UTF8", Hostile, Queue;
    every_value_in_latin_1_at_row_level: "LATIN1", Latin1, "UTF8", AsTheyCome, Row;
    every_value_in_latin_1_at_statement_level_under_hostile_settings: "LATIN1", Latin1, "LATIN1", Hostile, Statement;
    every_value_in_latin_1_in_a_queue: "LATIN1", Latin1, "UTF8", Hostile, Queue;
}

fn number_of(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number, and not {text}"))
    })
}

/// Each run has its share of the values, so that all of them make all.
async fn check(test: &str) {
    let (number, run) = (0_u8..)
        .zip(RUNS)
        .find(|(_, run)| run.test == test)
        .expect("each test has a run");
    let holder = Holder::start(run.encoding, run.settings, run.capture).await;
    let table = Table::make(&holder, run.client_encoding, columns(run.letters)).await;
    let seed = number_of("AURORA_TRIGGER_RANDOM_SEED", 0);
    let wanted = number_of("AURORA_TRIGGER_RANDOM_VALUES", 5_000);
    let mut seed_bytes = [number; 32];
    seed_bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut rows = Rows::new(table.columns(), holder.server_version().await, seed_bytes);
    let columns = table.columns().len();
    let count = wanted.div_ceil(RUNS.len() * columns);
    let mut checker = Checker {
        holder: &holder,
        table: &table,
        refusals: BTreeMap::new(),
    };
    checker.check(&rows.all_that_are_refused()).await;
    // With them came one that arrives.
    let mut done = 1;
    while done < count {
        let batch = BATCH.min(count - done);
        checker.check(&rows.some(batch)).await;
        done += batch;
    }
    println!(
        "{} values of {columns} columns in {done} rows, seed {seed}: none differs, and {} rows more are refused",
        done * columns,
        checker.refusals.values().sum::<usize>(),
    );
    for ((column, reason), count) in &checker.refusals {
        println!("  {count:>6}  {column}: {reason}");
    }
}

struct Checker<'a> {
    holder: &'a Holder,
    table: &'a Table<'a>,
    /// How often a column refused a value for a reason.
    refusals: BTreeMap<(&'static str, String), usize>,
}

impl Checker<'_> {
    async fn check(&mut self, rows: &[TestRow]) {
        let values: Vec<_> = rows.iter().map(|row| row.values.clone()).collect();
        self.table.write(&values).await;
        let after = events::<Everything>(&self.holder.take_calls().await);
        let read = self.table.read().await;
        self.table.delete().await;
        let before = events::<Everything>(&self.holder.take_calls().await);
        assert_eq!(read.len(), rows.len());

        let mut mistakes = Vec::new();
        for (written, read) in rows.iter().zip(&read) {
            let id: i64 = read.get("id");
            for (image, events) in [("after", &after), ("before", &before)] {
                match (events.get(&id), written.refused_by) {
                    (Some(Ok(event)), None) => {
                        for column in self.table.columns() {
                            let driver = (column.read)(read, column.name);
                            let event = (column.shown)(event);
                            if driver != event {
                                mistakes.push(format!(
                                    "{image}, {}: {driver} is read, {event} arrives",
                                    column.name
                                ));
                            }
                        }
                    }
                    (Some(Err(reason)), Some(column)) if names(reason, column) => {
                        if image == "after" {
                            let reason = without_place(reason);
                            *self.refusals.entry((column, reason)).or_default() += 1;
                        }
                    }
                    (event, refused_by) => {
                        let found = match event {
                            Some(Ok(_)) => "it arrives",
                            Some(Err(reason)) => reason,
                            None => "there is no event",
                        };
                        mistakes.push(format!(
                            "{image} {id}: {found}, to be refused by {refused_by:?}"
                        ));
                    }
                }
            }
        }
        assert!(
            mistakes.is_empty(),
            "{} mistakes:\n{}",
            mistakes.len(),
            mistakes[..mistakes.len().min(10)].join("\n")
        );
    }
}

/// No column has a name that is a part of another word.
fn names(reason: &str, column: &str) -> bool {
    reason
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .any(|word| word == column)
}

/// Where in the image it stands is another place in each row.
fn without_place(reason: &str) -> String {
    let Some((reason, place)) = reason.split_once(" at line ") else {
        return reason.to_owned();
    };
    match place.split_once(": ") {
        Some((_, limits)) => format!("{reason}: {limits}"),
        None => reason.to_owned(),
    }
}
