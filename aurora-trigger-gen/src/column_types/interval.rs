use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::from_text::from_text;
use super::{PgType, or_text};
use crate::describe::{Sample, TypeDesc};

/// An `interval` as PostgreSQL keeps it: months, days and microseconds, each with a sign of its own, since months have no
/// fixed number of days, nor days of hours.
///
/// In JSON as PostgreSQL writes it in its style `iso_8601`. `infinity` and `-infinity` (PostgreSQL 17) are refused.
///
/// ```
/// use aurora_trigger_gen::Interval;
///
/// let interval: Interval = serde_json::from_str(r#""P1Y-2M3DT-4H5M0.5S""#)?;
/// assert_eq!(interval.months, 10);
/// assert_eq!(interval.days, 3);
/// assert_eq!(interval.microseconds, -14_099_500_000);
/// assert_eq!(interval.to_string(), "P10M3DT-3H-54M-59.5S");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Months, twelve to a year.
    pub months: i32,
    /// Days, which may have more or fewer than 24 hours.
    pub days: i32,
    /// Microseconds: hours, minutes and seconds together.
    pub microseconds: i64,
}

/// The text is not what PostgreSQL writes for an interval in its style `iso_8601`, or not one that is finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseIntervalError;

impl fmt::Display for ParseIntervalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a finite interval in PostgreSQL's style iso_8601")
    }
}

impl std::error::Error for ParseIntervalError {}

const MICROSECONDS: i128 = 1_000_000;

impl FromStr for Interval {
    type Err = ParseIntervalError;

    fn from_str(text: &str) -> Result<Self, ParseIntervalError> {
        parse(text).ok_or(ParseIntervalError)
    }
}

fn parse(text: &str) -> Option<Interval> {
    let (date, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text.strip_prefix('P')?, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let [years, months, days] = parts(date, ['Y', 'M', 'D'])?;
    let [hours, minutes, seconds] = parts(time, ['H', 'M', 'S'])?;
    // Only seconds have a fraction.
    let whole = |part: i128| (part % MICROSECONDS == 0).then_some(part / MICROSECONDS);
    let months = whole(years)? * 12 + whole(months)?;
    let microseconds = whole(hours)? * 3_600 * MICROSECONDS + whole(minutes)? * 60 * MICROSECONDS;
    Some(Interval {
        months: months.try_into().ok()?,
        days: whole(days)?.try_into().ok()?,
        microseconds: (microseconds + seconds).try_into().ok()?,
    })
}

/// The numbers in front of these letters, which come in this order, in millionths.
fn parts<const COUNT: usize>(mut text: &str, letters: [char; COUNT]) -> Option<[i128; COUNT]> {
    let mut numbers = [0; COUNT];
    for (number, letter) in numbers.iter_mut().zip(letters) {
        if let Some((digits, rest)) = text.split_once(letter) {
            *number = millionths(digits)?;
            text = rest;
        }
    }
    text.is_empty().then_some(numbers)
}

fn millionths(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |digits: &str| {
        (1..=18).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 6 {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let fraction: i128 = format!("{fraction:0<6}").parse().ok()?;
    let value = whole * MICROSECONDS + fraction;
    Some(if text.starts_with('-') { -value } else { value })
}

/// As PostgreSQL writes it in its style `iso_8601`.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("PT0S");
        }
        f.write_str("P")?;
        for (number, letter) in [
            (self.months / 12, 'Y'),
            (self.months % 12, 'M'),
            (self.days, 'D'),
        ] {
            if number != 0 {
                write!(f, "{number}{letter}")?;
            }
        }
        if self.microseconds == 0 {
            return Ok(());
        }
        f.write_str("T")?;
        let seconds = self.microseconds / 1_000_000;
        for (number, letter) in [(seconds / 3_600, 'H'), (seconds / 60 % 60, 'M')] {
            if number != 0 {
                write!(f, "{number}{letter}")?;
            }
        }
        let rest = self.microseconds % 60_000_000;
        if rest == 0 {
            return Ok(());
        }
        let sign = if rest < 0 { "-" } else { "" };
        let (whole, fraction) = (rest.abs() / 1_000_000, rest.abs() % 1_000_000);
        let digits = format!("{fraction:06}");
        let digits = digits.trim_end_matches('0');
        let point = if digits.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{digits}S")
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(
            deserializer,
            "an interval in PostgreSQL's style iso_8601",
            |text| text.parse().ok(),
        )
    }
}

impl PgType for Interval {
    const TYPE: TypeDesc = TypeDesc::built_in(&["interval"])
        .with_samples(&[
            Sample::Json("\"PT0S\""),
            Sample::Json("\"P-1Y-2M3DT-4H-5M-6.789S\""),
        ])
        .with_limits(or_text!("`Interval` holds no infinity", "interval"));
}
