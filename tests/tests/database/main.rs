//! The generated SQL on a real server: what it captures, what it installs and removes, what it refuses, and what it
//! withstands. A version of PostgreSQL can change any of it.

mod application_objects;
mod capture;
mod captured_tables;
mod columns;
mod encodings;
mod identifiers;
mod installation;
mod installer_rights;
mod locks;
mod migrations;
mod plpgsql_check;
mod removal;
mod security;
mod sql_snapshots;
mod table_checks;
mod wire;
