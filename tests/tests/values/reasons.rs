//! A refusal says what its type holds, and what reads the rest.

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aurora_trigger_gen::time::{Date, OffsetDateTime, PrimitiveDateTime, Time};
use aurora_trigger_gen::{Interval, Multirange, PgType, Range};
use bigdecimal::BigDecimal;
use cidr::{Ipv4Cidr, Ipv4Inet, Ipv6Cidr, Ipv6Inet};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::holder::{Holder, Row, Struct, in_every_session};

in_every_session!(of_each_family, of_parts);

/// The event of the literal in a column that is read as `T` is refused, for this reason.
async fn check<T>(holder: &Holder, column: &str, literal: &str, reason: &str)
where
    T: PgType + DeserializeOwned + Debug,
{
    check_refusal(holder, Struct::of::<Row<T>>(), column, literal, reason).await;
}

async fn check_refusal(
    holder: &Holder,
    of_struct: Struct,
    column: &str,
    literal: &str,
    reason: &str,
) {
    holder
        .make_table(of_struct, &format!("{column} NOT NULL"))
        .await;
    holder
        .execute(&format!("INSERT INTO public.holder VALUES (1, {literal})"))
        .await;
    let outcome = of_struct
        .events(&holder.take_calls().await)
        .remove(&1)
        .expect("its event was sent");
    let said = outcome.expect_err(literal);
    assert_eq!(
        said,
        format!("the after image: at `value{reason}"),
        "{literal}"
    );
}

/// As the reasons have it.
fn as_text(column: &str) -> String {
    format!(
        "a `String` with `#[stream(sql_type = \"{column}\", encoding = \"text\")]` reads every value"
    )
}

async fn of_each_family(holder: &Holder) {
    let refuses = |rest: &str| format!("`: its type refuses the value: {rest}");
    let not = |rest: &str, expected: &str| format!("`: invalid type, expected {expected}: {rest}");

    let reason = not(
        "`f32` holds no NaN and no infinity; `aurora_trigger_gen::Float4` holds every value",
        "f32",
    );
    check::<f32>(holder, "real", "'-Infinity'", &reason).await;
    let reason = not(
        "`f64` holds no NaN and no infinity; `aurora_trigger_gen::Float8` holds every value",
        "f64",
    );
    check::<f64>(holder, "float8", "'NaN'", &reason).await;

    let text = as_text("numeric");
    let reason = format!(
        "`: a numeric that rust_decimal::Decimal can't hold: it takes 28 digits, no NaN and no infinity; \
         `bigdecimal::BigDecimal` holds all digits; {text}"
    );
    check::<Decimal>(holder, "numeric", "1e-29", &reason).await;
    let reason = refuses(&format!(
        "`BigDecimal` holds no NaN and no infinity; {text}"
    ));
    check::<BigDecimal>(holder, "numeric", "'NaN'", &reason).await;

    dates_and_times(holder).await;

    if holder.server_version().await >= 170_000 {
        let text = as_text("interval");
        let reason = refuses(&format!("`Interval` holds no infinity; {text}"));
        check::<Interval>(holder, "interval", "'infinity'", &reason).await;
    }

    let json = "`serde_json::Value` holds numbers up to f64's largest and 127 levels of nesting; a \
        `Box<serde_json::value::RawValue>` with `#[stream(json)]` holds all of them";
    let reason = format!("`: number out of range at line 1 column 21: {json}");
    check::<Value>(holder, "json", "'1e400'", &reason).await;
    let literal = "(repeat('[', 128) || repeat(']', 128))::jsonb";
    let path = "[0]".repeat(126);
    let reason = format!("{path}`: recursion limit exceeded at line 1 column 143: {json}");
    check::<Value>(holder, "jsonb", literal, &reason).await;

    let literal = r#"'{"$serde_json::private::Number": "1"}'"#;
    let reason = "`: an object with a key that serde_json takes for one of its own; a `String` with \
        `#[stream(sql_type = \"jsonb\", encoding = \"text\")]`, or `sql_type = \"json\"`, reads every value";
    check::<Value>(holder, "jsonb", literal, reason).await;

    let cidr = |what: &str| refuses(&format!("{what}; `cidr::IpInet` holds every value"));
    let reason = cidr("`IpAddr` holds no netmask");
    check::<IpAddr>(holder, "inet", "'::/0'", &reason).await;
    let reason = cidr("`Ipv4Addr` holds no netmask and no IPv6");
    check::<Ipv4Addr>(holder, "inet", "'::1'", &reason).await;
    let reason = cidr("`Ipv6Addr` holds no netmask and no IPv4");
    check::<Ipv6Addr>(holder, "inet", "'192.0.2.1'", &reason).await;
    let reason = cidr("`Ipv4Inet` holds no IPv6");
    check::<Ipv4Inet>(holder, "inet", "'::1/64'", &reason).await;
    let reason = cidr("`Ipv6Inet` holds no IPv4");
    check::<Ipv6Inet>(holder, "inet", "'192.0.2.1'", &reason).await;
    let cidr = |what: &str| refuses(&format!("{what}; `cidr::IpCidr` holds every value"));
    let reason = cidr("`Ipv4Cidr` holds no IPv6");
    check::<Ipv4Cidr>(holder, "cidr", "'::/0'", &reason).await;
    let reason = cidr("`Ipv6Cidr` holds no IPv4");
    check::<Ipv6Cidr>(holder, "cidr", "'192.0.2.0/24'", &reason).await;
}

