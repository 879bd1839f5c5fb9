//! SQL for a stream's tables: the installation, the removal, and the command line that prints them.
//!
//! Data goes one way: the const descriptions of the structs, through typed names, values and code, into templates. The
//! text is deterministic: the same structs give the same bytes.

mod app;
mod capture;
mod check;
mod command_line;
mod encoding_guard;
mod expression;
mod function_name;
mod image_type;
mod install;
mod layout;
mod locks;
mod mask;
mod names;
mod pins;
mod queue;
mod register;
mod remove;
mod rows;
mod shared;
mod sql;
mod table_name;
mod trigger_function;
mod way;

pub use command_line::run;
pub use install::{Configuration, install};
pub use remove::remove;
