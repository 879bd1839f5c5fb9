use std::time::{Duration, Instant};

use serde_json::json;
use tokio::select;
use tokio::time::sleep;

use super::age::age;
use super::captures::Captures;
use super::command_line::Format;
use super::database::{Database, DatabaseError, Session};
use super::growing_pause::GrowingPause;
use super::lanes::{self, FailingLane, Lanes};
use super::notice::Notice;
use super::outcome::{Outcome, counted};
use super::stop::Stop;
use super::waiting;

/// How long new events wait at most for the next look.
const IDLE: Duration = Duration::from_secs(1);

/// How long a database that is back waits at most for the next try.
const AWAY: Duration = Duration::from_secs(10);

/// Calls `aurora_trigger.drain()`: until nothing is left, or for ever.
///
/// What passes by itself, as a lost connection, the second waits for. At the beginning it does not: there the user has
/// rather named the wrong database.
pub(super) async fn drain(
    database: &Database,
    once: bool,
    format: Format,
) -> Result<Outcome, String> {
    let stop = Stop::listen();
    let mut session = select! {
        biased;
        () = stop.wished() => return Ok(outcome(0)),
        opened = open(database) => Some(opened?),
    };
    let mut idle = GrowingPause::up_to(IDLE);
    let mut outage: Option<Outage> = None;
    let mut lanes = Lanes::default();
    let mut captures = Captures::default();
    let mut calls = 0;
    loop {
        let called = match &mut session {
            Some(session) => call(session, &mut captures).await,
            None => select! {
                biased;
                () = stop.wished() => return Ok(outcome(calls)),
                opened = open(database) => match opened {
                    Ok(opened) => call(session.insert(opened), &mut captures).await,
                    Err(error) => Err(error),
                },
            },
        };
        let pause = match called {
            Ok((more, failing, problems)) => {
                calls += 1;
                if let Some(outage) = outage.take() {
                    outage.end(format);
                }
                for notice in problems {
                    notice.say(format);
                }
                if !once {
                    for notice in lanes.update(&failing) {
                        notice.say(format);
                    }
                }
                if more {
                    idle = GrowingPause::up_to(IDLE);
                    Duration::ZERO
                } else if once && let Some(session) = &mut session {
                    return Ok(waiting::outcome(session, calls).await?);
                } else {
                    idle.next()
                }
            }
            Err(error) if error.passes && !once => {
                session = None;
                outage
                    .get_or_insert_with(|| Outage::begin(database, &error, format))
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
    session.require_view("aurora_trigger.lane_status").await?;
    session
        .require_view("aurora_trigger.capture_status")
        .await?;
    // It reads what others have committed since the transaction began, and takes as long as the relay does. A database
    // or a role may have other defaults. Each drain is a transaction, so it may take locks on what it empties. From version 17 on there is a second timeout.
    session
        .execute(
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;
             SET aurora_trigger.commits_at_once = 'yes';
             SELECT pg_catalog.set_config(s.name, '0', false) FROM pg_catalog.pg_settings AS s
             WHERE s.name OPERATOR(pg_catalog.=) 'statement_timeout'
                OR s.name OPERATOR(pg_catalog.=) 'transaction_timeout'",
        )
        .await?;
    Ok(session)
}

/// Drains once. Tells whether there is more to do now, which lanes fail, and what is new of the captures. Each call is a
/// transaction.
async fn call(
    session: &mut Session,
    captures: &mut Captures,
) -> Result<(bool, Vec<FailingLane>, Vec<Notice>), DatabaseError> {
    let more = session.value("SELECT aurora_trigger.drain()", &[]).await?;
    let failing = lanes::failing(session).await?;
    Ok((more, failing, captures.look(session).await?))
}

/// Of a drain that was ended.
fn outcome(calls: i64) -> Outcome {
    Outcome::fine(
        format!("drained in {}", counted(calls, "call", "calls")),
        json!({"calls": calls}),
    )
}

/// The time from an error to the next call that goes well, of which the user is told once.
struct Outage {
    began: Instant,
    pause: GrowingPause,
}

impl Outage {
    fn begin(database: &Database, error: &DatabaseError, format: Format) -> Self {
        let notice = Notice {
            text: format!(
                "nothing is drained from {}: {}\ntrying again until it works",
                database.address(),
                error.text
            ),
            json: json!({
                "event": "outage", "database": database.address(), "error": error.text,
            }),
        };
        notice.say(format);
        Self {
            began: Instant::now(),
            pause: GrowingPause::up_to(AWAY),
        }
    }

    fn next(&mut self) -> Duration {
        self.pause.next()
    }

    fn end(self, format: Format) {
        let lasted = self.began.elapsed();
        let notice = Notice {
            text: format!("it works again, after {}", age(lasted)),
            json: json!({"event": "works", "seconds": lasted.as_secs()}),
        };
        notice.say(format);
    }
}
