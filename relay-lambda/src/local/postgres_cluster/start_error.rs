use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a [`PostgresCluster`](super::PostgresCluster) did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// No folder has both `initdb` and `postgres`.
    ProgramsNotFound {
        /// Where they were looked for, in order.
        looked_in: Vec<PathBuf>,
    },
    /// The process runs as root, and `/etc/passwd` has no user `nobody` for the server.
    NoUserNobody,
    /// A program of PostgreSQL gave up.
    Failed {
        /// Which one.
        program: &'static str,
        /// What it wrote before.
        log: String,
    },
    /// The operating system refused something.
    Io {
        /// What was to be done, as in "could not …".
        action: &'static str,
        /// Its reason.
        source: io::Error,
    },
}

impl StartError {
    pub(super) fn io(action: &'static str) -> impl FnOnce(io::Error) -> StartError {
        move |source| StartError::Io { action, source }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::ProgramsNotFound { looked_in } => {
                let folders: Vec<_> = looked_in
                    .iter()
                    .map(|folder| folder.display().to_string())
                    .collect();
                write!(
                    formatter,
                    "found no folder with PostgreSQL's initdb and postgres, looked in: {}. Install \
                     the server, or set AURORA_TRIGGER_PG_BIN to the folder that has them",
                    folders.join(", ")
                )
            }
            StartError::NoUserNobody => write!(
                formatter,
                "PostgreSQL refuses to run as root, and /etc/passwd has no user nobody for it. Run \
                 as another user, or add that one"
            ),
            StartError::Failed { program, log } => {
                write!(formatter, "{program} failed. It wrote:\n{}", log.trim_end())
            }
            StartError::Io { action, source } => write!(formatter, "could not {action}: {source}"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            StartError::Io { source, .. } => Some(source),
            StartError::ProgramsNotFound { .. }
            | StartError::NoUserNobody
            | StartError::Failed { .. } => None,
        }
    }
}
