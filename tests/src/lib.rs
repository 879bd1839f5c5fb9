//! The harness of the integration tests: a database whose triggers call into the test.
//!
//! A test gets a database of its own on the one cluster of its binary, with the stand-in for
//! `aws_lambda` installed. Whatever the triggers send is there as soon as the statement returns.

mod executable;
mod goals;
mod levels;
mod notices;
mod only;
mod pipeline;
mod psql;
mod statements;

pub use executable::{Profile, executable, executable_with};
pub use goals::{Goal, Limit, print_goals};
pub use notices::Notices;
pub use only::Only;
pub use pipeline::{Call, Pipeline, administrator, changes_in, cluster, error_of, events_in};
pub use statements::statements;
