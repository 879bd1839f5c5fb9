//! The harness of the integration tests: a database whose triggers call into the test.
//!
//! A test gets a database of its own on the one cluster of its binary, with the stand-in for
//! `aws_lambda` installed. Whatever the triggers send is there as soon as the statement returns.

mod cluster;
mod executable;
mod goals;
mod levels;
pub mod model;
mod notices;
mod only;
mod pipeline;
mod psql;
mod statements;

pub use cluster::{administrator, cluster, create_database, create_installed_database, drop_later};
pub use executable::{deployed, program, tested, tests_deployed};
pub use goals::{Goal, Limit, print_goals};
pub use notices::Notices;
pub use only::Only;
pub use pipeline::{Call, Pipeline, changes_in, error_of, events_in, installation, texts};
pub use statements::statements;
