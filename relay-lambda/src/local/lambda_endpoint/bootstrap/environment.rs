use std::io;
use std::process::ExitStatus;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use std::{future, mem};

use tokio::process::Child;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::super::{FunctionError, Invocation};
use super::log::Log;
use super::runtime_api::{self, Ask, Handed, Refusal, Reply, Request};
use super::{Bootstrap, Environments, process};

/// A call on its way through an environment.
pub(super) struct Call {
    pub(super) invocation: Arc<Invocation>,
    pub(super) answer: oneshot::Sender<Result<String, FunctionError>>,
}

/// What an environment is told.
pub(super) enum Message {
    /// To one that is idle.
    Call(Call),
    /// Kill the process; the sender is dropped when it is gone.
    Kill(mpsc::Sender<()>),
    /// End the process, politely first.
    Terminate,
}

/// A process, and what it is doing. One task owns all of it: the Runtime API and the endpoint send it
/// what they want.
pub(super) struct Environment {
    id: u64,
    environments: Environments,
    child: Child,
    log: Log,
    runtime_api: JoinHandle<()>,
    requests: UnboundedReceiver<Request>,
    inbox: UnboundedReceiver<Message>,
    phase: Phase,
    // A call that the process has not got yet.
    coming: Option<Call>,
    // The process, waiting for a call.
    asking: Option<oneshot::Sender<Reply>>,
    // When the process is killed, since it takes too long or has had its grace.
    limit: Option<Instant>,
    grace: Option<Instant>,
    // Dropped at the end.
    killers: Vec<mpsc::Sender<()>>,
}

enum Phase {
    /// It has not asked for a call yet. If it can't start it may say why.
    Starting(Option<FunctionError>),
    /// It waits, or has asked for the call that is coming.
    Idle,
    /// It has got a call.
    Running {
        call: Call,
        handed: Handed,
        answer: Option<Result<String, FunctionError>>,
    },
}

/// How a process came to its end.
enum End {
    /// By itself, or by a signal of somebody else.
    Exited(io::Result<ExitStatus>),
    /// It took longer than that.
    TimedOut(Duration),
    /// It was still there after the grace.
    Stubborn,
}

impl Environment {
    /// Starts a process with its first call. `None`: it does not start, and the call has failed.
    pub(super) fn start(
        id: u64,
        environments: Environments,
        call: Call,
    ) -> Option<(UnboundedSender<Message>, JoinHandle<()>)> {
        let bootstrap = environments.bootstrap();
        let (child, log, listener) = match process::start(bootstrap, id, &call.invocation) {
            Ok(started) => started,
            Err(error) => {
                let executable = bootstrap.executable.display();
                let error = format!("fork/exec {executable}: {error}");
                call.fail("Runtime.InvalidEntrypoint", &error);
                return None;
            }
        };
        let limit = Instant::now() + bootstrap.init_timeout;
        let (requests_in, requests) = unbounded_channel();
        let (inbox_in, inbox) = unbounded_channel();
        let environment = Environment {
            id,
            environments,
            child,
            log,
            runtime_api: tokio::spawn(runtime_api::serve(listener, requests_in)),
            requests,
            inbox,
            phase: Phase::Starting(None),
            coming: Some(call),
            asking: None,
            limit: Some(limit),
            grace: None,
            killers: Vec::new(),
        };
        Some((inbox_in, tokio::spawn(environment.run())))
    }

    async fn run(mut self) {
        let end = self.live().await;
        if !matches!(end, End::Exited(_)) {
            // It is gone then, or was before.
            self.child.kill().await.ok();
        }
        // What it had sent before its end counts.
        while let Ok(request) = self.requests.try_recv() {
            self.serve(request);
        }
        self.runtime_api.abort();
        let last_words = self.log.finish().await;
        self.environments.has_ended(self.id);
        self.settle(&end, &last_words);
        self.inbox.close();
        while let Ok(message) = self.inbox.try_recv() {
            if let Message::Call(call) = message {
                self.environments.hand_over(call);
            }
        }
    }

    /// Does what the process and the endpoint ask for, until the process is or has to be gone.
    async fn live(&mut self) -> End {
        loop {
            self.hand_out();
            let limit = [self.limit, self.grace].into_iter().flatten().min();
            let over = async {
                match limit {
                    Some(limit) => sleep_until(limit).await,
                    None => future::pending().await,
                }
            };
            tokio::select! {
                // An answer before the end that follows it.
                biased;
                Some(request) = self.requests.recv() => self.serve(request),
                Some(message) = self.inbox.recv() => self.obey(message),
                status = self.child.wait() => return End::Exited(status),
                () = over => return self.over(),
            }
        }
    }

    /// Which limit it was.
    fn over(&self) -> End {
        let bootstrap = self.bootstrap();
        match self.phase {
            _ if self.grace.is_some_and(|grace| grace <= Instant::now()) => End::Stubborn,
            Phase::Starting(_) => End::TimedOut(bootstrap.init_timeout),
            Phase::Idle | Phase::Running { .. } => End::TimedOut(bootstrap.timeout),
        }
    }

