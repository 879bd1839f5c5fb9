//! The whole pipeline on one machine, as a command for an app's developers.

mod command_line;
mod database;
mod happening;
mod json;
mod output;
mod summary;
mod text;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use aurora_trigger_gen::ChangeStream;
use clap::Parser;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::spawn_blocking;

use super::LocalRelay;
use command_line::{CommandLine, Settings};
use database::Database;
use happening::Happening;
use output::{Output, Started};
use summary::Summary;

/// The stream's name.
const STREAM: &str = "changes";

/// What calls that have come are given to end.
const LAST_CALLS: Duration = Duration::from_secs(10);

/// The whole of an app's `local-pipeline`: database, triggers, relay and stream on this machine, and each change on the
/// screen as it arrives.
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
///     relay_lambda::local::pipeline::<Storefront>()
/// }
/// ```
///
/// `local-pipeline --schema schema.sql` starts a [`PostgresCluster`](super::PostgresCluster) with the app's tables and
/// a [`LocalRelay`], installs the triggers, and says how to write (a `psql` line) and how to read (an `aws` line).
/// With `--database-url` it takes a database that is there; what that gets, and how it is left, is in `--help`, as are
/// all options and what `--json` prints for scripts.
///
/// Ctrl-C and SIGTERM end it: the calls that have come are seen to, then a summary is printed, and nothing that it has
/// started is left. The exit code is 0 then, and 2 where it was called wrongly or can't start, with all that is wrong
/// and what to do on standard error.
#[must_use]
pub fn pipeline<S: ChangeStream + 'static>() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Help and version come this way too. That nobody reads them changes nothing.
            error.print().ok();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let ended = line.settings().and_then(|settings| {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())
            .and_then(|runtime| runtime.block_on(run::<S>(settings)))
            .map_err(|error| vec![error])
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(mistakes) => {
            for mistake in mistakes {
                progress(&format!("error: {mistake}"));
            }
            ExitCode::from(2)
        }
    }
}

async fn run<S: ChangeStream + 'static>(settings: Settings) -> Result<(), String> {
    let mut stop = Stop::listen().map_err(|error| error.to_string())?;
    let (sender, mut happenings) = unbounded_channel();
    let relay = start_relay::<S>(settings.shards, &sender)?;
    // Those of the relay end with it, and with them the channel.
    drop(sender);
    let mut database = tokio::select! {
        opened = Database::open(settings.database.as_ref(), LocalRelay::<S>::FUNCTION) => opened?,
        () = stop.requested() => return Ok(()),
    };
    let mut output = Output::new(settings.json);
    let mut summary = Summary::default();
    let served = tokio::select! {
        served = async {
            prepare(&settings, &relay, &database, &mut output).await?;
            let drain = database.drain();
            tokio::select! {
                shown = show(&mut happenings, &mut database, &mut output, &mut summary) => shown,
                drained = drain => drained,
            }
        } => served,
        () = stop.requested() => Ok(()),
    };
    // First nobody calls any more, then what has come is seen to.
    database.leave().await;
    let idle = spawn_blocking(move || relay.endpoint().wait_until_idle(LAST_CALLS)).await;
    if !idle.unwrap_or_default() {
        progress("warning: there are calls that did not come to an end");
    }
    while let Some(happening) = happenings.recv().await {
        summary.count(&happening);
        output.happening(&happening);
    }
    output.summary(&summary);
    served
}

fn start_relay<S: ChangeStream + 'static>(
    shards: usize,
    sender: &UnboundedSender<Happening>,
) -> Result<LocalRelay<S>, String> {
    let called = sender.clone();
    let relay = LocalRelay::<S>::start(STREAM, shards, move |call, handled| {
        // When everything ends nobody listens any more.
        called.send(Happening::of_call(&call.payload, handled)).ok();
    })
    .map_err(|error| error.to_string())?;
    let forward = |stream: &str, happening| {
        let records = relay.kinesis().subscribe(stream)?;
        happening::forward(records, sender.clone(), happening)
    };
    forward(relay.stream(), Happening::Record)
        .and_then(|()| {
            forward(&relay.refused_stream(), |record| {
                Happening::of_refused(&record)
            })
        })
        .map_err(|error| error.to_string())?;
    Ok(relay)
}

/// Tables and triggers into the database, and the user told.
async fn prepare<S: ChangeStream + 'static>(
    settings: &Settings,
    relay: &LocalRelay<S>,
    database: &Database,
    output: &mut Output,
) -> Result<(), String> {
    database.prepare(&settings.schemas, &relay.sql()).await?;
    output.started(&Started {
        version: database.version().await?,
        address: database.address(),
        database_url: database.url(),
        kinesis_url: relay.kinesis().endpoint_url(),
        stream: relay.stream().to_owned(),
        refused_stream: relay.refused_stream(),
        shards: settings.shards,
        tables: S::TABLES
            .iter()
            .map(|table| format!("{}.{}", table.schema(), table.table()))
            .collect(),
    });
    Ok(())
}

/// Shows what happens, until nobody looks any more.
async fn show(
    happenings: &mut UnboundedReceiver<Happening>,
    database: &mut Database,
    output: &mut Output,
    summary: &mut Summary,
) -> Result<(), String> {
    while !output.is_closed() {
        tokio::select! {
            happening = happenings.recv() => {
                let Some(happening) = happening else { break };
                summary.count(&happening);
                output.happening(&happening);
            }
            () = database.closed() => {
                return Err("the server has closed the connection: it has ended, or ended this session".to_owned());
            }
        }
    }
    Ok(())
}

/// What is asked for by Ctrl-C, and by whoever has started this.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn requested(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Tells what is being done, on standard error: nobody who reads the records gets it.
fn progress(text: &str) {
    // Where nobody reads it nobody can be told that either.
    writeln!(io::stderr(), "{text}").ok();
}
