use std::future::pending;
use std::sync::Arc;

use tokio::select;
use tokio::signal::ctrl_c;
use tokio::sync::Notify;

/// The wish of the user or the system that this ends. It is kept until somebody looks.
pub(super) struct Stop(Arc<Notify>);

impl Stop {
    /// From here on SIGINT and SIGTERM no longer end the process by themselves.
    pub(super) fn listen() -> Self {
        let wish = Arc::new(Notify::new());
        let wished = Arc::clone(&wish);
        tokio::spawn(async move {
            select! {
                () = interrupted() => {}
                () = terminated() => {}
            }
            wished.notify_one();
        });
        Self(wish)
    }

    /// Is ready when that is wished, or has been.
    pub(super) async fn wished(&self) {
        self.0.notified().await;
    }
}

async fn interrupted() {
    // Where nobody can listen for it, it ends the process as ever.
    if ctrl_c().await.is_err() {
        pending::<()>().await;
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(_) => pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    pending().await
}
