use std::fmt::Display;
use std::io;

use hyper::StatusCode;
use serde_json::json;

use super::shard::ShardId;
use super::stream::ACCOUNT;

/// An error of the service, as its clients see it.
#[derive(Debug)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl ApiError {
    fn refusal(code: &'static str, message: impl Display) -> ApiError {
        ApiError {
            status: StatusCode::BAD_REQUEST,
            code,
            message: message.to_string(),
        }
    }

    /// The service itself failed.
    pub(super) fn internal_failure() -> ApiError {
        ApiError {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: EntryError::InternalFailure.code(),
            message: INTERNAL_FAILURE.to_owned(),
        }
    }

    /// A value breaks what the service's model says of it.
    pub(super) fn constraint(at: impl Display, constraint: impl Display) -> ApiError {
        ApiError::refusal(
            "ValidationException",
            format_args!(
                "1 validation error detected: Value at '{at}' failed to satisfy constraint: Member must {constraint}"
            ),
        )
    }

    pub(super) fn invalid_argument(message: impl Display) -> ApiError {
        ApiError::refusal("InvalidArgumentException", message)
    }

    pub(super) fn limit_exceeded(message: impl Display) -> ApiError {
        ApiError::refusal("LimitExceededException", message)
    }

    pub(super) fn throttled(message: impl Display) -> ApiError {
        ApiError::refusal(EntryError::Throttled.code(), message)
    }

    pub(super) fn no_stream(name: &str) -> ApiError {
        ApiError::refusal(
            "ResourceNotFoundException",
            format_args!("Stream {name} under account {ACCOUNT} not found."),
        )
    }

    pub(super) fn no_shard(stream: &str, shard: &str) -> ApiError {
        ApiError::refusal(
            "ResourceNotFoundException",
            format_args!("Shard {shard} in stream {stream} under account {ACCOUNT} does not exist"),
        )
    }

    pub(super) fn stream_exists(name: &str) -> ApiError {
        ApiError::refusal(
            STREAM_EXISTS,
            format_args!("Stream {name} under account {ACCOUNT} already exists."),
        )
    }

    /// The body is not JSON, or not that of the operation.
    pub(super) fn unreadable(cause: impl Display) -> ApiError {
        ApiError::refusal("SerializationException", cause)
    }

    pub(super) fn unknown_operation(name: &str) -> ApiError {
        ApiError::refusal(
            "UnknownOperationException",
            format_args!("the local Kinesis has no operation {name}"),
        )
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        json!({ "__type": self.code, "message": self.message })
            .to_string()
            .into_bytes()
    }
}

/// For who has not come by the network.
impl From<ApiError> for io::Error {
    fn from(error: ApiError) -> io::Error {
        let kind = match error.code {
            STREAM_EXISTS => io::ErrorKind::AlreadyExists,
            _ => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error.message)
    }
}

const STREAM_EXISTS: &str = "ResourceInUseException";
const INTERNAL_FAILURE: &str = "Internal service failure.";

/// Why one entry of a request failed while others landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryError {
    /// The shard has too much to do.
    Throttled,
    /// The service itself failed.
    InternalFailure,
}

impl EntryError {
    pub(super) fn code(self) -> &'static str {
        match self {
            EntryError::Throttled => "ProvisionedThroughputExceededException",
            EntryError::InternalFailure => "InternalFailure",
        }
    }

    pub(super) fn message(self, stream: &str, shard: usize) -> String {
        match self {
            EntryError::Throttled => format!(
                "Rate exceeded for shard {} in stream {stream} under account {ACCOUNT}.",
                ShardId(shard)
            ),
            EntryError::InternalFailure => INTERNAL_FAILURE.to_owned(),
        }
    }

    /// What becomes of a request that has this one entry only.
    pub(super) fn of_request(self, stream: &str, shard: usize) -> ApiError {
        match self {
            EntryError::Throttled => ApiError::throttled(self.message(stream, shard)),
            EntryError::InternalFailure => ApiError::internal_failure(),
        }
    }
}
