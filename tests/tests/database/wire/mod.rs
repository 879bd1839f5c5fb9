//! What was sent and written stays readable: payloads and records of every version, by today's relay and consumers, and
//! those of a table that changes, by structs that are older or newer than it.

mod evolution;
mod recorded;
mod recording;
mod stories;
mod table;
