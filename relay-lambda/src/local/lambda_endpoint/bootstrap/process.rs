//! A process of the executable: how it is started, ended, and what its end is called.

use std::env;
use std::io;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use super::super::Invocation;
use super::super::api::LATEST;
use super::Bootstrap;
use super::log::Log;

/// Starts a process that has its Runtime API at the listener.
pub(super) fn start(
    bootstrap: &Bootstrap,
    id: u64,
    invocation: &Invocation,
) -> io::Result<(Child, Log, TcpListener)> {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let function = invocation.bare_function_name();
    let folder = bootstrap.executable.parent().unwrap_or(Path::new("/"));
    let mut command = Command::new(&bootstrap.executable);
    command
        .args(&bootstrap.arguments)
        .current_dir(folder)
        .env_clear()
        .envs(env::var_os("PATH").map(|path| ("PATH", path)))
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", function)
        .env("AWS_LAMBDA_FUNCTION_VERSION", LATEST)
        .env(
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            bootstrap.memory_mb.to_string(),
        )
        .env(
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{function}"),
        )
        .env(
            "AWS_LAMBDA_LOG_STREAM_NAME",
            format!("local/[{LATEST}]{id:032x}"),
        )
        .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .env("AWS_REGION", invocation.region_or_default())
        .env("AWS_DEFAULT_REGION", invocation.region_or_default())
        .env("LAMBDA_TASK_ROOT", folder)
        .env("_HANDLER", "bootstrap")
        .env("TZ", ":UTC")
        .envs(bootstrap.variables.iter().map(|(key, value)| (key, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // For the case that nobody has time for the rest.
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let mut log = Log::new(bootstrap.log_to.clone());
    log.read(child.stdout.take().expect("standard output is piped"));
    log.read(child.stderr.take().expect("standard error is piped"));
    Ok((child, log, TcpListener::from_std(listener)?))
}

/// Asks a process to end.
pub(super) fn terminate(child: &Child) {
    // There is an id until the process has been waited for, so that it is nobody else's yet.
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        // One that has just ended does not need it.
        kill_process(pid, Signal::TERM).ok();
    }
}

/// What the service says of this end.
pub(super) fn describe(status: &io::Result<ExitStatus>) -> String {
    let status = match status {
        Ok(status) => status,
        Err(error) => return format!("Runtime exited with error: {error}"),
    };
    match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, signal) => {
            let signal = signal.unwrap_or_default();
            let name = match Signal::from_named_raw(signal) {
                Some(Signal::ABORT) => "aborted",
                Some(Signal::HUP) => "hangup",
                Some(Signal::INT) => "interrupt",
                Some(Signal::KILL) => "killed",
                Some(Signal::SEGV) => "segmentation fault",
                Some(Signal::TERM) => "terminated",
                _ => return format!("Runtime exited with error: signal {signal}"),
            };
            format!("Runtime exited with error: signal: {name}")
        }
    }
}
