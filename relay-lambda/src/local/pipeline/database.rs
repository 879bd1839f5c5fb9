//! The database: a throwaway one, or one that is there and must be left as it was.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;
use tokio_postgres::config::Host;
use tokio_postgres::error::ErrorPosition;
use tokio_postgres::{Client, Config, NoTls};

use super::command_line::Schema;
use super::progress;
use crate::causes::with_causes;
use crate::local::PostgresCluster;

/// The database that the pipeline begins at.
pub(super) struct Database {
    client: Arc<Client>,
    connection: JoinHandle<()>,
    kind: Kind,
}

enum Kind {
    /// Goes away with the value.
    Throwaway(PostgresCluster),
    /// Somebody's.
    Given { config: Box<Config>, before: Before },
}

/// What a given database was set to.
struct Before {
    /// Whom the triggers called: the function and its region.
    function: Option<(String, Option<String>)>,
    /// What the stand-in connected to.
    endpoint: Option<String>,
}

impl Database {
    pub(super) async fn open(given: Option<&Config>, function: &str) -> Result<Self, String> {
        let Some(config) = given else {
            progress("starting PostgreSQL …");
            let cluster = spawn_blocking(PostgresCluster::start)
                .await
                .map_err(|error| error.to_string())?
                .map_err(|error| error.to_string())?;
            let config = cluster
                .connection_string("postgres")
                .parse()
                .expect("it is in this form");
            let (client, connection) = connect(&config).await?;
            return Ok(Self {
                client: Arc::new(client),
                connection,
                kind: Kind::Throwaway(cluster),
            });
        };
        progress(&format!("connecting to {} …", address(config)));
        let (client, connection) = connect(config).await?;
        let before = lock_and_look(&client, function).await?;
        Ok(Self {
            client: Arc::new(client),
            connection,
            kind: Kind::Given {
                config: Box::new(config.clone()),
                before,
            },
        })
    }

    /// Runs the app's files, then the SQL of the stand-in and the triggers.
    pub(super) async fn prepare(&self, schemas: &[Schema], sql: &str) -> Result<(), String> {
        for schema in schemas {
            let path = schema.path.display();
            progress(&format!("running {path} …"));
            self.client
                .batch_execute(&schema.sql)
                .await
                .map_err(|error| format!("{path}{}", explain_in(&error, &schema.sql)))?;
        }
        progress("installing the triggers …");
        self.client.batch_execute(sql).await.map_err(|error| {
            let hint = match self.kind {
                Kind::Throwaway(_) if schemas.is_empty() => {
                    "\nthe throwaway PostgreSQL is empty: name the app's tables with --schema FILE, or a database \
                     that has them with --database-url URL"
                }
                _ => "",
            };
            format!("the triggers can't be installed: {}{hint}", explain(&error))
        })
    }

    /// Drains the outbox, if there is one, again and again; is ready when that fails.
    pub(super) fn drain(&self) -> impl Future<Output = Result<(), String>> + use<> {
        const SHORTEST: Duration = Duration::from_millis(5);
        const LONGEST: Duration = Duration::from_millis(200);
        let client = Arc::clone(&self.client);
        async move {
            let explained = |error: tokio_postgres::Error| explain(&error);
            if !has_table(&client, "aurora_trigger.outbox")
                .await
                .map_err(explained)?
            {
                return std::future::pending().await;
            }
            // Each drain is a transaction, so it may take locks on what it empties.
            client
                .batch_execute("SET aurora_trigger.commits_at_once = 'yes'")
                .await
                .map_err(explained)?;
            let mut pause = SHORTEST;
            loop {
                let drained = client.query_one("SELECT aurora_trigger.drain()", &[]).await;
                match drained {
                    Ok(row) if row.get(0) => pause = SHORTEST,
                    Ok(_) => {
                        sleep(pause).await;
                        pause = (pause * 2).min(LONGEST);
                    }
                    // Whoever waits for that says it better.
                    Err(_) if client.is_closed() => return std::future::pending().await,
                    Err(error) => return Err(explain(&error)),
                }
            }
        }
    }

    pub(super) async fn version(&self) -> Result<String, String> {
        self.client
            .query_one("SHOW server_version", &[])
            .await
            .map(|row| row.get(0))
            .map_err(|error| explain(&error))
    }

    /// The URL of a throwaway one. Of a given one its owner knows it, and it may hold a password.
    pub(super) fn url(&self) -> Option<String> {
        match &self.kind {
            Kind::Throwaway(cluster) => Some(cluster.database_url("postgres")),
            Kind::Given { .. } => None,
        }
    }

    /// Where it is, for people.
    pub(super) fn address(&self) -> String {
        match &self.kind {
            Kind::Throwaway(cluster) => {
                format!("127.0.0.1:{}, thrown away at the end", cluster.port())
            }
            Kind::Given { config, .. } => address(config),
        }
    }

    /// Is ready when the server has closed the connection.
    pub(super) async fn closed(&mut self) {
        // However it ended.
        (&mut self.connection).await.ok();
    }

