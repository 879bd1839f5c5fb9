use std::future::poll_fn;
use std::sync::mpsc::{Receiver, channel};

use relay_lambda::local::PostgresCluster;
use tokio_postgres::error::DbError;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{AsyncMessage, Client, Connection, Socket};

use crate::cluster::open;

/// What the server says in a session beside its answers.
#[derive(Debug)]
pub struct Notices(Receiver<DbError>);

impl Notices {
    /// A new session of the superuser of a cluster, and what the server says in it.
    pub async fn of_session(cluster: &PostgresCluster, database: &str) -> (Client, Self) {
        open(cluster, database, "postgres", listen).await
    }

    /// Runs a connection of a test's own, and keeps what the server says.
    #[must_use]
    pub fn of(connection: Connection<Socket, NoTlsStream>) -> Self {
        listen(connection)
    }

    /// The warnings since the last time, in their order. Those of a statement are there as soon as it
    /// has returned, since the server sends them before its answer.
    #[must_use]
    pub fn take_warnings(&self) -> Vec<DbError> {
        let mut taken = self.take();
        taken.retain(|notice| notice.severity() == "WARNING");
        taken
    }

    /// All since the last time, of every severity.
    #[must_use]
    pub fn take(&self) -> Vec<DbError> {
        self.0.try_iter().collect()
    }
}

/// Runs the connection, and keeps what the server says.
pub(crate) fn listen(mut connection: Connection<Socket, NoTlsStream>) -> Notices {
    let (sender, receiver) = channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notice(notice) = message {
                // A test that has ended no longer listens.
                sender.send(notice).ok();
            }
        }
    });
    Notices(receiver)
}
