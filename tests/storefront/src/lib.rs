//! The reference app's row types: what its generator, its relay and its consumers share.

use aurora_trigger_gen::{Change, ChangeStream, PgType, StreamTrigger};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What the app streams.
#[derive(Debug, ChangeStream)]
pub enum Storefront {
    /// A change of a customer.
    Customer(Change<Customer>),
    /// A change of an order.
    Order(Change<Order>),
    /// A change of an order's line.
    OrderItem(Change<OrderItem>),
    /// A change in the article's table.
    Person(Change<Person>),
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, StreamTrigger)]
#[stream(table = "sales.customers", delivery = "async")]
pub struct Customer {
    /// Who it is.
    #[stream(key)]
    pub id: i64,
    /// The name.
    pub name: String,
    /// The address that mail goes to; consumers see the last four characters.
    #[stream(mask = "last4")]
    pub email: String,
    /// What kind of customer it is: an enum kept in a text column.
    pub segment: Segment,
    /// Not sent.
    #[stream(skip)]
    #[serde(default)]
    pub password_hash: String,
    /// Since when it is one.
    pub created_at: DateTime<Utc>,
}

/// What kind of customer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, PgType)]
#[stream(as = "String")]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// Buys one.
    Retail,
    /// Buys many.
    Wholesale,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "sync")]
pub struct Order {
    /// Which it is.
    #[stream(key)]
    pub id: Uuid,
    /// Whose it is.
    pub customer_id: i64,
    /// How far it is.
    pub status: OrderStatus,
    /// What it costs.
    pub total: Decimal,
    /// What it is sorted by.
    pub tags: Vec<String>,
    /// Where it goes.
    #[stream(json)]
    pub shipping: Address,
    /// What else came with it.
    pub extra: Option<serde_json::Value>,
    /// What the shop noted.
    #[serde(rename = "note")]
    #[stream(column = "internal_note")]
    pub note: Option<String>,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
}

/// How far an order is: a PostgreSQL enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, PgType)]
#[stream(type = "sales.order_status")]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// It is there.
    Placed,
    /// It is paid.
    Paid,
    /// It is on its way.
    Shipped,
}

/// Where an order goes: JSON in a jsonb column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The street and number.
    pub street: String,
    /// The town.
    pub town: String,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, StreamTrigger)]
#[stream(table = "sales.order_items", delivery = "outbox")]
pub struct OrderItem {
    /// The order.
    #[stream(key)]
    pub order_id: Uuid,
    /// The line in the order.
    #[stream(key)]
    pub line: i32,
    /// What is bought.
    pub product: String,
    /// How many.
    pub quantity: i32,
}

/// A row of the article's table, which has no key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, StreamTrigger)]
#[stream(
    table = "public.testing_rds_trigger",
    delivery = "async",
    key = "none",
    partition_by = "id",
    ops = "insert, update, delete, truncate"
)]
pub struct Person {
    /// A number; nothing keeps it unique.
    pub id: Option<i32>,
    /// The name.
    pub name: Option<String>,
    /// The date of birth.
    pub dob: Option<NaiveDate>,
    /// The category.
    pub category: Option<String>,
    /// The company.
    pub company: Option<String>,
    /// The age.
    pub age: Option<i32>,
    /// The salary.
    pub salary: Option<f64>,
    /// When the row was made.
    pub created_dt: Option<NaiveDateTime>,
    /// When the row was changed.
    pub updated_dt: Option<NaiveDateTime>,
}
