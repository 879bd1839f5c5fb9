//! What the command lines have in common: exit codes, messages, and output that is whole or not there.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

/// What went wrong, as the user reads it, and the exit code.
pub(crate) struct Failure(pub(crate) String, pub(crate) u8);

/// Reads the command line and executes it.
pub(crate) fn run<L: Parser>(execute: impl FnOnce(&L) -> Result<(), Failure>) -> ExitCode {
    let line = match L::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Help and version come this way too. That nobody reads them changes nothing.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match execute(&line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(message, code)) => {
            eprintln!("{message}");
            ExitCode::from(code)
        }
    }
}

/// Writes the text to the file, or prints it where there is none.
pub(crate) fn deliver(text: &str, output: Option<&Path>) -> Result<(), Failure> {
    if let Some(path) = output {
        return write_whole(path, text).map_err(|error| {
            Failure(
                format!("error: {} could not be written: {error}", path.display()),
                2,
            )
        });
    }
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever reads through `head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| {
            Failure(
                format!("error: the output could not be printed: {error}"),
                2,
            )
        }),
    }
}

/// Through a file next to it, so that what was there stays whole until the new one is.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    // A temporary file is its owner's alone; SQL is for everybody who may read its folder.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).map_or(0o644, |existing| existing.permissions().mode());
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(mode))?;
    }
    file.persist(path).map(drop).map_err(|error| error.error)
}
