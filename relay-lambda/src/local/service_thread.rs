use std::io;
use std::thread::{self, JoinHandle};

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;

/// A thread with an async runtime, on which a stand-in serves until the value is dropped: whoever uses a stand-in needs
/// no runtime, and may block.
#[derive(Debug)]
pub(super) struct ServiceThread {
    runtime: Handle,
    // Both are taken in `drop`.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ServiceThread {
    /// Runs `serve` on a thread of this name. It gets what is ready when it is to end, and is waited for; tasks of its
    /// own that then go on, and blocking ones, are not.
    pub(super) fn start<Serving: Future<Output = ()>>(
        name: &str,
        serve: impl FnOnce(oneshot::Receiver<()>) -> Serving + Send + 'static,
    ) -> io::Result<ServiceThread> {
        // Made here rather than on the thread, so that the caller hears of what goes wrong.
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                runtime.block_on(serve(stopped));
                // What hangs must not hang whoever drops the stand-in.
                runtime.shutdown_background();
            })?;
        Ok(ServiceThread {
            runtime: handle,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl Drop for ServiceThread {
    fn drop(&mut self) {
        // Dropping the sender is the signal.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // If it panicked it has said so.
            thread.join().ok();
        }
    }
}
