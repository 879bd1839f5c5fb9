use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::thread;

use super::account::Account;
use super::programs::Programs;
use super::start_error::StartError;

/// Runs the server for as long as somebody holds the other end of its standard input, then stops it
/// at once and removes its folder, unless it was told to keep it: `$1` is the folder, the rest the
/// server's command.
///
/// A shell does it, because `drop` does not run for a value in a `static`, nor in a process that is
/// killed, and a server that outlives its test runs for ever. The shell closes its own standard error,
/// so that the end of the server is the end of the log.
const KEEPER: &str = r#"
folder=$1
shift
"$@" </dev/null &
server=$!
exec 2>/dev/null
read -r word
kill -QUIT "$server"
wait "$server"
[ "$word" = keep ] || rm -rf "$folder"
"#;

/// What the server writes to its log once it takes connections.
const READY: &str = "database system is ready to accept connections";

/// What it writes when somebody else has got the port.
const PORT_TAKEN: &str = "could not create any TCP/IP sockets";

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    port: u16,
    keeper: Child,
    // Taken in `drop`.
    lifeline: Option<ChildStdin>,
}

impl Server {
    /// Starts a server on a free port and waits until it takes connections.
    pub(super) fn start(
        programs: &Programs,
        account: Account,
        folder: &Path,
    ) -> Result<Server, StartError> {
        // Between finding a port and using it somebody else may take it.
        let mut attempts = 5;
        loop {
            attempts -= 1;
            let port = free_port().map_err(StartError::io("find a free port on 127.0.0.1"))?;
            let mut command = Command::new("/bin/sh");
            account.run_as(&mut command);
            command
                .args(["-c", KEEPER, "postgres-keeper"])
                .arg(folder)
                .arg(programs.postgres())
                .arg("-D")
                .arg(data(folder))
                .arg("-k")
                .arg(folder)
                .args(["-h", "127.0.0.1", "-p", &port.to_string()])
                // So that the log reads as below, and is there to be read.
                .args(["-c", "lc_messages=C", "-c", "logging_collector=off"])
                // A Ctrl-C is for the test, the server stops when that has.
                .process_group(0)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped());
            let mut keeper = command.spawn().map_err(StartError::io("run /bin/sh"))?;
            let lifeline = keeper.stdin.take();
            let log = keeper.stderr.take().expect("standard error is piped");
            let mut server = Server {
                port,
                keeper,
                lifeline,
            };
            match wait_until_ready(log).map_err(StartError::io("read the server's log"))? {
                Ok(()) => return Ok(server),
                Err(log) if log.contains(PORT_TAKEN) && attempts > 0 => server
                    .keep_folder()
                    .map_err(StartError::io("tell the server's keeper what to do"))?,
                Err(log) => {
                    return Err(StartError::Failed {
                        program: "postgres",
                        log,
                    });
                }
            }
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Stops it at once, and leaves the folder to the next one.
    pub(super) fn crash(mut self) -> Result<(), StartError> {
        self.keep_folder()
            .map_err(StartError::io("tell the server's keeper what to do"))
    }

    /// Lets the next server have the folder of this one.
    fn keep_folder(&mut self) -> io::Result<()> {
        match &mut self.lifeline {
            Some(lifeline) => lifeline.write_all(b"keep\n"),
            None => Ok(()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // Nothing is left to be done if it can't be waited for.
        self.keeper.wait().ok();
    }
}

/// Where in its folder a server has its data.
pub(super) fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// A port that was free a moment ago.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

/// Reads the log until the server is ready, or until its end, which it then gives.
fn wait_until_ready(log: ChildStderr) -> io::Result<Result<(), String>> {
    let mut lines = BufReader::new(log).split(b'\n');
    let mut so_far = String::new();
    for line in lines.by_ref() {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if line.contains(READY) {
            // Somebody has to go on reading: a server with nobody at the other end of its log
            // stops in the middle of a line.
            thread::Builder::new()
                .name("postgres-log".to_owned())
                .spawn(move || lines.for_each(drop))?;
            return Ok(Ok(()));
        }
        so_far.push_str(&line);
        so_far.push('\n');
    }
    Ok(Err(so_far))
}
