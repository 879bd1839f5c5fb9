//! The reference app's whole pipeline on this machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    relay_lambda::local::pipeline::<storefront::Storefront>()
}
