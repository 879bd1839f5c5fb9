use std::fs;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Parser;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use crate::causes::with_causes;

/// How long a database may take to answer, where its URL does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Run the app's whole pipeline on this machine, and see each change as it arrives.
///
/// Database → triggers → Lambda → the app's relay → Kinesis: PostgreSQL and the relay are the real ones, Lambda and
/// Kinesis are local stand-ins. Everything listens on 127.0.0.1 only, and nothing needs or reaches an AWS account.
///
/// It says how to write to the database and how to read the stream, then prints each record: its sequence number,
/// operation, table and key, and of an update what changed. Ctrl-C or SIGTERM ends all that it started, after the
/// calls that have come so far, and prints a summary.
#[derive(Debug, Parser)]
#[command(
    name = "local-pipeline",
    version,
    after_long_help = "Examples:
  local-pipeline --schema schema.sql
  local-pipeline --database-url postgres://postgres@127.0.0.1/shop
  local-pipeline --schema schema.sql --json | jq 'select(.type == \"record\").data.after'

Exit codes: 0 ended by Ctrl-C or SIGTERM, 2 usage or environment.",
    max_term_width = 100
)]
pub(super) struct CommandLine {
    /// A database that is there already, in place of a throwaway PostgreSQL.
    ///
    /// A URL or libpq's key=value form, of a superuser: postgres://me@127.0.0.1/shop. It must have the app's tables,
    /// and not the real extension aws_lambda.
    ///
    /// It gets the stand-in for aws_lambda (schemas aws_lambda, aws_commons, aws_lambda_local, the extension dblink) and
    /// the triggers (schema and role aurora_trigger). Both stay. At the end the triggers are set to call nobody, or
    /// whom they called before; as long as they call nobody, each write warns that it is not captured. `emit-sql down`
    /// prints the SQL that removes the triggers, after that
    /// DROP SCHEMA aws_lambda, aws_commons, aws_lambda_local CASCADE removes the stand-in.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// SQL to run first: the tables of the app. Repeat it for several files, which run in this order.
    ///
    /// Meant for the throwaway PostgreSQL, which is empty; with --database-url it runs there each time.
    #[arg(long = "schema", value_name = "FILE")]
    schemas: Vec<PathBuf>,
    /// How many shards the stream has.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    shards: u16,
    /// Print one JSON object a line, for scripts.
    ///
    /// Its `type` says what it is: `started` first, with `databaseUrl` (of the throwaway PostgreSQL), `kinesisUrl`,
    /// `stream`, `refusedStream` and `tables`; `record`, with `shard`, `sequenceNumber`, `partitionKey` and the record
    /// itself in `data`; `refused`, with `table`, `seq` and `reason`; `failed`, a try of a call that failed, with `errorType`
    /// and `message`; `summary` at the end.
    #[arg(long)]
    json: bool,
}

/// What the command line says, read and checked.
pub(super) struct Settings {
    pub(super) database: Option<Config>,
    pub(super) schemas: Vec<Schema>,
    pub(super) shards: usize,
    pub(super) json: bool,
}

/// A file of SQL.
pub(super) struct Schema {
    pub(super) path: PathBuf,
    pub(super) sql: String,
}

impl CommandLine {
    /// All that is wrong comes at once.
    pub(super) fn settings(self) -> Result<Settings, Vec<String>> {
        let mut mistakes = Vec::new();
        let database = self.database_url.and_then(|url| {
            database(&url)
                .map_err(|mistake| mistakes.push(mistake))
                .ok()
        });
        let mut schemas = Vec::new();
        for path in self.schemas {
            match fs::read_to_string(&path) {
                Ok(sql) => schemas.push(Schema { path, sql }),
                Err(error) => {
                    mistakes.push(format!(
                        "--schema {} can't be read: {error}",
                        path.display()
                    ));
                }
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Settings {
            database,
            schemas,
            shards: self.shards.into(),
            json: self.json,
        })
    }
}

fn database(url: &str) -> Result<Config, String> {
    let form = "write it as postgres://user@127.0.0.1:5432/database, or as \
                'host=127.0.0.1 user=… dbname=…'";
    // Not the URL itself, which may hold a password.
    let mut config = Config::from_str(url)
        .map_err(|error| format!("--database-url: {}; {form}", with_causes(&error)))?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(format!("--database-url names no host; {form}"));
    }
    if matches!(config.get_ssl_mode(), SslMode::Require) {
        return Err(
            "--database-url asks for TLS, which this does not speak: it is for a database on your own machine; \
             leave sslmode out"
                .to_owned(),
        );
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_come_at_once_and_no_password_with_them() {
        let line = CommandLine::try_parse_from([
            "local-pipeline",
            "--database-url",
            "postgres://me:secret@127.0.0.1:port/shop",
            "--schema",
            "/nowhere/a.sql",
            "--schema",
            "/nowhere/b.sql",
        ])
        .expect("the options are there");
        let mistakes = line.settings().err().expect("all three are wrong");
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
        assert!(mistakes[0].starts_with("--database-url: "), "{mistakes:?}");
        assert!(mistakes[1].contains("/nowhere/a.sql"), "{mistakes:?}");
        assert!(mistakes[2].contains("/nowhere/b.sql"), "{mistakes:?}");
        assert!(!mistakes.concat().contains("secret"), "{mistakes:?}");
    }

    #[test]
    fn a_database_has_a_host_and_needs_no_tls() {
        assert!(database("dbname=shop").is_err());
        assert!(database("postgres://127.0.0.1/shop?sslmode=require").is_err());
        assert!(database("postgres://127.0.0.1/shop").is_ok());
        assert!(database("host=/tmp dbname=shop").is_ok());
    }
}
