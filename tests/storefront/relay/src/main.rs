//! The reference app's relay: from its triggers to its Kinesis stream.

use std::process::ExitCode;

fn main() -> ExitCode {
    relay_lambda::run::<storefront::Storefront>()
}
