//! The command line of what needs no structs.

use std::process::ExitCode;

fn main() -> ExitCode {
    aurora_trigger_gen::ops::run()
}
