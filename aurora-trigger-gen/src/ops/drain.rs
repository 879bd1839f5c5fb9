use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::select;
use tokio::time::sleep;

use super::age::age;
use super::database::{Database, DatabaseError, Session};
use super::growing_pause::GrowingPause;
use super::outcome::{Outcome, counted};
use super::stop::Stop;

/// How long new events wait at most for the next look.
const IDLE: Duration = Duration::from_secs(1);

/// How long a database that is back waits at most for the next try.
const AWAY: Duration = Duration::from_secs(10);

/// Calls `aurora_trigger.drain()`: until nothing is left, or for ever.
///
/// What passes by itself, as a lost connection, the second waits for. At the beginning it does not: there the user has
/// rather named the wrong database.
pub(super) async fn drain(database: &Database, once: bool) -> Result<Outcome, String> {
    let stop = Stop::listen();
    let mut session = select! {
        biased;
        () = stop.wished() => return Ok(outcome(0)),
        opened = open(database) => Some(opened?),
    };
    let mut idle = GrowingPause::up_to(IDLE);
    let mut outage: Option<Outage> = None;
    let mut calls = 0;
    loop {
        let called = match &mut session {
            Some(session) => call(session).await,
            None => select! {
                biased;
                () = stop.wished() => return Ok(outcome(calls)),
                opened = open(database) => match opened {
                    Ok(opened) => call(session.insert(opened)).await,
                    Err(error) => Err(error),
                },
            },
        };
        let pause = match called {
            Ok(more) => {
                calls += 1;
                if let Some(outage) = outage.take() {
                    outage.end();
                }
                if more {
                    idle = GrowingPause::up_to(IDLE);
                    Duration::ZERO
                } else if once {
                    return Ok(outcome(calls));
                } else {
                    idle.next()
                }
            }
            Err(error) if error.passes && !once => {
                session = None;
                outage
                    .get_or_insert_with(|| Outage::begin(database, &error))
                    .next()
            }
            Err(error) => return Err(error.text),
        };
        select! {
            biased;
            () = stop.wished() => return Ok(outcome(calls)),
            () = sleep(pause) => {}
        }
    }
}

async fn open(database: &Database) -> Result<Session, DatabaseError> {
    let mut session = database.connect().await?;
    session.require("aurora_trigger.drain()").await?;
    // It reads what others have committed since the transaction began. A database or a role may have another default.
    session
        .execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED")
        .await?;
    Ok(session)
}

/// Whether there is more to do now. Each call is a transaction.
async fn call(session: &mut Session) -> Result<bool, DatabaseError> {
    session.value("SELECT aurora_trigger.drain()", &[]).await
}

fn outcome(calls: i64) -> Outcome {
    Outcome {
        text: format!("drained in {}", counted(calls, "call", "calls")),
        json: json!({"calls": calls}),
    }
}

/// The time from an error to the next call that goes well, of which the user is told once.
struct Outage {
    began: Instant,
    pause: GrowingPause,
}

impl Outage {
    fn begin(database: &Database, error: &DatabaseError) -> Self {
        say(&format!(
            "nothing is drained from {}: {}\ntrying again until it works",
            database.address(),
            error.text
        ));
        Self {
            began: Instant::now(),
            pause: GrowingPause::up_to(AWAY),
        }
    }

    fn next(&mut self) -> Duration {
        self.pause.next()
    }

    fn end(self) {
        say(&format!(
            "it works again, after {}",
            age(self.began.elapsed())
        ));
    }
}

/// A log that has gone away must not end the drain.
fn say(text: &str) {
    writeln!(io::stderr(), "{text}").ok();
}
