use std::error::Error;
use std::fmt;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::{BehaviorVersion, Config, Credentials, Region};
use aws_smithy_http_client::tls;

/// What a relay is told by its environment.
///
/// | variable | meaning |
/// | --- | --- |
/// | `RELAY_STREAM` | the stream: name or ARN |
/// | `RELAY_REJECT_STREAM` | where refused events of asynchronous calls go: name or ARN; without it such a call fails, so that Lambda's failure destination keeps its payload |
/// | `RELAY_MAX_RECORD_KIB` | the stream's record limit: 1024 (the default) to 10240 |
/// | `RELAY_AGGREGATION` | `off` (the default), or `hot-keys`: several changes of one key in a call go into one record, in the aggregation format of the Kinesis Producer Library |
///
/// | `AWS_REGION` | the region of the stream; Lambda sets it |
/// | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | the credentials of the function's role; Lambda sets them |
/// | `AWS_ENDPOINT_URL_KINESIS`, `AWS_ENDPOINT_URL` | another endpoint than the region's: the first one that is there |
///
/// There is no other way to credentials: what finds them anywhere else is as large as the rest of a relay, and every byte
/// is loaded when one starts cold.
#[derive(Debug, Clone)]
pub struct Configuration {
    pub(crate) stream: StreamName,
    pub(crate) reject_stream: Option<StreamName>,
    pub(crate) max_record_bytes: usize,
    pub(crate) aggregates_hot_keys: bool,
    region: String,
    credentials: Credentials,
    endpoint_url: Option<String>,
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
    ///     "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("x".to_owned()),
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
        let mut from_lambda = |name: &str| {
            let value = variable(name);
            if value.is_none() {
                mistakes.push(format!("{name} is missing, which Lambda sets"));
            }
            value.unwrap_or_default()
        };
        let region = from_lambda("AWS_REGION");
        let access_key = from_lambda("AWS_ACCESS_KEY_ID");
        let secret_key = from_lambda("AWS_SECRET_ACCESS_KEY");
        let endpoint_url = ["AWS_ENDPOINT_URL_KINESIS", "AWS_ENDPOINT_URL"]
            .into_iter()
            .find_map(|name| variable(name).map(|url| (name, url)));
        if let Some((name, url)) = &endpoint_url
            && !url.starts_with("http://")
            && !url.starts_with("https://")
        {
            mistakes.push(format!(
                "{name} is `{url}`, which is no URL of http or https"
            ));
        }
        match (main, kibibytes) {
            (Some(stream), Some(kibibytes)) if mistakes.is_empty() => Ok(Self {
                stream,
                reject_stream,
                max_record_bytes: kibibytes * 1024,
                aggregates_hot_keys,
                region,
                credentials: Credentials::new(
                    access_key,
                    secret_key,
                    variable("AWS_SESSION_TOKEN"),
                    None,
                    "environment",
                ),
                endpoint_url: endpoint_url.map(|(_, url)| url),
            }),
            _ => Err(ConfigurationError { mistakes }),
        }
    }

    /// A client that leaves it to the relay to try again.
    pub(crate) fn client(&self) -> Client {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(
                tls::rustls_provider::CryptoMode::Ring,
            ))
            .build_https();
        let mut configuration = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials.clone())
            .http_client(http)
            .retry_config(RetryConfig::disabled());
        configuration.set_endpoint_url(self.endpoint_url.clone());
        Client::from_conf(configuration.build())
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
