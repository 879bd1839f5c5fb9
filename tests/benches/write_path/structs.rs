//! The article's table, by each of our ways to capture it.

use aurora_trigger_gen::StreamTrigger;
use chrono::{NaiveDate, NaiveDateTime};
use serde::Deserialize;

/// Captured by statement.
#[derive(Deserialize, StreamTrigger)]
#[stream(
    table = "public.testing_rds_trigger",
    delivery = "async",
    key = "none",
    partition_by = "id"
)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct ByStatement {
    id: Option<i32>,
    name: Option<String>,
    dob: Option<NaiveDate>,
    category: Option<String>,
    company: Option<String>,
    age: Option<i32>,
    salary: Option<f64>,
    created_dt: Option<NaiveDateTime>,
    updated_dt: Option<NaiveDateTime>,
}

/// Captured row by row.
#[derive(Deserialize, StreamTrigger)]
#[stream(
    table = "public.testing_rds_trigger",
    delivery = "async",
    key = "none",
    partition_by = "id",
    level = "row"
)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct ByRow {
    id: Option<i32>,
    name: Option<String>,
    dob: Option<NaiveDate>,
    category: Option<String>,
    company: Option<String>,
    age: Option<i32>,
    salary: Option<f64>,
    created_dt: Option<NaiveDateTime>,
    updated_dt: Option<NaiveDateTime>,
}

/// Kept in the outbox.
#[derive(Deserialize, StreamTrigger)]
#[stream(
    table = "public.testing_rds_trigger",
    delivery = "outbox",
    key = "none",
    partition_by = "id"
)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct ByOutbox {
    id: Option<i32>,
    name: Option<String>,
    dob: Option<NaiveDate>,
    category: Option<String>,
    company: Option<String>,
    age: Option<i32>,
    salary: Option<f64>,
    created_dt: Option<NaiveDateTime>,
    updated_dt: Option<NaiveDateTime>,
}

/// Sent when the transaction commits.
#[derive(Deserialize, StreamTrigger)]
#[stream(
    table = "public.testing_rds_trigger",
    delivery = "commit",
    key = "none",
    partition_by = "id"
)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct ByCommit {
    id: Option<i32>,
    name: Option<String>,
    dob: Option<NaiveDate>,
    category: Option<String>,
    company: Option<String>,
    age: Option<i32>,
    salary: Option<f64>,
    created_dt: Option<NaiveDateTime>,
    updated_dt: Option<NaiveDateTime>,
}
