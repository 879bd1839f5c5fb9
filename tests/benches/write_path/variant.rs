//! What is compared.

use std::fmt;

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::{Delivery, Level, TableDesc};
use aurora_trigger_gen::emit::{self, Configuration};

use crate::limit;
use crate::structs::Person;

/// A way to capture, in the order in which they take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Variant {
    /// No trigger.
    None,
    /// The least that any trigger-based capture can do.
    Limit,
    /// A hand-written history table.
    History,
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
    pub(crate) const TIMED: [Self; 7] = [
        Self::None,
        Self::Limit,
        Self::History,
        Self::Article,
        Self::Statement,
        Self::Row,
        Self::Outbox,
    ];

    /// Its name as part of a database's.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Limit => "bare_copy",
            Self::History => "history",
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
            Self::Limit => limit::installation(&Person::TABLE),
            Self::History => include_str!("history.sql").to_owned(),
            Self::Article => include_str!("article.sql").to_owned(),
            Self::Statement => ours(&Person::TABLE),
            Self::Row => ours(&Person::TABLE.with_level(Level::Row)),
            Self::Outbox => ours(&Person::TABLE.with_delivery(Delivery::Outbox)),
            Self::Commit => ours(&Person::TABLE.with_delivery(Delivery::Commit)),
        }
    }

    /// Whether its triggers call.
    pub(crate) fn calls(self) -> bool {
        !matches!(
            self,
            Self::None | Self::Limit | Self::History | Self::Outbox
        )
    }

    /// The SQL that removes the events that it has left in the database.
    pub(crate) fn emptying(self) -> String {
        match self {
            Self::None | Self::Article | Self::Statement | Self::Row => String::new(),
            Self::Limit => limit::emptying(&Person::TABLE),
            Self::History => "TRUNCATE public.history".to_owned(),
            Self::Outbox | Self::Commit => {
                "TRUNCATE aurora_trigger.queue, aurora_trigger.kept".to_owned()
            }
        }
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
            Self::Limit => "a bare copy",
            Self::History => "a history table",
            Self::Article => "the article's way",
            Self::Statement => "ours, statement level",
            Self::Row => "ours, row level",
            Self::Outbox => "ours, outbox",
            Self::Commit => "ours, at commit",
        })
    }
}
