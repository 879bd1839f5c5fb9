use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::LogTo;

/// How many lines of a process that died are part of the error.
const LAST_LINES: usize = 10;

/// How long a log is read after the end of its process: a process that this one left behind may hold
/// it open for ever.
const PATIENCE: Duration = Duration::from_secs(1);

/// What one process writes.
pub(super) struct Log {
    readers: JoinSet<()>,
    last: Arc<Mutex<VecDeque<String>>>,
    log_to: Option<Arc<LogTo>>,
}

impl Log {
    pub(super) fn new(log_to: Option<Arc<LogTo>>) -> Log {
        Log {
            readers: JoinSet::new(),
            last: Arc::default(),
            log_to,
        }
    }

    /// Reads one of its outputs to the end.
    pub(super) fn read(&mut self, output: impl AsyncRead + Unpin + Send + 'static) {
        let last = Arc::clone(&self.last);
        let log_to = self.log_to.clone();
        self.readers.spawn(async move {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while matches!(output.read_until(b'\n', &mut line).await, Ok(1..)) {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_end_matches(['\n', '\r']);
                if let Some(log_to) = &log_to {
                    log_to(text);
                }
                let mut last = locked(&last);
                if last.len() == LAST_LINES {
                    last.pop_front();
                }
                last.push_back(text.to_owned());
                drop(last);
                line.clear();
            }
        });
    }

    /// Waits for the rest, and gives the last lines, each after a line break.
    pub(super) async fn finish(&mut self) -> String {
        let all = async { while self.readers.join_next().await.is_some() {} };
        timeout(PATIENCE, all).await.ok();
        self.readers.abort_all();
        locked(&self.last)
            .iter()
            .flat_map(|line| ["\n", line])
            .collect()
    }
}

fn locked(last: &Mutex<VecDeque<String>>) -> MutexGuard<'_, VecDeque<String>> {
    // The worst that a panic leaves is a line too few.
    last.lock().unwrap_or_else(PoisonError::into_inner)
}
