//! The command line of what needs no structs.

fn main() {}
