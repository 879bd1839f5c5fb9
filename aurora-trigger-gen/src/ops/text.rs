use std::time::Duration;

use super::age::age;

/// How long that many seconds are.
pub(super) fn age_of(seconds: i64) -> String {
    // A clock that was set back has made it the future.
    age(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// The errors are of whoever answered the call: in a terminal no line of theirs may be taken for another.
pub(super) fn one_line(text: &str) -> String {
    let lines = text.replace(char::is_control, " ");
    lines.trim_end().to_owned()
}
