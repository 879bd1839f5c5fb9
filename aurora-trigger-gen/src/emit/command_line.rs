//! The command line of an app's `emit-sql`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use super::{Configuration, install, remove};
use crate::command_line::{self, Failure};
use crate::describe::TableDesc;
use crate::samples::check_samples;
use crate::stream::ChangeStream;

/// Print the SQL that captures every change of the app's tables.
///
/// Without a command it prints the installation. The file can be run again at any time, and holds no transaction
/// control: run it with `psql -v ON_ERROR_STOP=1 --single-transaction -f triggers.sql`, or as a migration.
///
/// Before anything is printed, each struct must decode sample images of its own table.
#[derive(Debug, Parser)]
#[command(
    name = "emit-sql",
    version,
    after_help = "Exit codes: 0 fine, 1 a struct does not decode its own samples, 2 usage or environment.",
    max_term_width = 100,
    args_conflicts_with_subcommands = true
)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    install: InstallOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the removal: triggers and functions, and with the last table what all share.
    ///
    /// Dead letters are kept: as long as there are some, the schema aurora_trigger stays.
    Down(Selection),
}

#[derive(Debug, Args)]
struct InstallOptions {
    /// Configure the database too: the ARN of the relay, or its name.
    ///
    /// It belongs to one database, so a migration that runs on several leaves it out, and each database says once:
    /// SELECT aurora_trigger.configure('<ARN>');
    #[arg(long, value_name = "ARN", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    function_arn: Option<String>,
    /// The region of the relay, where --function-arn is a name or another region's.
    #[arg(long, value_name = "REGION", requires = "function_arn")]
    region: Option<String>,
    #[command(flatten)]
    selection: Selection,
}

#[derive(Debug, Args)]
struct Selection {
    /// Only this table, as SCHEMA.TABLE; repeat it for several. All tables without it.
    #[arg(long = "table", value_name = "TABLE")]
    tables: Vec<String>,
    /// Write to this file, whole or not at all, instead of printing.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The whole of an app's `emit-sql`: reads the command line, checks the samples, prints.
///
/// ```no_run
/// # use aurora_trigger_gen::{ChangeStream, DecodeError, ImageCheck, describe::TableDesc, wire::Record};
/// # struct Storefront;
/// # impl ChangeStream for Storefront {
/// #     const TABLES: &'static [&'static TableDesc] = &[];
/// #     const CHECKS: &'static [ImageCheck] = &[];
/// #     fn from_record(record: &Record<'_>) -> Result<Self, DecodeError> { unreachable!() }
/// # }
/// fn main() -> std::process::ExitCode {
///     aurora_trigger_gen::emit::run::<Storefront>()
/// }
/// ```
#[must_use]
pub fn run<S: ChangeStream>() -> ExitCode {
    command_line::run(execute::<S>)
}

fn execute<S: ChangeStream>(line: &CommandLine) -> Result<(), Failure> {
    check_samples::<S>().map_err(|errors| {
        let list: Vec<String> = errors.iter().map(|error| format!("error: {error}")).collect();
        Failure(
            format!(
                "{}\nnothing was printed: mend the struct's Deserialize, or say how its column is sent with \
                 #[stream(…)]",
                list.join("\n")
            ),
            1,
        )
    })?;
    let (selection, text) = match &line.command {
        None => {
            let selection = &line.install.selection;
            let configuration = line
                .install
                .function_arn
                .clone()
                .map(|function| Configuration {
                    function,
                    region: line.install.region.clone(),
                });
            let tables = select(S::TABLES, &selection.tables)?;
            (selection, install(&tables, configuration.as_ref()))
        }
        Some(Command::Down(selection)) => {
            (selection, remove(&select(S::TABLES, &selection.tables)?))
        }
    };
    command_line::deliver(&text, selection.output.as_deref())
}

fn select(
    all: &'static [&'static TableDesc],
    wanted: &[String],
) -> Result<Vec<&'static TableDesc>, Failure> {
    if wanted.is_empty() {
        return Ok(all.to_vec());
    }
    let full_name = |table: &TableDesc| format!("{}.{}", table.schema(), table.table());
    let unknown: Vec<&str> = wanted
        .iter()
        .filter(|name| !all.iter().any(|table| full_name(table) == **name))
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        let known: Vec<String> = all.iter().map(|table| full_name(table)).collect();
        return Err(Failure(
            format!(
                "error: the stream has no table {}\nit has: {}",
                unknown.join(", "),
                known.join(", ")
            ),
            2,
        ));
    }
    Ok(all
        .iter()
        .copied()
        .filter(|table| wanted.contains(&full_name(table)))
        .collect())
}
