use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// A package of so many structs, which is checked by cargo as an app is.
pub(crate) struct Package {
    folder: PathBuf,
    source: String,
}

impl Package {
    /// The structs can be read and written by serde, and are no tables.
    pub(crate) fn with_serde(tables: usize) -> Self {
        let mut source = "use serde::{Deserialize, Serialize};\n".to_owned();
        let mut variants = String::new();
        for table in 0..tables {
            let fields = "pub id: i64, pub name: String, pub note: Option<String>, pub total: i32";
            writeln!(
                source,
                "#[derive(Debug, Deserialize, Serialize)]\npub struct Table{table} {{ {fields} }}"
            )
            .expect("a String takes everything");
            writeln!(variants, "Table{table}(Table{table}),").expect("a String takes everything");
        }
        write!(
            source,
            "#[derive(Debug, Deserialize, Serialize)]\npub enum Stream {{\n{variants}}}\n"
        )
        .expect("a String takes everything");
        Self::new("with_serde", source)
    }

    /// The same structs as tables of a stream.
    pub(crate) fn with_stream(tables: usize) -> Self {
        let mut source = "use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger};\n\
             use serde::{Deserialize, Serialize};\n"
            .to_owned();
        let mut variants = String::new();
        for table in 0..tables {
            let fields = "#[stream(key)] pub id: i64, pub name: String, pub note: Option<String>, pub total: i32";
            writeln!(
                source,
                "#[derive(Debug, Deserialize, Serialize, StreamTrigger)]\n\
                 #[stream(table = \"public.table_{table}\", delivery = \"outbox\")]\n\
                 pub struct Table{table} {{ {fields} }}"
            )
            .expect("a String takes everything");
            writeln!(variants, "Table{table}(Change<Table{table}>),")
                .expect("a String takes everything");
        }
        write!(
            source,
            "#[derive(Debug, ChangeStream)]\npub enum Stream {{\n{variants}}}\n"
        )
        .expect("a String takes everything");
        Self::new("with_stream", source)
    }

    fn new(name: &str, source: String) -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(folder.join("src")).expect("a folder can be made");
        let library = workspace.join("aurora-trigger-gen");
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
             aurora-trigger-gen = {{ path = {library:?} }}\n\
             serde = {{ version = \"1\", features = [\"derive\"] }}\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest).expect("a file can be written");
        // The same versions as everywhere else.
        fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))
            .expect("a file can be copied");
        let this = Self { folder, source };
        // The crates that it depends on.
        this.check();
        this
    }

    /// Checks the package and not what it depends on, in seconds.
    pub(crate) fn check(&self) -> f64 {
        fs::write(self.folder.join("src/lib.rs"), &self.source).expect("a file can be written");
        let start = Instant::now();
        let status = Command::new(env!("CARGO"))
            .args(["check", "--quiet", "--offline", "--target-dir"])
            .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile"))
            .current_dir(&self.folder)
            .env("CARGO_INCREMENTAL", "0")
            // tests/run.sh compiles by Clippy.
            .env_remove("RUSTC_WORKSPACE_WRAPPER")
            .status()
            .expect("cargo runs");
        assert!(status.success(), "see the messages above");
        start.elapsed().as_secs_f64()
    }
}
