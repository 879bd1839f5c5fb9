use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::StartError;

/// The folder of PostgreSQL's server programs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Looks in the folder that is asked for, or else in that of the environment variable, neither of
    /// which is second-guessed, then where servers get installed.
    pub(super) fn find(folder: Option<&Path>) -> Result<Programs, StartError> {
        let named = folder
            .map(Path::to_owned)
            .or_else(|| env::var_os("AURORA_TRIGGER_PG_BIN").map(PathBuf::from));
        let looked_in = if let Some(folder) = named {
            vec![folder]
        } else {
            let mut folders: Vec<PathBuf> =
                env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
            folders.extend(versions_below("/usr/lib/postgresql", ""));
            folders.extend(versions_below("/opt/homebrew/opt", "postgresql@"));
            folders.extend(versions_below("/usr/local/opt", "postgresql@"));
            folders
        };
        let found = looked_in.iter().find(|folder| {
            ["initdb", "postgres"]
                .iter()
                .all(|name| folder.join(name).is_file())
        });
        match found {
            Some(folder) => Ok(Programs {
                folder: folder.clone(),
            }),
            None => Err(StartError::ProgramsNotFound { looked_in }),
        }
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }
}

/// The `bin` folders of the versions that are installed side by side in `parent`, newest first.
fn versions_below(parent: impl AsRef<Path>, prefix: &str) -> Vec<PathBuf> {
    // Most machines have only one of these folders.
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by(|left, right| right.cmp(left));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::versions_below;

    #[test]
    fn the_newest_version_comes_first_and_other_folders_do_not_count() {
        let parent = tempfile::tempdir().expect("a folder can be made");
        for name in [
            "postgresql@9",
            "postgresql@17",
            "postgresql@11",
            "postgresql",
            "mysql@18",
        ] {
            fs::create_dir(parent.path().join(name)).expect("the folder is empty");
        }

        let found = versions_below(parent.path(), "postgresql@");

        assert_eq!(
            found,
            ["17", "11", "9"].map(|version| parent
                .path()
                .join(format!("postgresql@{version}"))
                .join("bin"))
        );
        assert!(versions_below(parent.path().join("nowhere"), "").is_empty());
    }
}
