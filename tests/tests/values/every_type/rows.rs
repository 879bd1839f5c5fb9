//! Random rows.

use std::sync::Arc;

use proptest::prelude::Rng;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::column::{Column, Written};

/// One row in so many holds a value that is refused.
const REFUSED_EVERY: u32 = 8;

pub(super) struct TestRow {
    pub(super) values: Vec<Written>,
    /// The column that refuses its value.
    pub(super) refused_by: Option<&'static str>,
}

pub(super) struct Rows<'a> {
    columns: &'a [Column],
    /// Of every value that some column refuses, the column's place and the value.
    refused: Vec<(usize, Written)>,
    runner: TestRunner,
}

impl<'a> Rows<'a> {
    pub(super) fn new(columns: &'a [Column], server_version: i32, seed: [u8; 32]) -> Self {
        let refused = columns.iter().enumerate().flat_map(|(place, column)| {
            let there = column
                .refused
                .iter()
                .filter(move |refused| refused.since <= server_version);
            there.map(move |refused| (place, Arc::clone(&refused.value)))
        });
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        Self {
            columns,
            refused: refused.collect(),
            runner: TestRunner::new_with_rng(Config::default(), rng),
        }
    }

    /// A row that arrives, and with each value that is refused the same row.
    pub(super) fn all_that_are_refused(&mut self) -> Vec<TestRow> {
        let values = self.values();
        let mut rows: Vec<TestRow> = (0..self.refused.len())
            .map(|choice| self.with_refused(values.clone(), choice))
            .collect();
        rows.push(TestRow {
            values,
            refused_by: None,
        });
        rows
    }

    /// So many rows that arrive, and some that are refused.
    pub(super) fn some(&mut self, count: usize) -> Vec<TestRow> {
        let mut rows = Vec::new();
        for _ in 0..count {
            let values = self.values();
            if self.below(REFUSED_EVERY) == 0 {
                let choices = u32::try_from(self.refused.len()).expect("there are few");
                let choice = self.below(choices) as usize;
                rows.push(self.with_refused(values.clone(), choice));
            }
            rows.push(TestRow {
                values,
                refused_by: None,
            });
        }
        rows
    }

    fn values(&mut self) -> Vec<Written> {
        self.columns
            .iter()
            .map(|column| (column.random)(&mut self.runner))
            .collect()
    }

    fn with_refused(&self, mut values: Vec<Written>, choice: usize) -> TestRow {
        let (place, value) = &self.refused[choice];
        values[*place] = Arc::clone(value);
        TestRow {
            values,
            refused_by: Some(self.columns[*place].name),
        }
    }

    fn below(&mut self, limit: u32) -> u32 {
        self.runner.rng().next_u32() % limit
    }
}
