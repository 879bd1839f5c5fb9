use std::any::type_name;
use std::error::Error;

/// A failure of the function itself, as opposed to one of the service that was to run it.
///
/// Who called with `RequestResponse` gets the error `lambda invocation failed`, with both texts in its
/// DETAIL. `?` makes one of any error, named after the error's Rust type as the Rust runtime of Lambda
/// does; to make that possible this is not an [`Error`] itself.
///
/// ```no_run
/// use relay_lambda::local::{FunctionError, LambdaEndpoint};
///
/// let endpoint = LambdaEndpoint::start(|call| {
///     let number: i64 = call.payload.parse()?;
///     if number < 0 {
///         return Err(FunctionError::new("TooSmall", "a number below zero"));
///     }
///     Ok(number.to_string())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    error_type: String,
    message: String,
}

impl FunctionError {
    /// An error with its type, a short name that a program may compare, and its message.
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> FunctionError {
        FunctionError {
            error_type: error_type.into(),
            message: message.into(),
        }
    }

    /// The short name that a program may compare.
    #[must_use]
    pub fn error_type(&self) -> &str {
        &self.error_type
    }

    /// What is for people to read.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the service makes of a process that was killed.
    pub(super) fn killed() -> FunctionError {
        FunctionError::new(
            "Runtime.ExitError",
            "Runtime exited with error: signal: killed",
        )
    }

    /// What the service makes of an answer that it does not give back.
    pub(super) fn answer_too_large(bytes: usize, limit: usize) -> FunctionError {
        FunctionError::new(
            "Function.ResponseSizeTooLarge",
            format!(
                "Response payload size ({bytes} bytes) exceeded maximum allowed payload size \
                 ({limit} bytes)."
            ),
        )
    }

    /// What the service has for the payload of an answer when the function failed.
    pub(super) fn to_json(&self) -> String {
        serde_json::json!({ "errorType": self.error_type, "errorMessage": self.message })
            .to_string()
    }
}

impl<E: Error> From<E> for FunctionError {
    fn from(error: E) -> FunctionError {
        FunctionError::new(type_name::<E>(), error.to_string())
    }
}
