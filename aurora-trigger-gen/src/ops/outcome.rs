use serde_json::Value;

use super::command_line::Format;

/// What was done, in the two ways in which it can be printed.
pub(super) struct Outcome {
    /// Lines, without the end of the last one.
    pub(super) text: String,
    pub(super) json: Value,
    /// What is not as it should be, for people: then the exit code is 1.
    pub(super) problem: Option<String>,
}

impl Outcome {
    /// All is well.
    pub(super) fn fine(text: String, json: Value) -> Self {
        Self {
            text,
            json,
            problem: None,
        }
    }

    pub(super) fn print(&self, format: Format) -> String {
        match format {
            Format::Text => format!("{}\n", self.text),
            Format::Json => format!("{}\n", self.json),
        }
    }
}

/// The number and what it counts: `1 table`, `2 tables`.
pub(super) fn counted(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
