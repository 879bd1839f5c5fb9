//! What a user reads who made a mistake: a case for each rule.

use std::env;
use std::process::Command;

/// The flags with which trybuild compiles the cases. It compiles the crates that they use without the last one, and so
/// all of them twice; what cargo reads from its variable goes before both.
const FLAGS: &str = "CARGO_ENCODED_RUSTFLAGS";

#[test]
fn every_mistake_is_explained_where_it_is() {
    if env::var_os(FLAGS).is_none() {
        let flags = [
            "--cfg",
            "trybuild",
            "--verbose",
            "-Adead_code",
            "--diagnostic-width=140",
        ];
        let status = Command::new(env::current_exe().expect("a test has a path"))
            .args([
                "--exact",
                "every_mistake_is_explained_where_it_is",
                "--nocapture",
            ])
            .env(FLAGS, flags.join("\x1f"))
            // tests/run.sh compiles by Clippy; a user's compiler has none of its lints.
            .env_remove("RUSTC_WORKSPACE_WRAPPER")
            .status()
            .expect("this test is a program");
        assert!(status.success(), "see the messages above");
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/messages/*.rs");
}
