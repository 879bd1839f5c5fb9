use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Builds a program of the workspace for development and returns its path: cargo tells a test the paths of its own
/// package only.
///
/// The program has all features of the workspace, as the tests have, so most of it is built already.
///
/// # Panics
///
/// If the program does not build, or the workspace has no program of this name.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    build(&["--workspace", "--all-features", "--bin", name])
}

/// A package's program for tests of its behaviour, and its path: as it is deployed but for the optimisation where
/// `AURORA_TRIGGER_DEPLOYED` is set, and otherwise as [`program`] has it.
///
/// # Panics
///
/// As [`program`] and [`deployed`].
#[must_use]
pub fn tested(package: &str, name: &str) -> PathBuf {
    if tests_deployed() {
        build(&["--package", package, "--profile", "release-unoptimized"])
    } else {
        program(name)
    }
}

/// Tells if [`tested`] programs are built as they are deployed: without features that only other packages enable.
#[must_use]
pub fn tests_deployed() -> bool {
    env::var_os("AURORA_TRIGGER_DEPLOYED").is_some()
}

/// Builds a package's program for deployment and returns its path.
///
/// The package is built by itself, so the program has no feature that only another package enables.
///
/// # Panics
///
/// If the program does not build, or the package has no program.
#[must_use]
pub fn deployed(package: &str) -> PathBuf {
    build(&["--package", package, "--release"])
}

fn build(arguments: &[&str]) -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    // Variables about this test's package would make ring build again for each test, and all crates above it.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            build.env_remove(&name);
        }
    }
    let output = build
        .args(["build", "--quiet", "--locked"])
        .args(arguments)
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs, it has built this");
    assert!(output.status.success(), "{arguments:?} does not build");
    // Cargo reports the path of each file that it has made.
    output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .unwrap_or_else(|| panic!("{arguments:?} has no program"))
}
