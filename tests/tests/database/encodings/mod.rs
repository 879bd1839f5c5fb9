//! What is not in UTF-8 arrives in UTF-8: a database in another encoding, and a session that speaks another one.

mod bytes;
mod databases;
mod refusals;
mod sessions;
mod sizes;
