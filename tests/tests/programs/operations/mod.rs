//! The commands of `aurora-trigger` at a database: the real program, a real PostgreSQL, and a stub of what is installed
//! there; in `together`, what is installed itself.

mod connection;
mod dead_letters;
mod drain;
mod epoch;
mod installation;
mod installed;
mod program;
mod status;
mod tables;
mod tls;
mod together;
mod usage;
