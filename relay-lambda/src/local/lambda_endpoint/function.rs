//! What runs when a call comes through.

use std::sync::Arc;

use tokio::task::spawn_blocking;

#[cfg(unix)]
use super::bootstrap::Environments;
use super::{FunctionError, Invocation};

pub(super) type Handler = dyn Fn(&Invocation) -> Result<String, FunctionError> + Send + Sync;

pub(super) enum Function {
    Closure(Arc<Handler>),
    #[cfg(unix)]
    Bootstrap(Environments),
}

impl Function {
    /// Runs it to its end, however long that takes.
    pub(super) async fn run(&self, invocation: &Arc<Invocation>) -> Result<String, FunctionError> {
        match self {
            Function::Closure(handler) => {
                let handler = Arc::clone(handler);
                let invocation = Arc::clone(invocation);
                // On a thread where it may block, or make calls of its own.
                match spawn_blocking(move || handler(&invocation)).await {
                    Ok(ran) => ran,
                    Err(panicked) => Err(FunctionError::new("Panic", panicked.to_string())),
                }
            }
            #[cfg(unix)]
            Function::Bootstrap(environments) => environments.run(invocation).await,
        }
    }

    /// Ends what it has started outside of this process.
    #[cfg_attr(
        not(unix),
        expect(clippy::unused_async, reason = "a closure has nothing to end")
    )]
    pub(super) async fn close(&self) {
        match self {
            Function::Closure(_) => {}
            #[cfg(unix)]
            Function::Bootstrap(environments) => environments.close().await,
        }
    }

    /// Kills its processes, and tells how many there were.
    pub(super) fn kill(&self) -> usize {
        match self {
            Function::Closure(_) => 0,
            #[cfg(unix)]
            Function::Bootstrap(environments) => environments.kill(),
        }
    }
}
