use std::error::Error;
use std::fmt;

/// What a relay is told by its environment.
///
/// | variable | meaning |
/// | --- | --- |
/// | `RELAY_STREAM` | the stream: name or ARN |
/// | `RELAY_REJECT_STREAM` | where refused events of asynchronous calls go: name or ARN; without it such a call fails, so that Lambda's failure destination keeps its payload |
/// | `RELAY_MAX_RECORD_KIB` | the stream's record limit: 1024 (the default) to 10240 |
/// | `RELAY_AGGREGATION` | `off` (the default), or `hot-keys`: several changes of one key in a call go into one record, in the aggregation format of the Kinesis Producer Library |
///
/// Region, credentials and `AWS_ENDPOINT_URL_KINESIS` are as every AWS SDK knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    pub(crate) stream: StreamName,
    pub(crate) reject_stream: Option<StreamName>,
    pub(crate) max_record_bytes: usize,
    pub(crate) aggregates_hot_keys: bool,
}

/// A stream by its name or by its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StreamName {
    Name(String),
    Arn(String),
}

impl StreamName {
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Self::Name(name) => Some(name.clone()),
            Self::Arn(_) => None,
        }
    }

    pub(crate) fn arn(&self) -> Option<String> {
        match self {
            Self::Arn(arn) => Some(arn.clone()),
            Self::Name(_) => None,
        }
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(text) | Self::Arn(text) => f.write_str(text),
        }
    }
}

/// All that is wrong with an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationError {
    mistakes: Vec<String>,
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the relay is not configured: {}",
            self.mistakes.join("; ")
        )
    }
}

impl Error for ConfigurationError {}

impl Configuration {
    /// Reads the environment of the process.
    ///
    /// # Errors
    ///
    /// A variable that is missing or wrong: all of them in one error.
    pub fn from_env() -> Result<Self, ConfigurationError> {
        Self::from_variables(|name| match std::env::var(name) {
            Ok(value) => Some(value),
            Err(std::env::VarError::NotPresent) => None,
            Err(std::env::VarError::NotUnicode(value)) => {
                Some(value.to_string_lossy().into_owned())
            }
        })
    }

    /// The same from variables by their names; an empty one counts as missing.
    ///
    /// # Errors
    ///
    /// A variable that is missing or wrong: all of them in one error.
    ///
    /// ```
    /// use relay_lambda::Configuration;
    ///
    /// let error = Configuration::from_variables(|name| match name {
    ///     "RELAY_MAX_RECORD_KIB" => Some("1 MiB".to_owned()),
    ///     _ => None,
    /// })
    /// .unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "the relay is not configured: RELAY_STREAM is missing: set it to the name or ARN of the stream; \
    ///      RELAY_MAX_RECORD_KIB is `1 MiB`, which is no number from 1024 to 10240"
    /// );
    /// ```
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigurationError> {
        let mut mistakes = Vec::new();
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let mut stream = |name: &str| {
            let value = variable(name)?;
            match stream_name(&value) {
                Some(stream) => Some(stream),
                None => {
                    mistakes.push(format!(
                        "{name} is `{value}`, which is neither a stream's name (1 to 128 of a-z, A-Z, 0-9, _, . and -) \
                         nor a stream's ARN"
                    ));
                    None
                }
            }
        };
        let main = stream("RELAY_STREAM");
        let reject_stream = stream("RELAY_REJECT_STREAM");
        if variable("RELAY_STREAM").is_none() {
            mistakes.push(
                "RELAY_STREAM is missing: set it to the name or ARN of the stream".to_owned(),
            );
        }
        let kibibytes = variable("RELAY_MAX_RECORD_KIB").map_or(Some(1024), |value| {
            let number = value
                .parse()
                .ok()
                .filter(|number| (1024..=10_240).contains(number));
            if number.is_none() {
                mistakes.push(format!(
                    "RELAY_MAX_RECORD_KIB is `{value}`, which is no number from 1024 to 10240"
                ));
            }
            number
        });
        let aggregates_hot_keys = match variable("RELAY_AGGREGATION").as_deref() {
            None | Some("off") => false,
            Some("hot-keys") => true,
            Some(value) => {
                mistakes.push(format!(
                    "RELAY_AGGREGATION is `{value}`, which is neither `off` nor `hot-keys`"
                ));
                false
            }
        };
        match (main, kibibytes) {
            (Some(stream), Some(kibibytes)) if mistakes.is_empty() => Ok(Self {
                stream,
                reject_stream,
                max_record_bytes: kibibytes * 1024,
                aggregates_hot_keys,
            }),
            _ => Err(ConfigurationError { mistakes }),
        }
    }
}

fn stream_name(text: &str) -> Option<StreamName> {
    let is_name = |text: &str| {
        (1..=128).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    if is_name(text) {
        return Some(StreamName::Name(text.to_owned()));
    }
    // arn:partition:kinesis:region:account:stream/name
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "kinesis", region, _, resource]
            if !region.is_empty() && resource.strip_prefix("stream/").is_some_and(is_name) =>
        {
            Some(StreamName::Arn(text.to_owned()))
        }
        _ => None,
    }
}
