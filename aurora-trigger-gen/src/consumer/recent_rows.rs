use std::collections::HashMap;
use std::mem;

use super::subject::Subject;
use crate::wire::Sequence;

/// The rows that were met last, each with its newest sequence.
///
/// In two generations, since that bounds the memory without an order of its own to keep: what was not met while a whole
/// generation filled is forgotten with the previous one.
pub(super) struct RecentRows {
    generation: usize,
    current: HashMap<Subject, Sequence>,
    previous: HashMap<Subject, Sequence>,
}

impl RecentRows {
    pub(super) fn new(generation: usize) -> Self {
        Self {
            generation,
            current: HashMap::new(),
            previous: HashMap::new(),
        }
    }

    pub(super) fn get(&mut self, row: &Subject) -> Option<Sequence> {
        if let Some(sequence) = self.current.get(row) {
            return Some(*sequence);
        }
        let (row, sequence) = self.previous.remove_entry(row)?;
        self.insert(row, sequence);
        Some(sequence)
    }

    pub(super) fn insert(&mut self, row: Subject, sequence: Sequence) {
        self.current.insert(row, sequence);
        if self.current.len() >= self.generation {
            self.previous = mem::take(&mut self.current);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.current.len() + self.previous.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u64) -> Subject {
        Subject::Event(None, number.to_string().into())
    }

    fn sequence(seq: u64) -> Sequence {
        Sequence { epoch: 1, seq }
    }

    #[test]
    fn it_holds_those_that_were_met_last_and_no_more_than_twice_as_many() {
        let mut rows = RecentRows::new(10);
        for number in 0..1000 {
            rows.insert(row(number), sequence(number));
            assert!(rows.len() < 20, "{}", rows.len());
        }
        for number in (990..1000).rev() {
            assert_eq!(rows.get(&row(number)), Some(sequence(number)));
        }
        assert_eq!(rows.get(&row(979)), None);
    }

    #[test]
    fn a_row_that_is_met_again_and_again_stays() {
        let mut rows = RecentRows::new(3);
        rows.insert(row(0), sequence(0));
        for number in 1..100 {
            rows.insert(row(number), sequence(number));
            assert_eq!(rows.get(&row(0)), Some(sequence(0)), "{number}");
        }
    }

    #[test]
    fn a_newer_sequence_takes_the_place_of_the_older_in_both_generations() {
        let mut rows = RecentRows::new(2);
        for seq in 0..10 {
            rows.insert(row(0), sequence(seq));
            rows.insert(row(seq + 1), sequence(seq));
            assert_eq!(rows.get(&row(0)), Some(sequence(seq)));
        }
    }
}
