//! The database that the user names: how to get there, and what it says.

mod connection_string;
mod environment;
mod error;
mod session;
mod ssl_mode;
mod tls;

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode as DriverSslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

pub(super) use error::DatabaseError;
pub(super) use session::Session;
use ssl_mode::SslMode;

/// How long a server may take to let somebody in, where the user does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// When a connection on which nothing comes is asked whether it is alive, where the user does not say. The driver's two
/// hours are far longer than a failover takes, after which the old server may never say a word again.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(20);

/// A database, and how to connect to it.
pub(super) struct Database {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Database {
    /// Reads the URL, and the environment for what it leaves out.
    pub(super) fn new(url: Option<&str>) -> Result<Self, String> {
        Self::read(url, |name| {
            // One that is empty counts as none, as in libpq.
            std::env::var(name).ok().filter(|value| !value.is_empty())
        })
    }

    fn read(url: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let given = connection_string::read(url.unwrap_or_default())?;
        let mut config = given.config;
        environment::complete(&mut config, &variable)?;
        check_hosts(&mut config)?;
        let ssl_mode = match given.ssl_mode.or_else(|| variable("PGSSLMODE")) {
            Some(mode) => SslMode::named(&mode)?,
            None => SslMode::Prefer,
        };
        let roots = given.ssl_root_cert.or_else(|| variable("PGSSLROOTCERT"));
        let tls = tls::connector(ssl_mode, roots.as_deref())?;
        config.ssl_mode(ssl_mode.of_driver());
        if config.get_hosts().iter().all(is_socket) {
            // PostgreSQL has no TLS there, and libpq ignores sslmode.
            config.ssl_mode(DriverSslMode::Disable);
        }
        set_defaults(&mut config);
        Ok(Self { config, tls })
    }

    /// Connects, within the time that the user gives each host.
    pub(super) async fn connect(&self) -> Result<Session, DatabaseError> {
        let hosts = u32::try_from(self.config.get_hosts().len()).unwrap_or(u32::MAX);
        let each = self
            .config
            .get_connect_timeout()
            .unwrap_or(&CONNECT_TIMEOUT);
        let limit = each.saturating_mul(hosts);
        let entered = match timeout(limit, self.enter()).await {
            Ok(entered) => entered,
            Err(_) => Err(DatabaseError::passing(format!(
                "it does not answer within {} s",
                limit.as_secs()
            ))),
        };
        entered.map_err(|error| error.behind(&format!("can't connect to {}: ", self.address())))
    }

    async fn enter(&self) -> Result<Session, DatabaseError> {
        let first = match self.enter_with(&self.config).await {
            Ok(session) => return Ok(session),
            Err(error) => error,
        };
        if self.config.get_ssl_mode() != DriverSslMode::Prefer {
            return Err(first);
        }
        // As libpq does: a server may let this client in without TLS only.
        let mut plain = self.config.clone();
        plain.ssl_mode(DriverSslMode::Disable);
        let second = self.enter_with(&plain).await;
        second.map_err(|second| first.or("without TLS", &second))
    }

    async fn enter_with(&self, config: &Config) -> Result<Session, DatabaseError> {
        match Box::pin(config.connect(self.tls.clone())).await {
            Ok((client, connection)) => Ok(Session::new(client, connection, self.address())),
            Err(error) => {
                let hint = tls::hint(&error).unwrap_or(
                    "is the server running, and do --database-url or the PG* variables name its host, port, user and \
                     database?",
                );
                Err(DatabaseError::of(&error).with_hint(hint))
            }
        }
    }

    /// Where it is, without who may enter.
    pub(super) fn address(&self) -> String {
        let hosts: Vec<String> = self
            .config
            .get_hosts()
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                #[cfg(unix)]
                Host::Unix(folder) => folder.display().to_string(),
            })
            .collect();
        let ports: Vec<String> = self.config.get_ports().iter().map(u16::to_string).collect();
        let port = if ports.is_empty() {
            "5432".to_owned()
        } else {
            ports.join(",")
        };
        let database = self.config.get_dbname().or(self.config.get_user());
        format!(
            "{}:{port}{}",
            hosts.join(","),
            database.map(|name| format!("/{name}")).unwrap_or_default()
        )
    }
}

fn is_socket(host: &Host) -> bool {
    !matches!(host, Host::Tcp(_))
}

fn check_hosts(config: &mut Config) -> Result<(), String> {
    if config.get_hosts().is_empty() {
        // The name that the server's certificate must have.
        for address in config.get_hostaddrs().to_vec() {
            config.host(address.to_string());
        }
    }
    if config.get_hosts().is_empty() {
        return Err(format!(
            "no database is named: give --database-url or set PGHOST; {}",
            connection_string::FORM
        ));
    }
    // The driver takes what is behind the first one for the host: a part of the password, which must not be printed.
    let is_cut = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
    if config.get_hosts().iter().any(is_cut) {
        return Err(connection_string::mistake(
            "there is more than one @: write that of a user or a password as %40",
        ));
    }
    Ok(())
}

fn set_defaults(config: &mut Config) {
    if config.get_application_name().is_none() {
        config.application_name("aurora-trigger");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        config
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_IDLE / 4)
            .keepalives_retries(4);
    }
}
