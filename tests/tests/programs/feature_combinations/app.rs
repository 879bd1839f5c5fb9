use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::feature_combinations::every_type::Found;

/// An app outside of this workspace, so that its features are its own.
pub(crate) struct App {
    folder: PathBuf,
}

impl App {
    /// Under a name of its own, since all share the folder that they are built into.
    pub(crate) fn new(name: &str) -> Self {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let write = |name: &str, text: &str| {
            fs::write(folder.join(name), text).expect("the folder can be written to");
        };
        fs::create_dir_all(&folder).expect("the folder can be made");
        write(
            "Cargo.toml",
            &include_str!("app.toml").replace("NAME", name).replace(
                "PATH",
                &tests.join("../aurora-trigger-gen").display().to_string(),
            ),
        );
        write(
            "main.rs",
            &format!(
                "#[path = {:?}] mod every_type;\n#[path = {:?}] mod only;\n{}",
                tests.join("tests/programs/feature_combinations/every_type.rs"),
                tests.join("src/only.rs"),
                r#"fn main() { println!("{}", serde_json::to_string(&every_type::all()).unwrap()) }"#
            ),
        );
        // What it says of versions holds for the app too, and cargo takes out what the app does not need.
        let lock = fs::read_to_string(tests.join("../Cargo.lock"));
        write("Cargo.lock", &lock.expect("the workspace has one"));
        Self { folder }
    }

    /// What the app says of its types with these features.
    pub(crate) fn run(&self, features: &[&str], arguments: &[&str]) -> Vec<Found> {
        let mut run = Command::new(env!("CARGO"));
        // What cargo tells this test of its package is none of the app's.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                run.env_remove(&name);
            }
        }
        let output = run
            .args(["run", "--quiet"])
            .args(arguments)
            .args(["--features", &features.join(",")])
            .env(
                "CARGO_TARGET_DIR",
                Path::new(env!("CARGO_TARGET_TMPDIR"))
                    .parent()
                    .expect("it is in the target folder"),
            )
            .current_dir(&self.folder)
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo runs, it has built this");
        assert!(output.status.success(), "with {features:?} it does not run");
        serde_json::from_slice(&output.stdout).expect("it says what it found")
    }
}
