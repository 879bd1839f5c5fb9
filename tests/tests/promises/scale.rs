//! How much a test does, unless the environment asks for more.

use std::env;

/// # Panics
///
/// Where the variable is there and holds no number.
pub(crate) fn scale(variable: &str, by_default: usize) -> usize {
    match env::var(variable) {
        Ok(number) => number
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is `{number}`, which is no number")),
        Err(_) => by_default,
    }
}
