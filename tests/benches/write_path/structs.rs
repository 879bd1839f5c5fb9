//! The article's table.

use aurora_trigger_gen::StreamTrigger;
use chrono::{NaiveDate, NaiveDateTime};
use serde::Deserialize;

#[derive(Deserialize, StreamTrigger)]
#[stream(
    table = "public.testing_rds_trigger",
    delivery = "async",
    key = "none",
    partition_by = "id"
)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct Person {
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
