use ::chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::{columns, or_text};

// What these types can't hold, they refuse by themselves: infinities, years before 1 (" BC") and after 9999 (PostgreSQL
// writes them without the plus that ISO 8601 asks for), and 24:00:00.
columns! {
    NaiveDate => ["date"], ["\"0001-01-01\"", "\"9999-12-31\""],
        or_text!("`NaiveDate` holds the years 1 to 9999 and no infinity", "date");
    NaiveTime => ["time"], ["\"00:00:00\"", "\"23:59:59.999999\""],
        or_text!("`NaiveTime` ends before 24:00:00", "time");
    NaiveDateTime => ["timestamp"], ["\"1936-10-25T22:10:12.608\"", "\"9999-12-31T23:59:59.999999\""],
        or_text!("`NaiveDateTime` holds the years 1 to 9999 and no infinity", "timestamp");
    DateTime<Utc> => ["timestamptz"], ["\"1936-10-25T22:10:12.608+00:00\"", "\"9999-12-31T23:59:59.999999+00:00\""],
        or_text!("`DateTime<Utc>` holds the years 1 to 9999 and no infinity", "timestamptz");
    DateTime<FixedOffset> => ["timestamptz"], ["\"2024-02-29T12:00:00+00:00\""],
        or_text!("`DateTime<FixedOffset>` holds the years 1 to 9999 and no infinity", "timestamptz");
}
