use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Tools around aurora-trigger's database triggers that need no structs.
#[derive(Debug, Parser)]
#[command(
    name = "aurora-trigger",
    version,
    after_help = "Exit codes: 0 fine, 1 events wait since calls fail (drain --once), or there is no such dead letter \
                  (redrive and purge), 2 usage or environment.",
    max_term_width = 100
)]
pub(super) struct CommandLine {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a stand-in for the extension aws_lambda, for development and tests.
    ///
    /// It has the same functions, with the same arguments, status codes and errors, on any stock
    /// PostgreSQL 11 to 18 with contrib, and calls a local endpoint instead of AWS. Run it as a
    /// superuser: aurora-trigger local-extension --endpoint '…' | psql -d app -v ON_ERROR_STOP=1
    LocalExtension {
        /// Where the endpoint listens, as libpq writes it: what
        /// relay_lambda::local::LambdaEndpoint::connection_string() gives.
        #[arg(long, value_name = "CONNECTION")]
        endpoint: String,
        /// Write to this file, whole or not at all, instead of printing.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    #[command(flatten)]
    Operation(Operation),
}

/// What is done at a database that has the triggers.
#[derive(Debug, Subcommand)]
pub(super) enum Operation {
    /// Show each streamed table: whether it is captured, what waits, what was sent, what failed.
    ///
    /// It shows, and fails for nothing: the exit code is 0 whatever it shows.
    Status {
        #[command(flatten)]
        target: Target,
    },
    /// Send what is in the outbox, for ever.
    ///
    /// It asks again at once as long as there is more, then after 5 ms, and after twice as long each time up to a second.
    /// Any number of them can run at a time. When the connection is lost it connects again. SIGINT and SIGTERM end it
    /// after the call in hand.
    ///
    /// Standard error gets a line when the calls of a lane begin to fail, and one when they succeed again: a JSON object
    /// with --format json.
    Drain {
        #[command(flatten)]
        target: Target,
        /// End as soon as nothing is left that could be sent now.
        ///
        /// It says what still waits, and why. The exit code is 1 where that is since calls fail, and 0 where a table is
        /// paused.
        #[arg(long)]
        once: bool,
    },
    /// Let what a table streams wait in the outbox.
    Pause {
        #[command(flatten)]
        target: Target,
        /// Only this table, as in SQL: SCHEMA.TABLE. All that can be paused without it.
        #[arg(long, value_name = "TABLE", value_parser = NonEmptyStringValueParser::new())]
        table: Option<String>,
    },
    /// Send again what paused tables stream.
    Resume {
        #[command(flatten)]
        target: Target,
        /// Only this table, as in SQL: SCHEMA.TABLE. All that are paused without it.
        #[arg(long, value_name = "TABLE", value_parser = NonEmptyStringValueParser::new())]
        table: Option<String>,
    },
    /// Put dead letters back into the outbox: all, those of a table, or one.
    Redrive {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        letters: RedriveLetters,
    },
    /// Delete dead letters for good: all, those of a table, or one.
    Purge {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        letters: PurgeLetters,
    },
    /// End the capture of a table, without its struct: remove its triggers, functions and registration.
    ///
    /// For a table whose struct has left the stream. What its apps' emit-sql prints captures it again, as long as it has
    /// the struct.
    Down {
        #[command(flatten)]
        target: Target,
        /// The table, as in SQL: SCHEMA.TABLE. It need not exist any more.
        #[arg(long, value_name = "TABLE", value_parser = NonEmptyStringValueParser::new())]
        table: String,
    },
    /// Begin a new epoch: what is captured from now on counts as newer than all before.
    ///
    /// For a database that was restored, cloned or promoted, or that takes over from another server, before anything is
    /// written to it: it numbers its changes from where its copy was taken, and without a new epoch consumers drop them
    /// as old ones. Its number is the time in milliseconds since 1970, so no epoch comes again.
    NewEpoch {
        #[command(flatten)]
        target: Target,
    },
}

impl Operation {
    pub(super) fn target(&self) -> &Target {
        match self {
            Self::Status { target }
            | Self::Drain { target, .. }
            | Self::Pause { target, .. }
            | Self::Resume { target, .. }
            | Self::Redrive { target, .. }
            | Self::Purge { target, .. }
            | Self::Down { target, .. }
            | Self::NewEpoch { target } => target,
        }
    }
}

/// What all operations can be told.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// The database: postgres://user@host/database, or libpq's 'host=… user=… dbname=…'.
    ///
    /// What it leaves out is taken from PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGSSLMODE and PGSSLROOTCERT. A
    /// password is better there, since everybody on this machine can read a command line.
    ///
    /// sslmode is disable, prefer, require, verify-ca or verify-full, and sslrootcert a file of certificates to trust,
    /// as for psql. RDS and Aurora: sslmode=verify-full, with AWS's global-bundle.pem.
    #[arg(long, value_name = "URL")]
    pub(super) database_url: Option<String>,
    /// For people, or one JSON object for scripts.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(super) format: Format,
}

/// How an outcome is written.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum Format {
    #[default]
    Text,
    Json,
}

/// Which dead letters go back: all without any of these.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct RedriveLetters {
    /// Those of this table, as in SQL: SCHEMA.TABLE.
    #[arg(long, value_name = "TABLE", value_parser = NonEmptyStringValueParser::new())]
    pub(super) table: Option<String>,
    /// The one with this number, as in aurora_trigger.dead_letter.
    #[arg(long, value_name = "N")]
    pub(super) id: Option<i64>,
}

/// Which dead letters are deleted: one of these must say so.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct PurgeLetters {
    /// Those of this table, as in SQL: SCHEMA.TABLE.
    #[arg(long, value_name = "TABLE", value_parser = NonEmptyStringValueParser::new())]
    pub(super) table: Option<String>,
    /// The one with this number, as in aurora_trigger.dead_letter.
    #[arg(long, value_name = "N")]
    pub(super) id: Option<i64>,
    /// All there are.
    #[arg(long)]
    pub(super) all: bool,
}
