use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use super::age::age;
use super::database::{DatabaseError, Session};
use super::notice::Notice;
use super::text::one_line;

/// The longest time from a problem to its line. A look takes the database as long as some drains.
const EVERY: Duration = Duration::from_secs(10);

/// A table whose capture is not as it should be.
pub(super) struct Faulty {
    schema: String,
    table: String,
    problem: String,
}

/// The tables whose capture is not as it should be, and since when that is known. The user is told of each when it begins and
/// when it ends.
#[derive(Default)]
pub(super) struct Captures {
    looked: Option<Instant>,
    known: BTreeMap<(String, String), Instant>,
}

impl Captures {
    /// Looks, where the last look is some time ago, and gives what is new.
    pub(super) async fn look(
        &mut self,
        session: &mut Session,
    ) -> Result<Vec<Notice>, DatabaseError> {
        if self.looked.is_some_and(|looked| looked.elapsed() < EVERY) {
            return Ok(Vec::new());
        }
        let faulty = faulty(session).await?;
        self.looked = Some(Instant::now());
        Ok(self.update(&faulty))
    }

    /// Takes what is faulty now, and gives what is new.
    fn update(&mut self, faulty: &[Faulty]) -> Vec<Notice> {
        let mut notices = Vec::new();
        self.known.retain(|(schema, table), since| {
            let is_faulty = faulty
                .iter()
                .any(|faulty| faulty.schema == *schema && faulty.table == *table);
            if !is_faulty {
                notices.push(ends(schema, table, *since));
            }
            is_faulty
        });
        for faulty in faulty {
            self.known
                .entry((faulty.schema.clone(), faulty.table.clone()))
                .or_insert_with(|| {
                    notices.push(begins(faulty));
                    Instant::now()
                });
        }
        notices
    }
}

async fn faulty(session: &mut Session) -> Result<Vec<Faulty>, DatabaseError> {
    // Plain columns: any other function or operator would be found by the path of whoever connects.
    let sql = "SELECT schema_name, table_name, problem FROM aurora_trigger.capture_status WHERE problem IS NOT NULL";
    let rows = session.rows(sql).await?;
    rows.iter()
        .map(|row| {
            Ok(Faulty {
                schema: session.column(row, 0)?,
                table: session.column(row, 1)?,
                problem: session.column(row, 2)?,
            })
        })
        .collect()
}

fn begins(faulty: &Faulty) -> Notice {
    let Faulty {
        schema,
        table,
        problem,
    } = faulty;
    Notice {
        text: format!(
            "the capture of {} is not as it should be: {}",
            one_line(&format!("{schema}.{table}")),
            one_line(problem)
        ),
        json: json!({
            "event": "capture_problem", "schema_name": schema, "table_name": table, "problem": problem,
        }),
    }
}

fn ends(schema: &str, table: &str, since: Instant) -> Notice {
    let since = since.elapsed();
    Notice {
        text: format!(
            "the capture of {} is as it should be again, after {}",
            one_line(&format!("{schema}.{table}")),
            age(since)
        ),
        json: json!({
            "event": "capture_works", "schema_name": schema, "table_name": table,
            "seconds": since.as_secs(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_once_when_it_begins_and_once_when_it_ends() {
        let faulty = |tables: &[&str]| -> Vec<Faulty> {
            tables
                .iter()
                .map(|&table| Faulty {
                    schema: "shop".to_owned(),
                    table: table.to_owned(),
                    problem: "no trigger\nfor INSERT".to_owned(),
                })
                .collect()
        };
        let mut captures = Captures::default();
        let mut told = |now: &[&str]| -> Vec<String> {
            captures
                .update(&faulty(now))
                .iter()
                .map(|notice| {
                    let member = |name: &str| notice.json[name].as_str().expect("it is a text");
                    format!("{} {}", member("event"), member("table_name"))
                })
                .collect()
        };
        assert_eq!(told(&[]), [""; 0]);
        assert_eq!(told(&["a"]), ["capture_problem a"]);
        assert_eq!(told(&["a"]), [""; 0]);
        assert_eq!(told(&["b"]), ["capture_works a", "capture_problem b"]);
        assert_eq!(told(&[]), ["capture_works b"]);
    }
}
