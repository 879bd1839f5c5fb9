//! A Lambda executable as the function.

mod environment;
mod environments;
mod log;
mod process;
mod runtime_api;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(super) use environments::Environments;

type LogTo = dyn Fn(&str) + Send + Sync;

/// A Lambda executable as the function behind a [`LambdaEndpoint`](super::LambdaEndpoint): what is
/// called `bootstrap` in a deployment package for `provided.al2023`.
///
/// It runs as it does on Lambda: it asks the Runtime API for its calls, one after the other. The first
/// call starts a process. That one stays for the next calls; more of them run only where calls come at
/// the same time. Each has a Runtime API of its own on 127.0.0.1.
///
/// | the process | the caller gets the function error |
/// | --- | --- |
/// | answers with an error | that one |
/// | exits during a call, or before it asks for one | `Runtime.ExitError`, with its last words |
/// | reports that it can't start | what it reported, or `Runtime.InitError` |
/// | can't be started | `Runtime.InvalidEntrypoint` |
/// | takes longer than its time | `Sandbox.Timedout`, and the process is killed |
/// | answers with more than 6 MB | `Function.ResponseSizeTooLarge`; the process gets status 413 |
/// | answers with what is no JSON in UTF-8 | `Runtime.InvalidResponse`; the process gets status 400 |
///
/// After each of these that ended a process the next call starts a new one. A second answer, and one
/// to an unknown request id, get status 400 with `InvalidRequestID` and have no effect. A process that
/// asks for the next call without an answer to the last gets that one again.
///
/// Its environment has what Lambda sets and `PATH`, nothing else of the caller's. Credentials for AWS
/// are not among it: give them with [`env`](Bootstrap::env). The working directory is the folder of the
/// executable.
///
/// At the end of the endpoint every process gets a SIGTERM, and a SIGKILL if it is still there after
/// the [grace](Bootstrap::shutdown_grace). Lambda sends a SIGTERM only where an extension is
/// registered. If the caller itself is killed, a process goes when it misses its Runtime API.
///
/// Where it differs from AWS: the caller has the answer when the process has asked for its next call,
/// or ended. An answer that is no JSON is refused, since who calls from a database gets it as `json`.
/// Memory is a number that the process can read and no limit. Idle processes are not frozen.
///
/// ```no_run
/// use std::time::Duration;
///
/// use relay_lambda::local::{Bootstrap, LambdaEndpoint};
///
/// let bootstrap = Bootstrap::new("target/lambda/relay/bootstrap")
///     .env("STREAM_NAME", "changes")
///     .timeout(Duration::from_secs(30))
///     .log_to(|line| eprintln!("{line}"));
/// let endpoint = LambdaEndpoint::builder().start_bootstrap(bootstrap)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Bootstrap {
    executable: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    memory_mb: u32,
    timeout: Duration,
    init_timeout: Duration,
    shutdown_grace: Duration,
    log_to: Option<Arc<LogTo>>,
}

impl Bootstrap {
    /// The executable at this path, with Lambda's default settings: 128 MB and 3 seconds.
    pub fn new(executable: impl Into<PathBuf>) -> Bootstrap {
        Bootstrap {
            executable: executable.into(),
            arguments: Vec::new(),
            variables: Vec::new(),
            memory_mb: 128,
            timeout: Duration::from_secs(3),
            init_timeout: Duration::from_secs(10),
            shutdown_grace: Duration::from_millis(500),
            log_to: None,
        }
    }

    /// Adds an argument. Lambda gives none: this is for an interpreter, or a binary that does other
    /// things, too.
    ///
    /// ```no_run
    /// # use relay_lambda::local::Bootstrap;
    /// let bootstrap = Bootstrap::new("/usr/bin/python3").arg("/srv/relay/bootstrap.py");
    /// ```
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Bootstrap {
        self.arguments.push(argument.into());
        self
    }

    /// Sets an environment variable of the process, also one that Lambda sets.
    #[must_use]
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Bootstrap {
        self.variables.push((key.into(), value.into()));
        self
    }

    /// Tells the process that it has so much memory.
    #[must_use]
    pub fn memory_mb(mut self, memory: u32) -> Bootstrap {
        self.memory_mb = memory;
        self
    }

    /// How long a call may take. The process learns it as the deadline of the call, and is killed
    /// after that time.
    ///
    /// The caller in the database waits for `aws_lambda.request_timeout_ms`, whatever is set here.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Bootstrap {
        self.timeout = timeout;
        self
    }

    /// How long a new process may take until it asks for its first call: 10 seconds if not set, as on
    /// Lambda. That time does not count for the call.
    #[must_use]
    pub fn init_timeout(mut self, timeout: Duration) -> Bootstrap {
        self.init_timeout = timeout;
        self
    }

    /// How long a process has between SIGTERM and SIGKILL at the end of the endpoint: half a second
    /// if not set.
    #[must_use]
    pub fn shutdown_grace(mut self, grace: Duration) -> Bootstrap {
        self.shutdown_grace = grace;
        self
    }

    /// Hands over each line that a process writes to its standard output or error. Without it nobody
    /// sees them, but for the last ones of a process that dies: they are part of the error.
    ///
    /// It is called on the endpoint's thread, so it must not block, nor call the endpoint. All lines
    /// have been handed over when the drop of the endpoint is done.
    ///
    /// ```no_run
    /// use std::sync::mpsc;
    ///
    /// # use relay_lambda::local::Bootstrap;
    /// let (sender, lines) = mpsc::channel();
    /// let bootstrap = Bootstrap::new("target/lambda/relay/bootstrap").log_to(move |line| {
    ///     sender.send(line.to_owned()).ok();
    /// });
    /// ```
    #[must_use]
    pub fn log_to(mut self, log_to: impl Fn(&str) + Send + Sync + 'static) -> Bootstrap {
        self.log_to = Some(Arc::new(log_to));
        self
    }
}

impl fmt::Debug for Bootstrap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values of variables may be secret.
        formatter
            .debug_struct("Bootstrap")
            .field("executable", &self.executable)
            .field("arguments", &self.arguments)
            .field("memory_mb", &self.memory_mb)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
