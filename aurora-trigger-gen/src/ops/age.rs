use std::time::Duration;

/// How long something is ago, in the largest unit of which it has one whole: `12 s`, `3 h`.
pub(super) fn age(time: Duration) -> String {
    let seconds = time.as_secs();
    let (unit, name) = match seconds {
        0..60 => (1, "s"),
        60..3_600 => (60, "min"),
        3_600..86_400 => (3_600, "h"),
        _ => (86_400, "d"),
    };
    format!("{} {name}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_fits_the_time() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (3 * 3_600 + 3_599, "3 h"),
            (86_399, "23 h"),
            (86_400, "1 d"),
            (u64::MAX, "213503982334601 d"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), expected);
        }
    }
}
