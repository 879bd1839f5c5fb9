use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many calls are under way or queued.
#[derive(Debug, Default)]
pub(super) struct Activity {
    busy: Mutex<usize>,
    idle: Condvar,
}

/// One of them, for as long as it lives.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Activity {
    pub(super) fn begin(self: &Arc<Activity>) -> Busy {
        *self.busy() += 1;
        Busy(Arc::clone(self))
    }

    /// Waits until there is none. `false`: there is still one after that time.
    pub(super) fn wait_until_idle(&self, timeout: Duration) -> bool {
        let (_busy, waited) = self
            .idle
            .wait_timeout_while(self.busy(), timeout, |busy| *busy > 0)
            .unwrap_or_else(PoisonError::into_inner);
        !waited.timed_out()
    }

    fn busy(&self) -> MutexGuard<'_, usize> {
        // A number is never half changed.
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut busy = self.0.busy();
        *busy -= 1;
        if *busy == 0 {
            self.0.idle.notify_all();
        }
    }
}
