//! Prints the triggers of the reference app.

use std::process::ExitCode;

fn main() -> ExitCode {
    aurora_trigger_gen::emit::run::<storefront::Storefront>()
}
