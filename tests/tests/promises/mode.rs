//! The modes, each with the structs of the same two tables.

use aurora_trigger_gen::describe::TableDesc;
use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger};
use serde::Deserialize;

/// How events are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Outbox,
    Commit,
    Sync,
    /// With `on_failure = "outbox"`.
    Async,
}

impl Mode {
    pub(crate) fn tables(self) -> [&'static TableDesc; 2] {
        match self {
            Self::Outbox => outbox::TABLES,
            Self::Commit => commit::TABLES,
            Self::Sync => sync::TABLES,
            Self::Async => asynchronous::TABLES,
        }
    }

    pub(crate) fn has_outbox(self) -> bool {
        self != Self::Sync
    }
}

/// What the relay reads: the mode is no part of a table's contract.
#[derive(Debug, ChangeStream)]
#[expect(dead_code, reason = "the records are read as they stand")]
pub(crate) enum Stream {
    Item(Change<outbox::Item>),
    Part(Change<outbox::Part>),
}

macro_rules! tables {
    ($module:ident: $($delivery:tt)+) => {
        pub(crate) mod $module {
            use super::{Deserialize, StreamTrigger, TableDesc};

            #[derive(Debug, Deserialize, StreamTrigger)]
            #[stream(table = "shop.items", ops = "insert, update, delete, truncate", $($delivery)+)]
            #[expect(dead_code, reason = "the records are read as they stand")]
            pub(crate) struct Item {
                #[stream(key)]
                id: i32,
                version: i64,
                amount: i32,
            }

            #[derive(Debug, Deserialize, StreamTrigger)]
            #[stream(table = "shop.parts", ops = "insert, update, delete, truncate", $($delivery)+)]
            #[expect(dead_code, reason = "the records are read as they stand")]
            pub(crate) struct Part {
                #[stream(key)]
                id: i32,
                version: i64,
                item_id: Option<i32>,
                spare_of: Option<i32>,
            }

            pub(super) const TABLES: [&TableDesc; 2] = [&Item::TABLE, &Part::TABLE];
        }
    };
}

tables!(outbox: delivery = "outbox");
tables!(commit: delivery = "commit");
tables!(sync: delivery = "sync");
tables!(asynchronous: delivery = "async", on_failure = "outbox");
