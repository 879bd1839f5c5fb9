//! A PostgreSQL of one's own.

mod account;
mod programs;
mod server;
mod start_error;

use std::env;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use account::Account;
use programs::Programs;
use server::Server;
pub use start_error::StartError;

/// The variable that names the folder for data folders.
const DATA_FOLDER: &str = "AURORA_TRIGGER_PG_DATA";

/// A throwaway PostgreSQL on 127.0.0.1, for as long as the value lives.
///
/// It has a data folder of its own, which goes away with it, also when the process is killed or keeps
/// the value in a `static`; the superuser `postgres`, who needs no password; encoding UTF8 and the
/// locale `C.UTF-8`. It does not wait for the disk, so nothing of it is meant to survive a crash of the machine; one of
/// the server, as [`crash`](PostgresCluster::crash) makes it, what was committed does survive.
///
/// The server programs are those of the folder in the environment variable `AURORA_TRIGGER_PG_BIN`,
/// else the first on `PATH`, else the newest below `/usr/lib/postgresql`, else the newest of Homebrew.
/// Versions 11 to 18 have been tried. A process that runs as root starts the server as `nobody`,
/// since PostgreSQL refuses to run as root: then that user must be able to read the programs.
///
/// The data folder is made in the folder that the environment variable `AURORA_TRIGGER_PG_DATA` names, else in `/tmp`.
/// In memory, such as in Linux's `/dev/shm`, a database of its own for each test is cheap: copying a template takes 20 ms
/// there, and up to 300 ms where each of its files goes to a disk.
///
/// Starting one takes about a second. A test binary does well to share one, with a database for each
/// test.
///
/// ```no_run
/// use std::sync::LazyLock;
///
/// use relay_lambda::local::PostgresCluster;
///
/// static CLUSTER: LazyLock<PostgresCluster> =
///     LazyLock::new(|| PostgresCluster::start().expect("PostgreSQL is installed"));
///
/// # async fn test() -> Result<(), tokio_postgres::Error> {
/// let (client, connection) =
///     tokio_postgres::connect(&CLUSTER.connection_string("postgres"), tokio_postgres::NoTls).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PostgresCluster {
    // `None` while it is being started again, and when that has failed.
    server: Option<Server>,
    port: u16,
    programs: Programs,
    account: Account,
    // Held also for the case that the server did not remove it.
    folder: TempDir,
}

/// The settings with which a [`PostgresCluster`] starts. [`PostgresCluster::builder`] makes one.
#[derive(Debug, Clone, Default)]
pub struct PostgresClusterBuilder {
    settings: Vec<(String, String)>,
    programs: Option<PathBuf>,
}

impl PostgresCluster {
    /// Starts one with PostgreSQL's own settings, and waits until it takes connections.
    ///
    /// # Errors
    ///
    /// See [`StartError`]: no server programs, one that fails, or no place to put its data.
    pub fn start() -> Result<PostgresCluster, StartError> {
        PostgresCluster::builder().start()
    }

    /// For a cluster that needs settings which can't be changed while it runs.
    #[must_use]
    pub fn builder() -> PostgresClusterBuilder {
        PostgresClusterBuilder::default()
    }

    /// How to connect to this database as `postgres`, in libpq's `key=value` form.
    ///
    /// ```no_run
    /// # use relay_lambda::local::{PostgresCluster, StartError};
    /// let cluster = PostgresCluster::start()?;
    ///
    /// assert_eq!(
    ///     cluster.connection_string("shop"),
    ///     format!("host=127.0.0.1 port={} user=postgres dbname='shop'", cluster.port()),
    /// );
    /// # Ok::<(), StartError>(())
    /// ```
    #[must_use]
    pub fn connection_string(&self, database: &str) -> String {
        let database = database.replace('\\', r"\\").replace('\'', r"\'");
        format!(
            "host=127.0.0.1 port={} user=postgres dbname='{database}'",
            self.port()
        )
    }

