use std::fmt;

/// The name of a table or a type, as PostgreSQL's catalogue holds it: no quotes, nothing folded.
///
/// ```
/// use aurora_trigger_gen::describe::QualifiedName;
///
/// const ORDERS: QualifiedName = QualifiedName::new(Some("sales"), "orders");
/// assert_eq!(ORDERS.to_string(), "sales.orders");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct QualifiedName {
    schema: Option<&'static str>,
    name: &'static str,
}

impl QualifiedName {
    /// A name in a schema, or in any schema where that is `None` (a type of an extension, whose schema differs from
    /// database to database). Both at most 63 bytes, which is where PostgreSQL cuts names.
    #[must_use]
    pub const fn new(schema: Option<&'static str>, name: &'static str) -> Self {
        Self { schema, name }
    }

    /// The schema, where the name has one.
    #[must_use]
    pub const fn schema(&self) -> Option<&'static str> {
        self.schema
    }

    /// The name in the schema.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// For messages: unquoted, so not for SQL.
impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(self.name),
        }
    }
}
