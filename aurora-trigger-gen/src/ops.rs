//! The command line `aurora-trigger`: what needs no structs, and so is installed once for all apps.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::command_line::{self, Failure};
use crate::local_extension;

/// Tools around aurora-trigger's database triggers that need no structs.
#[derive(Debug, Parser)]
#[command(
    name = "aurora-trigger",
    version,
    after_help = "Exit codes: 0 fine, 2 usage or environment.",
    max_term_width = 100
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
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
}

/// The whole of `aurora-trigger`: reads the command line and does what it says.
#[must_use]
pub fn run() -> ExitCode {
    command_line::run(execute)
}

fn execute(line: &CommandLine) -> Result<(), Failure> {
    match &line.command {
        Command::LocalExtension { endpoint, output } => {
            command_line::deliver(&local_extension::sql(endpoint), output.as_deref())
        }
    }
}
