use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSqlOwned, ToSql, Type};
use tokio_postgres::{Client, Connection, Error, Row};

use super::error::DatabaseError;

/// A parameter of a statement, with its type.
pub(in super::super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// A session of a database.
pub(in super::super) struct Session {
    client: Client,
    connection: Option<JoinHandle<Result<(), Error>>>,
    address: String,
}

impl Session {
    pub(super) fn new<S, T>(client: Client, connection: Connection<S, T>, address: String) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Self {
            client,
            connection: Some(tokio::spawn(connection)),
            address,
        }
    }

    /// Sees to it that the installation has this function.
    pub(in super::super) async fn require(&mut self, function: &str) -> Result<(), DatabaseError> {
        self.require_found("to_regprocedure", function).await
    }

    /// Sees to it that the installation has this view.
    pub(in super::super) async fn require_view(&mut self, view: &str) -> Result<(), DatabaseError> {
        self.require_found("to_regclass", view).await
    }

    async fn require_found(&mut self, look: &str, name: &str) -> Result<(), DatabaseError> {
        // Qualified, as all of this program's own queries: a function that somebody made in a schema of the session's
        // path would run with the rights of who calls the program.
        let sql = format!(
            "SELECT pg_catalog.to_regnamespace('aurora_trigger') IS NULL, pg_catalog.{look}($1) IS NULL"
        );
        let row = self.row(&sql, &[(&name, Type::TEXT)]).await?;
        let at = &self.address;
        match (self.column(&row, 0)?, self.column(&row, 1)?) {
            (true, _) => Err(DatabaseError::lasting(format!(
                "aurora_trigger is not installed in {at}: run there what the app's emit-sql prints, or name another \
                 database"
            ))),
            (false, true) => Err(self.outdated(&format!("it has no {name}"))),
            (false, false) => Ok(()),
        }
    }

    /// The installation lacks something that this program needs.
    pub(in super::super) fn outdated(&self, how: &str) -> DatabaseError {
        DatabaseError::lasting(format!(
            "the aurora_trigger in {} is of another version: {how}; run there what emit-sql prints, of an app that is \
             built with aurora-trigger-gen {}",
            self.address,
            env!("CARGO_PKG_VERSION")
        ))
    }

    pub(in super::super) async fn execute(&mut self, sql: &str) -> Result<(), DatabaseError> {
        match self.client.batch_execute(sql).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.explained(error).await),
        }
    }

    /// The first column of the only row.
    pub(in super::super) async fn value<T: FromSqlOwned>(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<T, DatabaseError> {
        let row = self.row(sql, parameters).await?;
        self.column(&row, 0)
    }

    /// All rows of a query without parameters.
    pub(in super::super) async fn rows(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        match self.client.query_typed(sql, &[]).await {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.explained(error).await),
        }
    }

    /// In one round trip and without a prepared statement, for which a pool would keep the connection to itself.
    async fn row(&mut self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Row, DatabaseError> {
        match self.client.query_typed_one(sql, parameters).await {
            Ok(row) => Ok(row),
            Err(error) => Err(self.explained(error).await),
        }
    }

    pub(in super::super) fn column<T: FromSqlOwned>(
        &self,
        row: &Row,
        index: usize,
    ) -> Result<T, DatabaseError> {
        row.try_get(index)
            .map_err(|error| self.outdated(&format!("it gives something else: {error}")))
    }

    /// Of a connection that is lost only the connection itself knows why.
    async fn explained(&mut self, error: Error) -> DatabaseError {
        if error.is_closed()
            && let Some(connection) = self.connection.take()
            && let Ok(Err(cause)) = connection.await
        {
            return DatabaseError::of(&cause);
        }
        if error.code() == Some(&SqlState::UNDEFINED_COLUMN) {
            return self.outdated(&DatabaseError::of(&error).text);
        }
        DatabaseError::of(&error)
    }
}
