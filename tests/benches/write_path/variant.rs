//! What is compared.

use std::fmt;

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::TableDesc;
use aurora_trigger_gen::emit::{self, Configuration};

use crate::structs::{ByRow, ByStatement};

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
}

impl Variant {
    pub(crate) const ALL: [Self; 4] = [Self::None, Self::Article, Self::Statement, Self::Row];

    /// Its name as part of a database's.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Article => "article",
            Self::Statement => "statement",
            Self::Row => "row",
        }
    }

    /// What installs it.
    pub(crate) fn installation(self) -> String {
        match self {
            Self::None => String::new(),
            Self::Article => include_str!("article.sql").to_owned(),
            Self::Statement => ours(&ByStatement::TABLE),
            Self::Row => ours(&ByRow::TABLE),
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
            Self::Article => "the article's way",
            Self::Statement => "ours, statement level",
            Self::Row => "ours, row level",
        })
    }
}
