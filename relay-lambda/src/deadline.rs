//! How long a call may take.

use std::time::Duration;

/// The part of the function's time that is left for the answer.
const MARGIN: Duration = Duration::from_millis(500);

/// The time of a call without a deadline: the time-out that the README gives the function.
pub(crate) const WITHOUT_DEADLINE: Duration = Duration::from_secs(60);

/// The time from now to the call's deadline, less the margin. `None` if the deadline has passed: the call begins now, so
/// whoever made it has not set one. `cargo lambda watch` gives 600,000 ms since 1970.
pub(crate) fn time_left(deadline_ms: u64, now_ms: i64) -> Option<Duration> {
    let left = deadline_ms.checked_sub(u64::try_from(now_ms).unwrap_or_default())?;
    (left > 0).then(|| Duration::from_millis(left).saturating_sub(MARGIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_before_the_call_is_none() {
        const NOW: i64 = 1_790_000_000_000;
        let now = NOW.cast_unsigned();
        let left = |deadline| time_left(deadline, NOW).map(|left| left.as_millis());
        assert_eq!(left(now + 60_000), Some(59_500));
        // One that is near is one.
        assert_eq!(left(now + 1), Some(0));
        assert_eq!(left(now), None);
        assert_eq!(left(600_000), None);
        assert_eq!(left(0), None);
    }
}
