use std::error::Error;

use tokio_postgres::error::SqlState;

/// Why a database does not do what it was asked to.
#[derive(Debug)]
pub(in super::super) struct DatabaseError {
    /// What is wrong, where, and what to do.
    pub(in super::super) text: String,
    /// Whether it may be gone with the next try, without anybody's help.
    pub(in super::super) passes: bool,
}

impl DatabaseError {
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        Self {
            text: explain(error),
            passes: passes(error),
        }
    }

    pub(super) fn passing(text: String) -> Self {
        Self { text, passes: true }
    }

    pub(super) fn lasting(text: String) -> Self {
        Self {
            text,
            passes: false,
        }
    }

    /// The same behind what was tried.
    pub(super) fn behind(mut self, tried: &str) -> Self {
        self.text.insert_str(0, tried);
        self
    }

    /// The same, and what to do.
    pub(super) fn with_hint(mut self, hint: &str) -> Self {
        self.text.push('\n');
        self.text.push_str(hint);
        self
    }

    /// The same, and why another way failed too.
    pub(super) fn or(mut self, way: &str, other: &Self) -> Self {
        if self.text != other.text {
            self.text = format!("{}\n{way}: {}", self.text, other.text);
        }
        self.passes &= other.passes;
        self
    }
}

impl From<DatabaseError> for String {
    fn from(error: DatabaseError) -> Self {
        error.text
    }
}

fn passes(error: &tokio_postgres::Error) -> bool {
    let Some(code) = error.code() else {
        return true;
    };
    // Connection, rollback, resources, operator (a shutdown, a cancel), system.
    let classes = ["08", "40", "53", "57", "58"];
    classes.iter().any(|class| code.code().starts_with(class))
        || *code == SqlState::LOCK_NOT_AVAILABLE
        // The name of a cluster that has failed over still leads to the old server for a while.
        || *code == SqlState::READ_ONLY_SQL_TRANSACTION
}

/// An error with all that the server says of it: of the driver's errors the outer one only says that it is one.
fn explain(error: &tokio_postgres::Error) -> String {
    let Some(server) = error.as_db_error() else {
        return with_causes(error);
    };
    let mut text = server.message().to_owned();
    for more in [server.detail(), server.hint()].into_iter().flatten() {
        text.push('\n');
        text.push_str(more);
    }
    if *server.code() == SqlState::INSUFFICIENT_PRIVILEGE {
        text.push_str(
            "\nconnect as the role that has installed aurora_trigger, as a superuser, or as a member of a role that may: \
             pg_monitor for status, aurora_trigger_drain for status and drain, aurora_trigger for all commands",
        );
    }
    text
}

fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Some say it themselves.
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
