use std::collections::HashMap;
use std::future;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::super::{FunctionError, Invocation};
use super::Bootstrap;
use super::environment::{Call, Environment, Message};

/// The execution environments of a function: a process each. Clones are the same.
#[derive(Clone)]
pub(in super::super) struct Environments(Arc<Pool>);

struct Pool {
    bootstrap: Bootstrap,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: HashMap<u64, Running>,
    // Those that wait for a call, the one that ran last at the end.
    idle: Vec<u64>,
    started: u64,
    closed: bool,
}

struct Running {
    inbox: UnboundedSender<Message>,
    task: JoinHandle<()>,
}

impl Environments {
    /// None yet, if the executable is there.
    pub(in super::super) fn new(mut bootstrap: Bootstrap) -> io::Result<Environments> {
        // A process has a working directory of its own.
        bootstrap.executable = bootstrap.executable.canonicalize().map_err(|error| {
            let path = bootstrap.executable.display();
            io::Error::new(error.kind(), format!("the executable {path}: {error}"))
        })?;
        Ok(Environments(Arc::new(Pool {
            bootstrap,
            state: Mutex::default(),
        })))
    }

    /// Runs a call in an environment that is free, else in a new one.
    pub(in super::super) async fn run(
        &self,
        invocation: &Arc<Invocation>,
    ) -> Result<String, FunctionError> {
        let (answer, answered) = oneshot::channel();
        self.hand_over(Call {
            invocation: Arc::clone(invocation),
            answer,
        });
        match answered.await {
            Ok(answer) => answer,
            // The endpoint is going away, and nobody waits for the answer.
            Err(_) => future::pending().await,
        }
    }

    /// Gives a call to an environment.
    pub(super) fn hand_over(&self, mut call: Call) {
        let mut state = self.state();
        if state.closed {
            return;
        }
        while let Some(id) = state.idle.pop() {
            let Some(free) = state.running.get(&id) else {
                continue;
            };
            match free.inbox.send(Message::Call(call)) {
                Ok(()) => return,
                Err(refused) => match refused.0 {
                    Message::Call(back) => call = back,
                    Message::Kill(_) | Message::Terminate => return,
                },
            }
        }
        let id = state.started;
        state.started += 1;
        if let Some((inbox, task)) = Environment::start(id, self.clone(), call) {
            state.running.insert(id, Running { inbox, task });
        }
    }

    pub(super) fn bootstrap(&self) -> &Bootstrap {
        &self.0.bootstrap
    }

    /// An environment waits for its next call.
    pub(super) fn is_idle(&self, id: u64) {
        self.state().idle.push(id);
    }

    /// An environment has ended.
    pub(super) fn has_ended(&self, id: u64) {
        let mut state = self.state();
        state.idle.retain(|idle| *idle != id);
        state.running.remove(&id);
    }

    /// Kills all processes, waits until they are gone, and tells how many there were.
    pub(in super::super) fn kill(&self) -> usize {
        let (sender, gone) = mpsc::channel();
        let state = self.state();
        let killed = state
            .running
            .values()
            .filter(|running| running.inbox.send(Message::Kill(sender.clone())).is_ok())
            .count();
        drop((state, sender));
        // An environment drops its sender when it has ended, and sends nothing.
        gone.recv().ok();
        killed
    }

    /// Lets all processes end, politely first. From now on none is started.
    pub(in super::super) async fn close(&self) {
        let running: Vec<Running> = {
            let mut state = self.state();
            state.closed = true;
            state.idle.clear();
            state.running.drain().map(|(_, running)| running).collect()
        };
        for running in &running {
            // One that has ended does not need it.
            running.inbox.send(Message::Terminate).ok();
        }
        for running in running {
            running.task.await.ok();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No method leaves it half done, so a panic elsewhere has not harmed it.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
