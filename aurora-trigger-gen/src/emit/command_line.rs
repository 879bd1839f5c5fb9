//! The command line of an app's `emit-sql`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use super::function_name::{parse_function, parse_region};
use super::install::install_some;
use super::table_name::TableName;
use super::{Configuration, install, remove};
use crate::command_line::{self, Failure};
use crate::describe::TableDesc;
use crate::samples::check_samples;
use crate::stream::ChangeStream;

/// Print the SQL that captures every change of the app's tables.
///
/// Without a command it prints the installation. The file can be run again at any time, and holds no transaction
/// control: run it with `psql -v ON_ERROR_STOP=1 -f triggers.sql`, or its parts as migrations. In one transaction
/// (`--single-transaction`) it is refused while others write to the tables.
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
    /// Dead letters and events that wait are kept: as long as there are some, the schema aurora_trigger stays. So it does
    /// with the key of mask = "sha256", unless the session that runs the file says
    /// SET aurora_trigger.drop_mask_key = 'yes'.
    Down(Selection),
}

#[derive(Debug, Args)]
struct InstallOptions {
    /// Configure the database too: the ARN of the relay, or its name.
    ///
    /// It belongs to one database, so a migration that runs on several leaves it out, and each database says once:
    /// SELECT aurora_trigger.configure('<ARN>');
    #[arg(long, value_name = "ARN", value_parser = parse_function)]
    function_arn: Option<String>,
    /// The region of the relay, where --function-arn is a name or another region's.
    #[arg(long, value_name = "REGION", requires = "function_arn", value_parser = parse_region)]
    region: Option<String>,
    #[command(flatten)]
    selection: Selection,
}

#[derive(Debug, Args)]
struct Selection {
    /// Only this table, as in SQL: SCHEMA.TABLE; repeat it for several. All tables without it.
    #[arg(long = "table", value_name = "TABLE")]
    tables: Vec<TableName>,
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
            let text = if selection.tables.is_empty() {
                install(&tables, configuration.as_ref())
            } else {
                install_some(&tables, configuration.as_ref())
            };
            (selection, text)
        }
        Some(Command::Down(selection)) => {
            (selection, remove(&select(S::TABLES, &selection.tables)?))
        }
    };
    command_line::deliver(&text, selection.output.as_deref())
}

fn select(
    all: &'static [&'static TableDesc],
    wanted: &[TableName],
) -> Result<Vec<&'static TableDesc>, Failure> {
    if wanted.is_empty() {
        return Ok(all.to_vec());
    }
    let known: Vec<TableName> = all.iter().map(|table| TableName::of(table)).collect();
    let list = |names: &[&TableName]| {
        let texts: Vec<String> = names.iter().map(ToString::to_string).collect();
        texts.join(", ")
    };
    let unknown: Vec<&TableName> = wanted.iter().filter(|name| !known.contains(name)).collect();
    if !unknown.is_empty() {
        return Err(Failure(
            format!(
                "error: the stream has no table {}\nit has: {}",
                list(&unknown),
                list(&known.iter().collect::<Vec<_>>())
            ),
            2,
        ));
    }
    Ok(all
        .iter()
        .copied()
        .filter(|table| wanted.contains(&TableName::of(table)))
        .collect())
}
