//! Prints the triggers of the reference app.

fn main() {}
