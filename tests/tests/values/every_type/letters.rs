//! Texts that the database's encoding has letters for.

use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::edges::edges;
use crate::samples;

#[derive(Debug, Clone, Copy)]
pub(super) enum Letters {
    All,
    /// Those whose number takes eight bits.
    Latin1,
}

impl Letters {
    /// One in three is at an edge, if that is not too long.
    pub(super) fn text(self, length: RangeInclusive<usize>) -> BoxedStrategy<String> {
        let longest = *length.end();
        let at_edges: Vec<String> = EDGES
            .into_iter()
            .filter(|text| text.len() <= longest)
            .map(str::to_owned)
            .collect();
        edges(self.any_text(length), at_edges).boxed()
    }

    fn any_text(self, length: RangeInclusive<usize>) -> BoxedStrategy<String> {
        match self {
            Self::All => samples::text(length).boxed(),
            Self::Latin1 => {
                let letter = prop_oneof![
                    proptest::char::range('\u{1}', '\u{ff}'),
                    select(
                        "\"'\\{}(),/%$ \n\r\t\u{b}\u{7f}\u{85}\u{a0}ÿNUL"
                            .chars()
                            .collect::<Vec<_>>()
                    ),
                ];
                vec(letter, length).prop_map(String::from_iter).boxed()
            }
        }
    }

    /// A server that is not in UTF-8 says the lengths in a binary `hstore` as they are in its own encoding, and so in
    /// UTF-8 they are right of the letters of ASCII only.
    pub(super) fn of_hstore(self) -> BoxedStrategy<String> {
        match self {
            Self::All => self.text(0..=6),
            Self::Latin1 => self
                .text(0..=6)
                .prop_map(|text| text.chars().filter(char::is_ascii).collect())
                .boxed(),
        }
    }

    /// A `name`, which has at most 63 bytes.
    pub(super) fn name(self) -> impl Strategy<Value = String> {
        let at_edges = [
            "x".repeat(63),
            "\"".repeat(63),
            "é".repeat(31) + "x",
            String::new(),
        ];
        edges(self.any_text(0..=15), at_edges)
    }

    pub(super) fn json(self) -> impl Strategy<Value = Value> {
        samples::json_with(self.text(0..=8), self.text(0..=4))
    }
}

const EDGES: [&str; 14] = [
    "",
    " ",
    "\\",
    "\"",
    "'",
    "\n",
    "{}",
    "a ",
    " a",
    "NULL",
    "null",
    "\\x00",
    "\\u0000",
    "</script>",
];
