//! What is compared.

use std::fmt;

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::{Delivery, Level, TableDesc};
use aurora_trigger_gen::emit::{self, Configuration};

use crate::structs::Person;

/// A way to capture, in the order in which they take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Variant {
    /// No trigger.
    None,
    /// The article's row triggers with their positional converter.
    Article,
    /// Ours at statement level.
    Statement,
    /// Ours at row level.
    Row,
    /// Ours into the outbox.
    Outbox,
    /// Ours at the end of the transaction.
    Commit,
}

impl Variant {
    /// Those whose statements are timed. All of them are rolled back, so what a commit costs is not among it.
    pub(crate) const TIMED: [Self; 5] = [
        Self::None,
        Self::Article,
        Self::Statement,
        Self::Row,
        Self::Outbox,
    ];

    /// Its name as part of a database's.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Article => "article",
            Self::Statement => "statement",
            Self::Row => "row",
            Self::Outbox => "outbox",
            Self::Commit => "commit",
        }
    }

    /// What installs it.
    pub(crate) fn installation(self) -> String {
        match self {
            Self::None => String::new(),
            Self::Article => include_str!("article.sql").to_owned(),
            Self::Statement => ours(&Person::TABLE),
            Self::Row => ours(&Person::TABLE.with_level(Level::Row)),
            Self::Outbox => ours(&Person::TABLE.with_delivery(Delivery::Outbox)),
            Self::Commit => ours(&Person::TABLE.with_delivery(Delivery::Commit)),
        }
    }

    /// Whether its triggers call.
    pub(crate) fn calls(self) -> bool {
        !matches!(self, Self::None | Self::Outbox)
    }

    /// Whether it keeps events in the database.
    pub(crate) fn has_outbox(self) -> bool {
        matches!(self, Self::Outbox | Self::Commit)
    }
}

fn ours(table: &TableDesc) -> String {
    let configuration = Configuration {
        function: "relay".to_owned(),
        region: Some("eu-west-1".to_owned()),
    };
    emit::install(&[table], Some(&configuration))
}

impl fmt::Display for Variant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::None => "no trigger",
            Self::Article => "the article's way",
            Self::Statement => "ours, statement level",
            Self::Row => "ours, row level",
            Self::Outbox => "ours, outbox",
            Self::Commit => "ours, at commit",
        })
    }
}
