use serde::{Deserialize, Serialize};

/// What happened to the row, in Debezium's letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// `c`: the row came into being, or entered the subset that `when` keeps.
    #[serde(rename = "c")]
    Create,
    /// `u`: the row changed and kept its key.
    #[serde(rename = "u")]
    Update,
    /// `d`: the row is gone, or left the subset that `when` keeps.
    #[serde(rename = "d")]
    Delete,
    /// `r`: the row was read by a backfill.
    #[serde(rename = "r")]
    Read,
    /// `t`: all rows are gone.
    #[serde(rename = "t")]
    Truncate,
}
