//! Random rows of a table with a column of every type: what the driver reads of each value is what the event holds.
//!
//! `AURORA_TRIGGER_RANDOM_VALUES` says how many values (20,000 without it), and `AURORA_TRIGGER_RANDOM_SEED` makes others
//! of them, the same for the same number. Some rows hold a value that a column's Rust type can't: of these the event must
//! be refused, for that column and that reason.

mod columns;
mod written;

use std::collections::BTreeMap;
use std::pin::pin;

use aurora_trigger_gen::StreamTrigger;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use self::columns::{Column, Everything, TYPES, columns};
use self::written::Written;
use crate::holder::{Holder, events, without_domain};
use crate::user_types::MOOD;

/// So many rows at a time.
const BATCH: usize = 100;

/// One row in so many holds a value that is refused.
const REFUSED_EVERY: u32 = 8;

#[tokio::test]
async fn every_value_arrives_or_is_refused_for_its_reason_at_row_level() {
    check(&Holder::plain().await, 0).await;
}

#[tokio::test]
async fn every_value_arrives_or_is_refused_for_its_reason_under_hostile_settings() {
    check(&Holder::hostile().await, 1).await;
}

fn number_of(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number, and not {text}"))
    })
}

/// Half of the values, so that both tests make all of them.
async fn check(holder: &Holder, half: u8) {
    let columns = columns();
    let seed = number_of("AURORA_TRIGGER_RANDOM_SEED", 0);
    let wanted = number_of("AURORA_TRIGGER_RANDOM_VALUES", 20_000) / 2;
    let mut seed_bytes = [half; 32];
    seed_bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed_bytes);
    let mut random = Random {
        runner: TestRunner::new_with_rng(proptest::test_runner::Config::default(), rng),
        refusals: BTreeMap::new(),
    };
    holder.run(MOOD).await;
    holder.run(TYPES).await;
    make_table(holder, &columns).await;
    let rows = wanted.div_ceil(columns.len());
    let mut done = 0;
    while done < rows {
        let count = BATCH.min(rows - done);
        check_batch(holder, &columns, &mut random, count).await;
        done += count;
    }
    let refused: usize = random.refusals.values().sum();
    println!(
        "{} values of {} columns in {rows} rows, seed {seed}: none differs, {refused} rows refused",
        rows * columns.len(),
        columns.len(),
    );
    for ((column, reason), count) in &random.refusals {
        println!("  {count:>6}  {column}: {reason}");
    }
    assert!(refused > 0, "some row holds a value that is refused");
}

async fn make_table(holder: &Holder, columns: &[Column]) {
    let listed: Vec<String> = columns
        .iter()
        .map(|column| format!("{} {} NOT NULL", column.name, column.sql))
        .collect();
    holder
        .run(&format!(
            "CREATE TABLE public.everything (id bigint PRIMARY KEY, {})",
            listed.join(", ")
        ))
        .await;
    let table = Everything::TABLE.with_level(holder.level());
    holder.pipeline().install_tables(&[&table]).await;
}

struct Random {
    runner: TestRunner,
    /// How often a column refused a value for a reason.
    refusals: BTreeMap<(&'static str, &'static str), usize>,
}

/// A row to write, and which column refuses it for which reason.
struct RandomRow {
    values: Vec<Written>,
    refusal: Option<(&'static str, &'static str)>,
}

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.runner.rng().next_u32() % limit
    }

    fn row(&mut self, columns: &[Column]) -> RandomRow {
        let mut values: Vec<Written> = columns
            .iter()
            .map(|column| (column.random)(&mut self.runner))
            .collect();
        let mut refusal = None;
        if self.below(REFUSED_EVERY) == 0 {
            let choices: Vec<(usize, &Vec<u8>, &'static str)> = columns
                .iter()
                .enumerate()
                .flat_map(|(index, column)| {
                    let refused = column.refused.iter();
                    refused.map(move |(raw, reason)| (index, raw, *reason))
                })
                .collect();
            let number = u32::try_from(choices.len()).expect("there are few");
            let (index, raw, reason) = choices[self.below(number) as usize];
            values[index] = Written::Raw(raw.clone());
            refusal = Some((columns[index].name, reason));
            *self
                .refusals
                .entry((columns[index].name, reason))
                .or_default() += 1;
        }
        RandomRow { values, refusal }
    }
}

async fn check_batch(holder: &Holder, columns: &[Column], random: &mut Random, count: usize) {
    let rows: Vec<RandomRow> = (0..count).map(|_| random.row(columns)).collect();
    write(holder, &rows).await;
    let after = events::<Everything>(&holder.pipeline().take_calls());
    let read = holder
        .session()
        .query("SELECT * FROM public.everything ORDER BY id", &[])
        .await
        .expect("the table is there");
    holder.execute("DELETE FROM public.everything").await;
    let before = events::<Everything>(&holder.pipeline().take_calls());
    assert_eq!(read.len(), rows.len());

    let mut mistakes = Vec::new();
    for (written, read) in rows.iter().zip(&read) {
        let id: i64 = read.get(0);
        for (image, events) in [("after", &after), ("before", &before)] {
            match (events.get(&id), written.refusal) {
                (Some(Ok(event)), None) => {
                    for (index, column) in columns.iter().enumerate() {
                        let (driver, event) =
                            ((column.read)(read, index + 1), (column.shown)(event));
                        if driver != event {
                            mistakes.push(format!(
                                "{image}, {}: {driver} is read, {event} arrives",
                                column.name
                            ));
                        }
                    }
                }
                (Some(Err(found)), Some((column, reason)))
                    if found.contains(column) && found.contains(reason) => {}
                (event, refusal) => {
                    mistakes.push(format!(
                        "{image} {id}: {event:?}, to be refused: {refusal:?}"
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

/// In one COPY, and so in one statement.
async fn write(holder: &Holder, rows: &[RandomRow]) {
    let session = holder.session();
    let statement = session
        .prepare("SELECT * FROM public.everything")
        .await
        .expect("the table is there");
    let types: Vec<Type> = statement
        .columns()
        .iter()
        .map(|column| without_domain(column.type_()))
        .collect();
    let sink = session
        .copy_in("COPY public.everything FROM STDIN WITH (FORMAT binary)")
        .await
        .expect("the table is there");
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    for (id, row) in (0_i64..).zip(rows) {
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![&id];
        for value in &row.values {
            values.push(value);
        }
        writer
            .as_mut()
            .write(&values)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
    }
    writer
        .finish()
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
}