    /// How to connect to this database as `postgres`, as a URL: what `DATABASE_URL` usually holds.
    ///
    /// ```no_run
    /// # use relay_lambda::local::{PostgresCluster, StartError};
    /// let cluster = PostgresCluster::start()?;
    ///
    /// assert_eq!(
    ///     cluster.database_url("my shop"),
    ///     format!("postgres://postgres@127.0.0.1:{}/my%20shop", cluster.port()),
    /// );
    /// # Ok::<(), StartError>(())
    /// ```
    #[must_use]
    pub fn database_url(&self, database: &str) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/{}",
            self.port(),
            percent_encoded(database)
        )
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops the server as `pg_ctl stop -m immediate` does, and starts it again on its data, which it recovers from
    /// its write-ahead log. All sessions are gone. It may have another [`port`](PostgresCluster::port) than before.
    ///
    /// What had been written is with the operating system, which does not crash here: so the setting `fsync = off`
    /// loses nothing.
    ///
    /// ```no_run
    /// # use relay_lambda::local::{PostgresCluster, StartError};
    /// let mut cluster = PostgresCluster::start()?;
    ///
    /// cluster.crash()?;
    /// println!("it is back: {}", cluster.connection_string("postgres"));
    /// # Ok::<(), StartError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// See [`StartError`]. The cluster has no server then.
    pub fn crash(&mut self) -> Result<(), StartError> {
        if let Some(server) = self.server.take() {
            server.crash()?;
        }
        let server = Server::start(&self.programs, self.account, self.folder.path())?;
        self.port = server.port();
        self.server = Some(server);
        Ok(())
    }
}

impl PostgresClusterBuilder {
    /// A line of `postgresql.conf`. A later one of the same name wins; the server refuses to start
    /// with a name or value that it does not know.
    ///
    /// ```no_run
    /// use relay_lambda::local::{PostgresCluster, StartError};
    ///
    /// let cluster = PostgresCluster::builder()
    ///     .setting("shared_preload_libraries", "pg_cron")
    ///     .setting("cron.database_name", "shop")
    ///     .start()?;
    /// # Ok::<(), StartError>(())
    /// ```
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// The folder of the server's programs, for a cluster of another version than the other ones.
    ///
    /// ```no_run
    /// use relay_lambda::local::{PostgresCluster, StartError};
    ///
    /// let older = PostgresCluster::builder()
    ///     .programs("/usr/lib/postgresql/15/bin")
    ///     .start()?;
    /// # Ok::<(), StartError>(())
    /// ```
    #[must_use]
    pub fn programs(mut self, folder: impl Into<PathBuf>) -> Self {
        self.programs = Some(folder.into());
        self
    }

    /// Starts the cluster, and waits until it takes connections.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub fn start(&self) -> Result<PostgresCluster, StartError> {
        let programs = Programs::find(self.programs.as_deref())?;
        let folder = new_folder()?;
        let account = Account::for_server(folder.path())?;
        if let Account::Other { uid, gid } = account {
            chown(folder.path(), Some(uid), Some(gid))
                .map_err(StartError::io("give the data folder to nobody"))?;
        }
        let data = server::data(folder.path());
        init_database(&programs, account, &data)?;
        self.write_settings(&data.join("postgresql.conf"))?;
        let server = Server::start(&programs, account, folder.path())?;
        Ok(PostgresCluster {
            port: server.port(),
            server: Some(server),
            programs,
            account,
            folder,
        })
    }

    fn write_settings(&self, file: &Path) -> Result<(), StartError> {
        let mut lines = String::from("fsync = off\nfull_page_writes = off\n");
        for (name, value) in &self.settings {
            let value = value.replace('\\', r"\\").replace('\'', "''");
            lines.push_str(&format!("{name} = '{value}'\n"));
        }
        OpenOptions::new()
            .append(true)
            .open(file)
            .and_then(|mut file| file.write_all(lines.as_bytes()))
            .map_err(StartError::io("write postgresql.conf"))
    }
}

/// An empty folder that only the server's user will read.
fn new_folder() -> Result<TempDir, StartError> {
    // Not the folder in TMPDIR: the path of a socket is limited to about 100 bytes, and the server's
    // user may not be able to get there.
    let parent = env::var_os(DATA_FOLDER).unwrap_or_else(|| "/tmp".into());
    let folder = tempfile::Builder::new()
        .prefix("aurora-trigger-pg-")
        .tempdir_in(parent)
        .map_err(StartError::io(
            "make a data folder in AURORA_TRIGGER_PG_DATA, or in /tmp",
        ))?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700))
        .map_err(StartError::io("make the data folder private"))?;
    Ok(folder)
}

fn init_database(programs: &Programs, account: Account, data: &Path) -> Result<(), StartError> {
    let mut command = Command::new(programs.initdb());
    account.run_as(&mut command);
    command
        .arg("--pgdata")
        .arg(data)
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8"])
        .arg("--no-sync")
        // macOS has no C.UTF-8.
        .arg(if cfg!(target_os = "macos") {
            "--no-locale"
        } else {
            "--locale=C.UTF-8"
        })
        .stdin(Stdio::null());
    let output = command.output().map_err(StartError::io("run initdb"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(StartError::Failed {
        program: "initdb",
        log: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// `text` with everything but letters, digits and `-._~` as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
