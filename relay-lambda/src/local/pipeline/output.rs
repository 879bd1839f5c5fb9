//! Standard output: for a person or for a script.

use std::env;
use std::io::{self, IsTerminal, Write};

use super::happening::Happening;
use super::json;
use super::summary::Summary;
use super::text::{self, Colours};

/// What runs now.
pub(super) struct Started {
    /// The server's version.
    pub(super) version: String,
    /// Where the database is, for people.
    pub(super) address: String,
    /// The same for psql, of a throwaway one.
    pub(super) database_url: Option<String>,
    pub(super) kinesis_url: String,
    pub(super) stream: String,
    pub(super) refused_stream: String,
    pub(super) shards: usize,
    pub(super) tables: Vec<String>,
}

/// Whom it is for, and whether somebody still reads it.
pub(super) struct Output {
    form: Form,
    started: bool,
    closed: bool,
}

enum Form {
    Text(Colours),
    Json,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        let form = if json {
            Form::Json
        } else {
            Form::Text(colours())
        };
        Self {
            form,
            started: false,
            closed: false,
        }
    }

    /// Whether whoever read it has gone: `head` after its lines.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn started(&mut self, started: &Started) {
        self.started = true;
        self.print(&match self.form {
            Form::Text(_) => text::started(started),
            Form::Json => json::started(started),
        });
    }

    pub(super) fn happening(&mut self, happening: &Happening) {
        self.print(&match self.form {
            Form::Text(colours) => text::happening(happening, colours),
            Form::Json => json::happening(happening),
        });
    }

    /// Nothing where nothing had started.
    pub(super) fn summary(&mut self, summary: &Summary) {
        if self.started {
            self.print(&match self.form {
                Form::Text(_) => text::summary(summary),
                Form::Json => json::summary(summary),
            });
        }
    }

    fn print(&mut self, text: &str) {
        if self.closed {
            return;
        }
        let mut out = io::stdout().lock();
        let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        self.closed = printed.is_err();
    }
}

/// Colours on a terminal that has them, unless the user wants none: see <https://no-color.org>.
fn colours() -> Colours {
    let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    if io::stdout().is_terminal() && !unwanted && !dumb {
        Colours::On
    } else {
        Colours::Off
    }
}