    /// Gives the process the call that is coming, if it has asked for one.
    fn hand_out(&mut self) {
        if !matches!(self.phase, Phase::Idle) || self.coming.is_none() {
            return;
        }
        let Some(asking) = self.asking.take() else {
            return;
        };
        let timeout = self.bootstrap().timeout;
        let Some(call) = self.coming.take() else {
            return;
        };
        let handed = Handed::new(&call.invocation, timeout);
        match asking.send(Reply::Call(handed.clone())) {
            Ok(()) => {
                self.limit = Some(Instant::now() + timeout);
                self.phase = Phase::Running {
                    call,
                    handed,
                    answer: None,
                };
            }
            // The process has let go of the connection, and will ask once more or end.
            Err(_) => self.coming = Some(call),
        }
    }

    fn obey(&mut self, message: Message) {
        match message {
            Message::Call(call) => self.coming = Some(call),
            Message::Kill(killer) => {
                // One that has just ended does not need it.
                self.child.start_kill().ok();
                self.killers.push(killer);
            }
            Message::Terminate => {
                process::terminate(&self.child);
                self.grace = Some(Instant::now() + self.bootstrap().shutdown_grace);
            }
        }
    }

    /// Does what the process asks for.
    fn serve(&mut self, Request { ask, reply }: Request) {
        let replied = match ask {
            Ask::Next => return self.next(reply),
            Ask::Answer { id, answer } => match &mut self.phase {
                Phase::Running {
                    call,
                    answer: none @ None,
                    ..
                } if call.invocation.request_id == id => match answer {
                    Ok(answer) => {
                        *none = Some(answer);
                        Reply::Accepted
                    }
                    Err(refused) => {
                        *none = Some(Err(refused.error));
                        Reply::Refused(refused.refusal)
                    }
                },
                Phase::Starting(_) | Phase::Idle | Phase::Running { .. } => {
                    Reply::Refused(Refusal::UNKNOWN_REQUEST_ID)
                }
            },
            Ask::InitError(error) => match &mut self.phase {
                Phase::Starting(reported) => {
                    *reported = Some(error);
                    // All that is left to it is to exit.
                    let patience = Instant::now() + self.environments.bootstrap().shutdown_grace;
                    self.limit = self.limit.min(Some(patience));
                    Reply::Accepted
                }
                Phase::Idle | Phase::Running { .. } => Reply::Refused(Refusal::NOT_STARTING),
            },
        };
        // If the process does not wait for it, it does not want it.
        reply.send(replied).ok();
    }

    /// The process has asked for a call, and thereby ended the last one.
    fn next(&mut self, reply: oneshot::Sender<Reply>) {
        match mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Starting(_) | Phase::Idle => self.limit = None,
            Phase::Running {
                call,
                answer: Some(answer),
                ..
            } => {
                self.limit = None;
                // Before the caller knows, so that its next call comes here.
                self.environments.is_idle(self.id);
                call.answer.send(answer).ok();
            }
            Phase::Running {
                call,
                handed,
                answer: None,
            } => {
                reply.send(Reply::Call(handed.clone())).ok();
                self.phase = Phase::Running {
                    call,
                    handed,
                    answer: None,
                };
                return;
            }
        }
        self.asking = Some(reply);
    }

    /// Tells the callers what this end means for them.
    fn settle(&mut self, end: &End, last_words: &str) {
        let phase = mem::replace(&mut self.phase, Phase::Idle);
        let (call, reported) = match phase {
            Phase::Running { call, answer, .. } => (Some(call), answer),
            Phase::Starting(reported) => (self.coming.take(), reported.map(Err)),
            Phase::Idle => (None, None),
        };
        if let Some(call) = call {
            match (reported, end) {
                (Some(answer), _) => {
                    call.answer.send(answer).ok();
                }
                (None, End::Exited(status)) => {
                    let described = process::describe(status);
                    call.fail("Runtime.ExitError", &format!("{described}{last_words}"));
                }
                (None, End::TimedOut(timeout)) => {
                    let seconds = timeout.as_secs_f64();
                    let described =
                        format!("Task timed out after {seconds:.2} seconds{last_words}");
                    call.fail("Sandbox.Timedout", &described);
                }
                // Its endpoint is going away, too.
                (None, End::Stubborn) => {}
            }
        }
        // The process never heard of this one.
        if let Some(call) = self.coming.take() {
            self.environments.hand_over(call);
        }
    }

    fn bootstrap(&self) -> &Bootstrap {
        self.environments.bootstrap()
    }
}

impl Call {
    /// Answers with an error of the service's own.
    fn fail(self, error_type: &str, described: &str) {
        let id = &self.invocation.request_id;
        let message = format!("RequestId: {id} Error: {described}");
        let error = FunctionError::new(error_type, message);
        self.answer.send(Err(error)).ok();
    }
}