    /// Sets a given database to what it was, and says what stays in it; nothing of a throwaway one stays.
    pub(super) async fn leave(&self) {
        let Kind::Given { config, before } = &self.kind else {
            return;
        };
        let restored = if self.client.is_closed() {
            match connect(config).await {
                Ok((client, _connection)) => before.restore(&client).await,
                Err(error) => Err(error),
            }
        } else {
            before.restore(&self.client).await
        };
        match (restored, &before.function) {
            (Ok(false), _) => {
                progress("the database has no triggers, since they were not installed");
            }
            (Ok(true), None) => progress(
                "the triggers stay and call nobody from now on: each write warns that it is not captured. \
                 `emit-sql down` prints the SQL that removes them, after that \
                 DROP SCHEMA aws_lambda, aws_commons, aws_lambda_local CASCADE removes the stand-in",
            ),
            (Ok(true), Some((function, _))) => progress(&format!(
                "the triggers stay and call {function} again, as before"
            )),
            (Err(error), _) => progress(&format!(
                "warning: the database could not be set back: {error}\n\
                 Its triggers still call this pipeline, which has ended. Run \
                 UPDATE aurora_trigger.settings SET function_name = NULL; there, or `emit-sql down`"
            )),
        }
    }
}

impl Before {
    /// Says whether there is an installation.
    async fn restore(&self, client: &Client) -> Result<bool, String> {
        let (function, region) = match &self.function {
            Some((function, region)) => (Some(function), region.as_ref()),
            None => (None, None),
        };
        // Either may not have been installed before something went wrong.
        let restored = async {
            let is_installed = has_table(client, "aurora_trigger.settings").await?;
            if is_installed {
                client
                    .execute(
                        "UPDATE aurora_trigger.settings SET function_name = $1, region = $2",
                        &[&function, &region],
                    )
                    .await?;
            }
            if let Some(endpoint) = &self.endpoint {
                client
                    .execute(
                        "UPDATE aws_lambda_local.endpoint SET connection_string = $1",
                        &[endpoint],
                    )
                    .await?;
            }
            Ok(is_installed)
        };
        restored
            .await
            .map_err(|error: tokio_postgres::Error| explain(&error))
    }
}

/// Sees to it that no other pipeline is at this database, and what it is set to.
async fn lock_and_look(client: &Client, function: &str) -> Result<Before, String> {
    let explained = |error: tokio_postgres::Error| explain(&error);
    // Held until the session ends.
    let locked: bool = client
        .query_one(
            "SELECT pg_try_advisory_lock(hashtext('aurora-trigger local-pipeline'))",
            &[],
        )
        .await
        .map_err(explained)?
        .get(0);
    if !locked {
        return Err(
            "another local-pipeline is at this database: end it first, since the triggers can call one only"
                .to_owned(),
        );
    }
    let look = async {
        let mut before = Before {
            function: None,
            endpoint: None,
        };
        if has_table(client, "aurora_trigger.settings").await? {
            before.function = client
                .query_opt(
                    "SELECT function_name, region FROM aurora_trigger.settings
                     WHERE function_name IS NOT NULL",
                    &[],
                )
                .await?
                .map(|row| (row.get(0), row.get(1)))
                // Left there by a pipeline that was killed.
                .filter(|(name, _): &(String, _)| name != function);
        }
        if has_table(client, "aws_lambda_local.endpoint").await? {
            before.endpoint = client
                .query_opt(
                    "SELECT connection_string FROM aws_lambda_local.endpoint",
                    &[],
                )
                .await?
                .map(|row| row.get(0));
        }
        Ok(before)
    };
    look.await.map_err(explained)
}

async fn has_table(client: &Client, name: &str) -> Result<bool, tokio_postgres::Error> {
    let row = client
        .query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&name])
        .await?;
    Ok(row.get(0))
}

async fn connect(config: &Config) -> Result<(Client, JoinHandle<()>), String> {
    let (client, connection) = config.connect(NoTls).await.map_err(|error| {
        format!(
            "can't connect to {}: {}\nis the server running, and does --database-url name its host, port, user and \
             database?",
            address(config),
            explain(&error)
        )
    })?;
    let connection = tokio::spawn(async move {
        // Whoever uses the client gets the error too.
        connection.await.ok();
    });
    Ok((client, connection))
}

/// Where a database is, without who may enter.
fn address(config: &Config) -> String {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(folder) => folder.display().to_string(),
    });
    let addresses = config.get_hostaddrs().iter().map(ToString::to_string);
    let hosts: Vec<String> = if config.get_hosts().is_empty() {
        addresses.collect()
    } else {
        hosts.collect()
    };
    let ports: Vec<String> = config.get_ports().iter().map(ToString::to_string).collect();
    let port = if ports.is_empty() {
        "5432".to_owned()
    } else {
        ports.join(",")
    };
    let database = config.get_dbname().or(config.get_user());
    format!(
        "{}:{port}{}",
        hosts.join(","),
        database.map(|name| format!("/{name}")).unwrap_or_default()
    )
}

/// An error with all that the server says of it: of the driver's errors the outer one only says that it is one.
fn explain(error: &tokio_postgres::Error) -> String {
    let Some(server) = error.as_db_error() else {
        return with_causes(error);
    };
    let mut text = server.message().to_owned();
    for more in [server.detail(), server.hint()].into_iter().flatten() {
        text.push('\n');
        text.push_str(more);
    }
    text
}

/// The same behind the name of a file, with the line.
fn explain_in(error: &tokio_postgres::Error, sql: &str) -> String {
    let position = error.as_db_error().and_then(|error| error.position());
    let line = match position {
        Some(ErrorPosition::Original(position)) => {
            let before = usize::try_from(*position)
                .unwrap_or_default()
                .saturating_sub(1);
            let line = sql
                .chars()
                .take(before)
                .filter(|char| *char == '\n')
                .count()
                + 1;
            format!(":{line}")
        }
        _ => String::new(),
    };
    let hint = if sql.lines().any(|line| line.starts_with('\\')) {
        "\nit holds lines with a backslash, which only psql knows: take plain SQL"
    } else {
        ""
    };
    format!("{line}: {}{hint}", explain(error))
}