macro_rules! check_each {
    ($holder:ident, $column:literal, $literal:literal, $holds:expr, [$($name:literal => $ty:ty),+ $(,)?]) => {
        $({
            let text = as_text($column);
            let reason = format!("`: its type refuses the value: `{}` {}; {text}", $name, $holds);
            check::<$ty>($holder, $column, $literal, &reason).await;
        })+
    };
}

async fn dates_and_times(holder: &Holder) {
    let years = "holds the years 1 to 9999 and no infinity";
    check_each!(holder, "date", "'infinity'", years, [
        "NaiveDate" => chrono::NaiveDate,
        "jiff::civil::Date" => jiff::civil::Date,
        "time::Date" => Date,
    ]);
    check_each!(holder, "time", "'24:00'", "ends before 24:00:00", [
        "NaiveTime" => chrono::NaiveTime,
        "jiff::civil::Time" => jiff::civil::Time,
        "time::Time" => Time,
    ]);
    check_each!(holder, "timestamp", "'4713-01-01 BC'", years, [
        "NaiveDateTime" => chrono::NaiveDateTime,
        "jiff::civil::DateTime" => jiff::civil::DateTime,
        "time::PrimitiveDateTime" => PrimitiveDateTime,
    ]);
    check_each!(holder, "timestamptz", "'-infinity'", years, [
        "DateTime<Utc>" => chrono::DateTime<chrono::Utc>,
        "DateTime<FixedOffset>" => chrono::DateTime<chrono::FixedOffset>,
        "time::OffsetDateTime" => OffsetDateTime,
    ]);
    let years = "holds the year 1 to 9999-12-30T22:00:00 UTC and no infinity";
    check_each!(holder, "timestamptz", "'9999-12-30 22:00:01+00'", years, [
        "jiff::Timestamp" => jiff::Timestamp,
    ]);
}

#[derive(Debug, Deserialize, PgType)]
#[stream(type = "public.stay")]
struct Stay {
    #[expect(dead_code, reason = "its event is refused")]
    nights: Vec<Range<chrono::NaiveDate>>,
}

async fn of_parts(holder: &Holder) {
    let dimensions = "`Vec<T>` holds one dimension, `Vec<Vec<T>>` two; a `serde_json::Value` with \
        `#[stream(sql_type = \"_int4\", encoding = \"json\")]`, where `_int4` is PostgreSQL's own name for `integer[]`, \
        holds any number of them";
    let reason = format!("[0]`: invalid type, expected f64: {dimensions}");
    check::<Vec<f64>>(holder, "float8[]", "'{{1},{2}}'", &reason).await;
    let reason = format!("[0]`: invalid type, expected a sequence: {dimensions}");
    check::<Vec<Vec<i32>>>(holder, "integer[]", "'{1}'", &reason).await;
    let reason = format!("`: invalid type, expected a sequence: {dimensions}");
    check::<Vec<Range<i32>>>(
        holder,
        "int4range[]",
        "ARRAY[['[1,2)'::int4range]]",
        &reason,
    )
    .await;
    let reason = "[1]`: invalid type, expected i32: what may be NULL is read by an `Option`, and an array that may hold \
        it by a `Vec<Option<T>>`";
    check::<Vec<i32>>(holder, "integer[]", "ARRAY[1, NULL]", reason).await;

    let years = format!(
        "its type refuses the value: `NaiveDate` holds the years 1 to 9999 and no infinity; {}",
        as_text("date")
    );
    let reason = format!("[1]`: {years}");
    check::<Vec<chrono::NaiveDate>>(holder, "date[]", "'{2020-02-29,infinity}'", &reason).await;
    // Its last day is the one before the bound.
    let reason = format!(".upper`: {years}");
    check::<Range<chrono::NaiveDate>>(holder, "daterange", "'[2020-01-01,9999-12-31]'", &reason)
        .await;
    if holder.server_version().await >= 140_000 {
        let reason = format!("[0].lower`: {years}");
        check::<Multirange<chrono::NaiveDate>>(
            holder,
            "datemultirange",
            "'{[-infinity,2020-02-29)}'",
            &reason,
        )
        .await;
    }
    holder
        .run("CREATE TYPE public.stay AS (nights daterange[])")
        .await;
    let reason = format!(".nights[0].upper`: {years}");
    let literal = "ROW(ARRAY['[2020-02-29,infinity)'::daterange])";
    check::<Stay>(holder, "public.stay", literal, &reason).await;
}
