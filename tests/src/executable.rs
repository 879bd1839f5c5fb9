use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a program is built for.
#[derive(Debug, Clone, Copy)]
pub enum Profile {
    /// To see what it does: nobody waits long for it.
    Dev,
    /// To be measured, or run as it is deployed. Where its sources have changed that takes minutes.
    Release,
}

/// Builds a package's program, and says where it is: cargo tells a test the paths of its own package only.
///
/// It is built by itself, so that it has no feature that only another package wants.
///
/// # Panics
///
/// Where it does not build, or the package has no program.
#[must_use]
pub fn executable(package: &str, profile: Profile) -> PathBuf {
    executable_with(package, &[], profile)
}

/// The same of a program that its package has with these features only.
///
/// # Panics
///
/// Where it does not build, or the package has no program.
#[must_use]
pub fn executable_with(package: &str, features: &[&str], profile: Profile) -> PathBuf {
    let profile = match profile {
        Profile::Dev => "dev",
        Profile::Release => "release",
    };
    let mut build = Command::new(env!("CARGO"));
    // What cargo tells this test of its package is none of the build's: ring would be built anew for another package's
    // sake, and then again for the next test, with all that is built on it.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            build.env_remove(&name);
        }
    }
    let output = build
        .args(["build", "--quiet", "--locked", "--profile", profile])
        .args(["--package", package])
        .args(["--features", &features.join(",")])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs, it has built this");
    assert!(output.status.success(), "{package} does not build");
    // Cargo says where it has put what.
    output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .unwrap_or_else(|| panic!("{package} has no program"))
}
