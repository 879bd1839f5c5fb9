use ::jiff_0_2::Timestamp;
use ::jiff_0_2::civil::{Date, DateTime, Time};

use super::{columns, or_text};

// What these types can't hold, they refuse by themselves: infinities, years before 1 (" BC") and after 9999, and
// 24:00:00. The last instant of a `Timestamp` is a day earlier than the last of the year 9999.
columns! {
    Date => ["date"], ["\"0001-01-01\"", "\"9999-12-31\""],
        or_text!("`jiff::civil::Date` holds the years 1 to 9999 and no infinity", "date");
    Time => ["time"], ["\"00:00:00\"", "\"23:59:59.999999\""],
        or_text!("`jiff::civil::Time` ends before 24:00:00", "time");
    DateTime => ["timestamp"], ["\"1936-10-25T22:10:12.608\"", "\"9999-12-31T23:59:59.999999\""],
        or_text!("`jiff::civil::DateTime` holds the years 1 to 9999 and no infinity", "timestamp");
    Timestamp => ["timestamptz"], ["\"1936-10-25T22:10:12.608+00:00\"", "\"9999-12-30T21:59:59.999999+00:00\""],
        or_text!("`jiff::Timestamp` holds the year 1 to 9999-12-30T22:00:00 UTC and no infinity", "timestamptz");
}
