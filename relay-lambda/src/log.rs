//! The lines of the log: a JSON object each, on standard output, where Lambda takes them.
//!
//! They are written here, and not by a logging framework, so that nothing but what this crate says gets into them: at
//! their chattiest the runtime and the SDK log whole payloads.

use std::io::Write;
use std::str::FromStr;

use aws_sdk_kinesis::primitives::{DateTime, DateTimeFormat};
use serde_json::{Value, json};

use crate::relay::now_ms;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl FromStr for Level {
    type Err = ();

    /// The names of `AWS_LAMBDA_LOG_LEVEL`.
    fn from_str(name: &str) -> Result<Self, ()> {
        match name.to_ascii_uppercase().as_str() {
            "TRACE" | "DEBUG" => Ok(Self::Debug),
            "INFO" => Ok(Self::Info),
            "WARN" => Ok(Self::Warn),
            "ERROR" | "FATAL" => Ok(Self::Error),
            _ => Err(()),
        }
    }
}

/// Writes what is at least this bad.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log {
    least: Level,
}

impl Log {
    /// As `AWS_LAMBDA_LOG_LEVEL` says; INFO without it.
    pub(crate) fn from_env() -> Self {
        let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok();
        Self {
            least: level
                .and_then(|name| name.parse().ok())
                .unwrap_or(Level::Info),
        }
    }

    /// `fields` is an object: ids, tables, counts.
    pub(crate) fn write(self, level: Level, message: &str, fields: Value) {
        if level < self.least {
            return;
        }
        let timestamp = DateTime::from_millis(now_ms()).fmt(DateTimeFormat::DateTimeWithOffset);
        let name = match level {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
        };
        let mut line = json!({
            "timestamp": timestamp.unwrap_or_default(),
            "level": name,
            "message": message,
        });
        if let (Some(line), Value::Object(fields)) = (line.as_object_mut(), fields) {
            line.extend(fields);
        }
        raw(&line.to_string());
    }
}

/// Writes a line that is JSON already.
pub(crate) fn raw(line: &str) {
    // Where the log can't be written there is nobody to be told.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
}
