//! Every value that a column can hold arrives as a PostgreSQL driver would have read it, or its event is refused.
//!
//! Values are written with binary parameters, or as literals where no Rust type holds them. The driver reads them back
//! over the binary protocol, and so does the struct out of the event: through trigger, payload, relay and record. The
//! two must be the same, whatever the session's settings are, at statement and at row level, after the insert and
//! before the delete.

mod array_elements;
mod arrays;
mod bits;
mod composites;
mod domains;
mod driver;
mod escape_hatch;
mod every_type;
mod holder;
mod internet;
mod interval;
mod jiff;
mod json;
mod numbers;
mod ranges;
mod reasons;
mod samples;
mod text;
mod time;
mod time_crate;
mod types_page;
mod user_types;
