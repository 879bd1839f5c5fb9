use std::io::{self, Write};

use serde_json::Value;

use super::command_line::Format;

/// What a command that goes on tells meanwhile, in the two ways in which it can be written.
pub(super) struct Notice {
    /// Lines, without the end of the last one.
    pub(super) text: String,
    pub(super) json: Value,
}

impl Notice {
    /// Writes it to standard error: standard output is for the outcome. A log that has gone away must not end the command.
    pub(super) fn say(&self, format: Format) {
        let mut log = io::stderr();
        match format {
            Format::Text => writeln!(log, "{}", self.text).ok(),
            Format::Json => writeln!(log, "{}", self.json).ok(),
        };
    }
}
