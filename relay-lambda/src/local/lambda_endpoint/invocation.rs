/// One call of the function, as the handler of a [`LambdaEndpoint`](super::LambdaEndpoint) gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invocation {
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

    /// How many bytes of payload the service takes.
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
