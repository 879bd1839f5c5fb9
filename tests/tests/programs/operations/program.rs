use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long something may take, on the slowest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| pipeline_tests::program("aurora-trigger"));

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
    let (code, printed, said) = Running::start(command).ended();
    assert_eq!((code, &*said), (Some(0), ""), "{command:?}");
    printed
}

/// The same, as one object.
pub(crate) fn object(command: &mut Command) -> Value {
    let printed = printed(command);
    assert_eq!(printed.lines().count(), 1, "{printed}");
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error} in {printed}"))
}

/// What it says where it can't do it, and then it prints nothing.
pub(crate) fn refused(command: &mut Command) -> String {
    let (code, printed, said) = Running::start(command).ended();
    assert_eq!((code, &*printed), (Some(2), ""), "{command:?}: {said}");
    assert!(said.starts_with("error: "), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// What it prints and what it says where it finds something that is not as it should be.
pub(crate) fn unwell(command: &mut Command) -> (String, String) {
    let (code, printed, said) = Running::start(command).ended();
    assert_eq!(code, Some(1), "{command:?}: {printed}{said}");
    assert!(said.starts_with("error: "), "{said}");
    (printed, said)
}

/// A program that runs, and ends with the value whatever the test says.
pub(crate) struct Running {
    id: Pid,
    output: Receiver<Output>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program was built");
        let id = i32::try_from(child.id())
            .ok()
            .and_then(Pid::from_raw)
            .expect("a process has an id");
        let (sender, output) = channel();
        thread::spawn(move || {
            let output = child.wait_with_output().expect("it is a child");
            // A test that has failed no longer listens.
            sender.send(output).ok();
        });
        Self { id, output }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.id, signal).expect("it has not ended by itself");
    }

    /// Waits for its end; gives the exit code, what it has printed and what it has said.
    pub(crate) fn ended(self) -> (Option<i32>, String, String) {
        let Output {
            status,
            stdout,
            stderr,
        } = self.output.recv_timeout(PATIENCE).expect("it ends");
        (status.code(), text(&stdout), text(&stderr))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(TryRecvError::Empty) = self.output.try_recv() {
            // It may end at this moment.
            kill_process(self.id, Signal::KILL).ok();
        }
    }
}
