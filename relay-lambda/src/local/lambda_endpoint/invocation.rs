use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// One call of the function, as the handler of a [`LambdaEndpoint`](super::LambdaEndpoint) gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invocation {
    /// The service's name for this call: the same at each try, and when it comes twice.
    pub request_id: String,
    /// As the caller wrote it: a name, an ARN or a part of one.
    pub function_name: String,
    /// The version or alias.
    pub qualifier: Option<String>,
    /// As the caller gave it. `None`: the real service takes that of the ARN, or the database's.
    pub region: Option<String>,
    /// Whether the caller waits for the answer.
    pub invocation_type: InvocationType,
    /// Whether the caller asked for the log.
    pub log_type: LogType,
    /// The exact text of the payload.
    pub payload: String,
    /// The exact text of the client context. It reaches the function in synchronous calls only.
    pub context: Option<String>,
}

impl Invocation {
    /// A name for a new call, in the form of a UUID.
    pub(super) fn next_request_id() -> String {
        static COUNTER: AtomicU64 = AtomicU64::new(1);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        format!("{:08x}-0000-4000-8000-{number:012x}", process::id())
    }

    /// The function's name, without what else an ARN has.
    #[cfg(unix)]
    pub(super) fn bare_function_name(&self) -> &str {
        let name = &*self.function_name;
        let name = name.rsplit_once("function:").map_or(name, |(_, name)| name);
        name.split_once(':').map_or(name, |(name, _)| name)
    }

    /// The region, or one that stands for the database's.
    #[cfg(unix)]
    pub(super) fn region_or_default(&self) -> &str {
        self.region.as_deref().unwrap_or("us-east-1")
    }

    /// The function's ARN, with the version or alias that was called.
    #[cfg(unix)]
    pub(super) fn function_arn(&self) -> String {
        let qualifier = self.qualifier.iter().flat_map(|name| [":", name]);
        let arn = if self.function_name.starts_with("arn:") {
            self.function_name.clone()
        } else {
            format!(
                "arn:aws:lambda:{}:123456789012:function:{}",
                self.region_or_default(),
                self.bare_function_name()
            )
        };
        arn + &qualifier.collect::<String>()
    }
}

/// How the function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvocationType {
    /// The caller waits for the answer.
    RequestResponse,
    /// The caller waits until the service has taken the call, and gets no answer.
    Event,
    /// The caller asks whether it may call; the function does not run.
    DryRun,
}

impl InvocationType {
    /// The type of this name, in exactly this spelling: the service compares case-sensitively.
    pub(super) fn from_name(name: &str) -> Option<InvocationType> {
        match name {
            "RequestResponse" => Some(InvocationType::RequestResponse),
            "Event" => Some(InvocationType::Event),
            "DryRun" => Some(InvocationType::DryRun),
            _ => None,
        }
    }

    /// How many bytes of payload the service takes, and how many of an answer it gives back.
    pub(super) fn payload_limit(self) -> usize {
        match self {
            InvocationType::RequestResponse | InvocationType::DryRun => 6 * 1024 * 1024,
            InvocationType::Event => 1024 * 1024,
        }
    }
}

/// Which part of the log the caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogType {
    /// None of it.
    None,
    /// The end of it, in synchronous calls.
    Tail,
}

impl LogType {
    /// The type of this name, in exactly this spelling: the service compares case-sensitively.
    pub(super) fn from_name(name: &str) -> Option<LogType> {
        match name {
            "None" => Some(LogType::None),
            "Tail" => Some(LogType::Tail),
            _ => None,
        }
    }
}
