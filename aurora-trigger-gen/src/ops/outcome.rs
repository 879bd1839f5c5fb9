use serde_json::Value;

use super::command_line::Format;

/// What was done, in the two ways in which it can be printed.
pub(super) struct Outcome {
    /// One line, without its end.
    pub(super) text: String,
    pub(super) json: Value,
}

impl Outcome {
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
