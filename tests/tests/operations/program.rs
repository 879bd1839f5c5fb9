use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use pipeline_tests::{Profile, executable_with};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long something may take, on the slowest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

static PROGRAM: LazyLock<PathBuf> =
    LazyLock::new(|| executable_with("aurora-trigger-gen", &["ops"], Profile::Dev));

/// The program, without what the environment of the test says of databases.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(&*PROGRAM);
    let variables = env::vars_os().map(|(name, _)| name);
    let of_libpq = |name: &OsString| name.to_string_lossy().starts_with("PG");
    for name in variables.filter(of_libpq) {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .env("HOME", "/nowhere")
        .stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("all that is said is UTF-8")
}

/// What it prints where all is well, and then it says nothing else.
pub(crate) fn printed(command: &mut Command) -> String {
    let output = command.output().expect("the program was built");
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), &*said), (Some(0), ""), "{command:?}");
    text(&output.stdout)
}

/// The same, as one object.
pub(crate) fn object(command: &mut Command) -> Value {
    let printed = printed(command);
    assert_eq!(printed.lines().count(), 1, "{printed}");
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error} in {printed}"))
}

/// What it says where it can't do it, and then it prints nothing.
pub(crate) fn refused(command: &mut Command) -> String {
    let output = command.output().expect("the program was built");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
    assert_eq!(text(&output.stdout), "", "{command:?}");
    assert!(said.starts_with("error: "), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// A program that runs, and ends with the value whatever the test says.
pub(crate) struct Running(Option<Child>);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program was built");
        Self(Some(child))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let child = self.0.as_ref().expect("it is taken at the end only");
        let pid = i32::try_from(child.id())
            .ok()
            .and_then(Pid::from_raw)
            .expect("a process has an id");
        kill_process(pid, signal).expect("it is there until it has been waited for");
    }

    /// Waits for its end; gives the exit code, what it has printed and what it has said.
    pub(crate) fn ended(mut self) -> (Option<i32>, String, String) {
        let child = self.0.take().expect("it is taken here only");
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().expect("it is a child");
        (status.code(), text(&stdout), text(&stderr))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // One that has ended is not there any more.
            child.kill().ok();
            child.wait().ok();
        }
    }
}
