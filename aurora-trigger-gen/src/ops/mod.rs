//! The command line `aurora-trigger`: what needs no structs, and so is installed once for all apps.

mod age;
mod captures;
mod command_line;
mod database;
mod dead_letters;
mod drain;
mod epoch;
mod growing_pause;
mod lanes;
mod notice;
mod outcome;
mod status;
mod stop;
mod tables;
mod text;
mod waiting;

use std::process::ExitCode;

use crate::command_line::{self as shared, Failure};
use crate::local_extension;
use command_line::{Command, CommandLine, Operation};
use database::Database;

/// The whole of `aurora-trigger`: reads the command line and does what it says.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     aurora_trigger_gen::ops::run()
/// }
/// ```
///
/// The exit code is 0; 1 where `drain --once` leaves events in the outbox since calls fail, or `redrive` and `purge` find
/// no dead letter of the id; 2 where it was called wrongly or the database can't be reached, lacks the installation or
/// refuses. Then standard error says what is wrong, where, and what to do.
#[must_use]
pub fn run() -> ExitCode {
    shared::run(execute)
}

fn execute(line: &CommandLine) -> Result<(), Failure> {
    match &line.command {
        Command::LocalExtension { endpoint, output } => {
            shared::deliver(&local_extension::sql(endpoint), output.as_deref())
        }
        Command::Operation(operation) => {
            let (text, problem) = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| error.to_string())
                .and_then(|runtime| runtime.block_on(operate(operation)))
                .map_err(|error| Failure(format!("error: {error}"), 2))?;
            shared::deliver(&text, None)?;
            match problem {
                None => Ok(()),
                Some(problem) => Err(Failure(format!("error: {problem}"), 1)),
            }
        }
    }
}

/// Does what the command says, and gives what is to be printed, and what is not as it should be.
async fn operate(operation: &Operation) -> Result<(String, Option<String>), String> {
    let target = operation.target();
    let database = Database::new(target.database_url.as_deref())?;
    let outcome = match operation {
        Operation::Status { .. } => {
            return Ok((status::read(&database).await?.print(target.format), None));
        }
        Operation::Drain { once, .. } => drain::drain(&database, *once, target.format).await?,
        Operation::Pause { table, .. } => tables::pause(&database, table.as_deref()).await?,
        Operation::Resume { table, .. } => tables::resume(&database, table.as_deref()).await?,
        Operation::Redrive { letters, .. } => dead_letters::redrive(&database, letters).await?,
        Operation::Purge { letters, .. } => dead_letters::purge(&database, letters).await?,
        Operation::Down { table, .. } => tables::end_capture(&database, table).await?,
        Operation::NewEpoch { .. } => epoch::raise(&database).await?,
    };
    Ok((outcome.print(target.format), outcome.problem))
}
