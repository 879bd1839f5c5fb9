use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::json;

use super::age::age;
use super::database::{DatabaseError, Session};
use super::notice::Notice;
use super::text::one_line;

/// A lane whose last call failed.
pub(super) struct FailingLane {
    lane: i16,
    error: String,
}

/// Reads the lanes that fail now.
pub(super) async fn failing(session: &mut Session) -> Result<Vec<FailingLane>, DatabaseError> {
    // Plain columns: any other function or operator would be found by the path of whoever connects.
    let sql = "SELECT lane, last_error FROM aurora_trigger.lane_status WHERE failures > 0";
    let rows = session.rows(sql).await?;
    rows.iter()
        .map(|row| {
            let error: Option<String> = session.column(row, 1)?;
            Ok(FailingLane {
                lane: session.column(row, 0)?,
                error: error.unwrap_or_else(|| "without a reason".to_owned()),
            })
        })
        .collect()
}

/// The lanes that fail, and since when that is known. The user is told of each when it begins and when it ends.
#[derive(Default)]
pub(super) struct Lanes(BTreeMap<i16, Instant>);

impl Lanes {
    /// Takes the lanes that fail now, and gives what is new.
    pub(super) fn update(&mut self, failing: &[FailingLane]) -> Vec<Notice> {
        let mut notices = Vec::new();
        self.0.retain(|&lane, since| {
            let fails = failing.iter().any(|failing| failing.lane == lane);
            if !fails {
                notices.push(works_again(lane, *since));
            }
            fails
        });
        for FailingLane { lane, error } in failing {
            self.0.entry(*lane).or_insert_with(|| {
                notices.push(begins_to_fail(*lane, error));
                Instant::now()
            });
        }
        notices
    }
}

fn begins_to_fail(lane: i16, error: &str) -> Notice {
    Notice {
        text: format!(
            "the calls of lane {lane} fail: {}\nits events wait, and are tried again until it works",
            one_line(error)
        ),
        json: json!({"event": "lane_fails", "lane": lane, "last_error": error}),
    }
}

fn works_again(lane: i16, since: Instant) -> Notice {
    let since = since.elapsed();
    Notice {
        text: format!(
            "the calls of lane {lane} succeed again, after {}",
            age(since)
        ),
        json: json!({"event": "lane_works", "lane": lane, "seconds": since.as_secs()}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_told_once_when_it_begins_and_once_when_it_ends() {
        let failing = |lanes: &[i16]| -> Vec<FailingLane> {
            lanes
                .iter()
                .map(|&lane| FailingLane {
                    lane,
                    error: "down\n".to_owned(),
                })
                .collect()
        };
        let mut lanes = Lanes::default();
        let mut told = |now: &[i16]| -> Vec<String> {
            lanes
                .update(&failing(now))
                .iter()
                .map(|notice| notice.json["event"].to_string() + &notice.json["lane"].to_string())
                .collect()
        };
        assert_eq!(told(&[]), [""; 0]);
        assert_eq!(told(&[1, 2]), ["\"lane_fails\"1", "\"lane_fails\"2"]);
        assert_eq!(told(&[1, 2]), [""; 0]);
        assert_eq!(told(&[2, 3]), ["\"lane_works\"1", "\"lane_fails\"3"]);
        assert_eq!(told(&[]), ["\"lane_works\"2", "\"lane_works\"3"]);
        assert_eq!(told(&[1]), ["\"lane_fails\"1"]);
    }
}
