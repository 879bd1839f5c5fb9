use ::jiff::Timestamp;
use ::jiff::civil::{Date, DateTime, Time};

use super::columns;

// What these types can't hold, they refuse by themselves: infinities, years before 1 (" BC") and after 9999, and
// 24:00:00. The last instant of a `Timestamp` is a day earlier than the last of the year 9999.
columns! {
    Date => ["date"], ["\"0001-01-01\"", "\"9999-12-31\""];
    Time => ["time"], ["\"00:00:00\"", "\"23:59:59.999999\""];
    DateTime => ["timestamp"], ["\"1936-10-25T22:10:12.608\"", "\"9999-12-31T23:59:59.999999\""];
    Timestamp => ["timestamptz"], ["\"1936-10-25T22:10:12.608+00:00\"", "\"9999-12-30T21:59:59.999999+00:00\""];
}
