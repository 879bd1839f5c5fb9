//! The messages that lay out a choice, or that several places have.

/// Where a table has no `delivery`: it is the one decision that its author must take.
pub(crate) const DELIVERIES: &str = r#"Each way to send the changes has another promise and another price, so there is no default:

  delivery = "async"  called in the statement, without waiting for the relay
                      lost: if the call fails (with `on_failure = "abort"` the write fails then, with "outbox" the
                      event is kept)
                      sent although rolled back: possible; order per key: not kept
                      price: an HTTP call per chunk of events
  delivery = "sync"   called in the statement, waiting for the relay
                      lost: never, the write fails if the call does
                      sent although rolled back: possible; order per key: kept
                      price: the whole round trip
  delivery = "commit" called at the end of COMMIT, without waiting for the relay
                      lost: never before Lambda has it; what a call does not take is kept in the outbox
                      sent although rolled back: rarely; order per key: not kept
                      price: an HTTP call per transaction
  delivery = "outbox" kept in a table, sent after COMMIT by `aurora_trigger.drain()`, which has to be scheduled
                      lost: never
                      sent although rolled back: never; order per key: kept
                      price: an insert, no call"#;

/// Where SQL of the author's holds one.
pub(crate) const NO_NUL: &str = "SQL never holds a NUL character: remove it";

/// Where a table has no key.
pub(crate) const KEY_IS_MISSING: &str = r#"a key is missing: by it events are told apart and put in order

  #[stream(key)]                        on each field of the primary key, or of another unique index
  key = "none", partition_by = "field"  on the struct, for a table that has neither: order is kept among the
                                        rows with the same value of that field"#;

/// Where an enum says nothing of its column.
pub(crate) const WHICH_ENUM: &str = r#"which column is this enum?

  #[stream(type = "schema.name")]  an enum of PostgreSQL: its labels are compared with the variants
  #[stream(as = "String")]         a text column that holds the names of the variants
  #[stream(as = "i16")]            an integer column that holds their numbers: i16, i32 or i64, and a `Deserialize`
                                   that reads them, as `#[serde(try_from = "i16")]` makes one
  #[stream(json)]                  a json or jsonb column"#;

/// Where a struct with names for its fields says nothing of its column.
pub(crate) const WHICH_STRUCT: &str = r#"which column is this struct?

  #[stream(type = "schema.name")]  a composite type: the fields are its attributes
  #[stream(json)]                  a json or jsonb column
  #[stream(sql_type = "…", encoding = "text")]
                                   another type, whose text this struct's own `Deserialize` reads

For the row of a table it is `#[derive(StreamTrigger)]`"#;

/// The beginning of a message about `#[serde(with)]`.
pub(crate) const FUNCTION_READS: &str = "what this function reads is known to it alone, so say";

/// The choice where serde reads a column by a function.
pub(crate) const COLUMN_OF_FUNCTION: &str = r#"
  #[stream(as = "Type")]  the column of that type, which reads the same JSON
  #[stream(json)]         a json or jsonb column
  #[stream(sql_type = "…", encoding = "text")]
                          another type: "text" where the function reads PostgreSQL's text for it, "json" where it
                          reads what `to_json` makes of it"#;
