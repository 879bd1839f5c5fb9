//! A Lambda executable behind the endpoint: as it would run on Lambda.
//!
//! The executable is this test binary, told to run [`function`] and no test.
#![cfg(unix)]

mod answers;
mod calls;
mod endpoints;
mod events;
mod failures;
mod function;
mod processes;
mod shutdown;
#[path = "../support/mod.rs"]
mod support;

use std::env;
use std::time::Duration;

/// More than any of this takes.
const LONG: Duration = Duration::from_secs(30);

/// Not a test: what a process of the function runs.
#[test]
#[ignore = "the function that the tests call"]
fn function() {
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        function::run();
    }
}
